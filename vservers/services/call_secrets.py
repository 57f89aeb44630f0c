"""Secrets on their way through an operation: sealed in its row until they are sent, then gone."""

import json
from collections.abc import Mapping

from console.shell.redaction import keep_out
from console.shell.sealing import Unreadable, reseal, seal, unseal
from vservers.cloud import CloudUnreachable
from vservers.cloud.calls import Call
from vservers.models import OperationCall

from .changes import SECRET


def sealed(call: Call, secrets: Mapping[str, str]) -> str:
    """What a planned call's row holds of the secrets that it has stand-ins for, "" for none."""
    needed = {name: secrets[name] for name, value in call.params.items() if value == SECRET}
    _keep_out(needed)
    return seal(json.dumps(needed)) if needed else ""


def unsealed(call: OperationCall) -> dict[str, str]:
    """{parameter: secret} of a call that is to be sent. Raises CloudUnreachable."""
    if not call.sealed:
        return {}
    try:
        found: dict[str, str] = json.loads(unseal(call.sealed))
    except Unreadable as error:
        raise CloudUnreachable(
            action=call.action,
            code="SecretUnreadable",
            message=f"What is to be sent cannot be read. {error}",
        ) from None
    _keep_out(found)
    return found


def _keep_out(secrets: Mapping[str, str]) -> None:
    """By themselves: a text may hold one without what JSON makes of it."""
    for secret in secrets.values():
        keep_out(secret)


def reseal_calls() -> int:
    """Encrypt what waits to be sent with the first key; how many calls. Unreadable ones stay."""
    count = 0
    for call in OperationCall.objects.exclude(sealed=""):
        try:
            call.sealed = reseal(call.sealed)
        except Unreadable:
            continue
        call.save(update_fields=["sealed"])
        count += 1
    return count
