"""Making room for servers to be added where the load balancer's quota leaves none."""

import json

from django.db import transaction

from vservers.models import LoadBalancer, OperationCall, VServerGroup

# The addition that meets one of these can succeed once servers have been removed.
QUOTA_CODES = frozenset({"BackendServerNumberOverLimit", "InstanceBackendServerNumberOverLimit"})
_ADDS = frozenset({"AddVServerGroupBackendServers", "AddBackendServers"})
_REMOVES = frozenset({"RemoveVServerGroupBackendServers", "RemoveBackendServers"})


def may_get_room(call: OperationCall, code: str) -> bool:
    """Whether this refusal is one that removing servers first may turn."""
    return code in QUOTA_CODES and call.action in _ADDS


def make_room(call: OperationCall, load_balancer: LoadBalancer) -> bool:
    """Put a removal of the same operation before a refused addition; False when there is none left.

    A removal that would empty the group is halved, and so is the addition, so that old and new
    servers take turns. The mirror has to hold what the group holds now.
    """
    calls = list(call.operation.calls.all())
    planned = OperationCall.Outcome.PLANNED
    removal = next((c for c in calls if c.action in _REMOVES and c.outcome == planned), None)
    if removal is None:
        return False
    queue = [c for c in calls if c not in (call, removal)]
    at = sum(c.position < call.position for c in queue)
    call.outcome = planned
    leaving = len(removal.changes)
    if leaving > 1 and leaving >= _size(call, load_balancer):
        half = leaving // 2
        first_out, rest_out = _halves(removal, half)
        first_in, rest_in = _halves(call, half)
        turns = [first_out, first_in, rest_out, rest_in]
        queue[at:at] = [one for one in turns if one.changes]
    else:
        queue[at:at] = [removal, call]
    with transaction.atomic():
        for position, one in enumerate(queue):
            one.position = position
            if one.pk:
                one.save(update_fields=["position", "outcome", "params", "changes"])
            else:
                one.save()
    return True


def _size(call: OperationCall, load_balancer: LoadBalancer) -> int:
    """How many servers the group, or the pool, holds now."""
    if group_id := call.params.get("VServerGroupId"):
        group = VServerGroup.objects.filter(pk=group_id).first()
        return group.members.count() if group else 0
    return load_balancer.pool_servers.count()


def _halves(call: OperationCall, first: int) -> tuple[OperationCall, OperationCall]:
    """A call with rows of servers as two calls; the second is a new row of the record."""
    servers = json.loads(call.params["BackendServers"])
    rest = OperationCall(
        operation=call.operation,
        action=call.action,
        params={**call.params, "BackendServers": json.dumps(servers[first:], ensure_ascii=False)},
        changes=call.changes[first:],
    )
    call.params = {
        **call.params,
        "BackendServers": json.dumps(servers[:first], ensure_ascii=False),
    }
    call.changes = call.changes[:first]
    return call, rest
