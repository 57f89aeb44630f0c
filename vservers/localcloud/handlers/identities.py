"""STS: who calls, and temporary credentials for a role."""

from vservers.localcloud.errors import ApiError
from vservers.localcloud.registry import Answer, Reading, reads, utc
from vservers.localcloud.tokens import issue


@reads("sts", "GetCallerIdentity")
def get_caller(call: Reading) -> Answer:
    """The account, and the role while a token is used."""
    account, session = call.state.account, call.caller.session
    if session is None:
        return {
            "AccountId": account,
            "UserId": account,
            "PrincipalId": account,
            "IdentityType": "Account",
            "RoleId": "",
            "Arn": f"acs:ram::{account}:root",
        }
    role_id = _role_id(session.role)
    return {
        "AccountId": account,
        "UserId": "",
        "PrincipalId": f"{role_id}:{session.name}",
        "IdentityType": "AssumedRoleUser",
        "RoleId": role_id,
        "Arn": f"acs:ram::{account}:assumed-role/{session.role}/{session.name}",
    }


@reads("sts", "AssumeRole")
def assume_role(call: Reading) -> Answer:
    """Temporary credentials. Every role of the account exists here, and may do everything.

    Raises NoPermission for another account's role.
    """
    account = call.state.account
    _, _, _, owner, rest = call.params["RoleArn"].split(":")
    if owner != account:
        raise ApiError("NoPermission")
    role, name = rest.removeprefix("role/"), call.params["RoleSessionName"]
    expires = call.now // 1000 + call.params["DurationSeconds"]
    found = issue(call.caller.key, role, name, expires)
    return {
        "AssumedRoleUser": {
            "AssumedRoleId": f"{_role_id(role)}:{name}",
            "Arn": f"acs:ram::{account}:role/{role}/{name}",
        },
        "Credentials": {
            "AccessKeyId": found.key_id,
            "AccessKeySecret": found.secret,
            "SecurityToken": found.token,
            "Expiration": utc(expires * 1000),
        },
    }


def _role_id(role: str) -> str:
    # The cloud's are numbers; the same role always has the same.
    return str(3 * 10**17 + sum(ord(letter) * 131**at for at, letter in enumerate(role)) % 10**17)
