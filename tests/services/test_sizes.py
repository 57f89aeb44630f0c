"""Groups of 0, 1, 20, 21, 40 and 200 servers, in creation, change, retry and undo."""

import pytest

from vservers.models import Operation
from vservers.selectors.fingerprints import fingerprint
from vservers.services.errors import CallFailed
from vservers.services.groups import change_group, create_group, delete_group
from vservers.services.undo import retry_rest, undo

from .test_groups import in_cloud, in_mirror, many, rows

SIZES = [0, 1, 20, 21, 40, 200]


@pytest.fixture
def actor(operator):
    return operator.as_actor()


def weights(members):
    return {(member.server_id, member.port): member.weight for member in members}


@pytest.mark.parametrize("count", SIZES)
def test_a_group_is_made_replaced_and_taken_back_row_by_row(actor, balancer, outsider, count):
    """At 200 the group is full: additions and removals have to take turns."""
    first, second = many(count), many(count, start=9000)
    group = create_group(actor=actor, load_balancer=balancer, name="g", members=first)
    assert in_cloud(outsider, group) == in_mirror(group) == weights(first)
    changed = change_group(
        actor=actor, group=group, name="h", members=second, seen=fingerprint(group)
    )
    assert changed
    assert in_cloud(outsider, group) == in_mirror(group) == weights(second)
    undo(actor=actor, operation=Operation.objects.get(verb="change group"))
    assert in_cloud(outsider, group) == in_mirror(group) == weights(first)
    delete_group(actor=actor, group=group)
    undo(actor=actor, operation=Operation.objects.get(verb="delete group"))
    again = balancer.vserver_groups.get()
    assert in_cloud(outsider, again) == in_mirror(again) == weights(first)


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("action", ["Create", "Add", "Set", "Remove"])
def test_the_rest_of_any_size_is_done_by_trying_again(
    actor, balancer, flaky_cloud, outsider, count, action
):
    """Refused at the last call of the kind; what was done before is not sent again."""
    first = many(count)
    # Half of them stay with other weights, the others leave for as many new ones.
    stay = [(row.server_id, row.port, 100 - row.weight) for row in first[: count // 2]]
    wanted = rows(*stay, *[(r.server_id, r.port, r.weight) for r in many(count // 2, start=9500)])
    if action == "Create":
        flaky_cloud.refuse("CreateVServerGroup", "ActionNotAllowed", 1)
        with pytest.raises(CallFailed) as caught:
            create_group(actor=actor, load_balancer=balancer, name="g", members=first)
        retry_rest(actor=actor, operation=caught.value.operation)
        group = balancer.vserver_groups.get()
        assert in_cloud(outsider, group) == in_mirror(group) == weights(first)
        return
    group = create_group(actor=actor, load_balancer=balancer, name="g", members=first)
    full = {"Add": "AddVServerGroupBackendServers", "Set": "SetVServerGroupAttribute"}
    full["Remove"] = "RemoveVServerGroupBackendServers"
    calls = {"Add": count // 2, "Set": count // 2 or 1, "Remove": count - count // 2}[action]
    if not calls or count == 200:
        # Without such a call nothing can refuse it; a full group mixes the kinds.
        flaky_cloud.refuse(full[action], "ActionNotAllowed", 1)
    else:
        seen = []

        def refuse_the_last(sent: str) -> None:
            seen.append(sent)
            if sent == full[action] and seen.count(sent) == -(-calls // 20):
                flaky_cloud.refuse(sent, "ActionNotAllowed", 1)

        flaky_cloud.watch(refuse_the_last)
    try:
        change_group(actor=actor, group=group, name="h", members=wanted, seen=fingerprint(group))
    except CallFailed as failure:
        assert failure.code == "ActionNotAllowed"
        flaky_cloud.watchers.clear()
        retry_rest(actor=actor, operation=failure.operation)
    else:
        assert not calls
    assert in_cloud(outsider, group) == in_mirror(group) == weights(wanted)
    group.refresh_from_db()
    assert group.name == "h"
