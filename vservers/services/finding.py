"""Looking in the cloud for a group whose creation was not answered.

CreateVServerGroup takes no client token, so it is never repeated before it was looked for.
"""

from vservers.cloud import Cloud
from vservers.models import LoadBalancer, Operation, OperationCall

from . import scopes, sync
from .changes import Change, Kind, agrees, member_key, server_values
from .observing import held_members

CREATE_GROUP = "CreateVServerGroup"


def group_ids(cloud: Cloud, load_balancer_id: str) -> list[str]:
    """What is there before a creation: none of these can be what it makes."""
    groups = cloud.slb.describe_vserver_groups(load_balancer_id)
    return sorted(group.vserver_group_id for group in groups)


def find_made_group(cloud: Cloud, load_balancer: LoadBalancer, call: OperationCall) -> str:
    """The ID of the group that the call made, "" where there is none. Raises CloudError.

    It is one that was not there before, has the name and the servers that were sent, and was made
    by no other operation.
    """
    sync.store(cloud, load_balancer.pk, scopes.reader(load_balancer.pk, [scopes.GROUPS]))
    changes = [Change.from_json(change) for change in call.changes]
    name = next(change.after for change in changes if change.kind is Kind.GROUP) or {}
    claimed = Operation.objects.filter(
        load_balancer_id=load_balancer.pk, calls__action=CREATE_GROUP
    ).exclude(pk=call.operation_id)
    candidates = (
        load_balancer.vserver_groups.filter(name=name["name"])
        .exclude(pk__in=call.evidence or [])
        .exclude(pk__in=claimed.values("resource_id"))
    )
    for group in candidates:
        wanted = {
            change.named(group.pk).key: change.after
            for change in changes
            if change.kind is Kind.MEMBER
        }
        held = {
            member_key(group.pk, server): server_values(server) for server in held_members(group)
        }
        if held.keys() == wanted.keys() and all(
            agrees(held[key], values) for key, values in wanted.items()
        ):
            return str(group.pk)
    return ""
