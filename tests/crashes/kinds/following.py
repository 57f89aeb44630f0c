"""What follows an operation: trying the rest again, taking it back, going on with what waits."""

import time
from collections.abc import Callable
from contextlib import suppress

from tests.crashes.kinds.balancers import create_balancer, in_region
from tests.crashes.kinds.groups import (
    NEW,
    OLD,
    change_group,
    copy_group,
    delete_group,
    groups_are,
    one_group,
)
from tests.crashes.kinds.listeners import delete_listener
from tests.crashes.kinds.regional import OLD as NETWORKS
from tests.crashes.kinds.regional import access_list, delete_access_list, lists_are
from tests.crashes.kinds.rules import delete_rules, rules_have_settings, with_settings
from tests.crashes.kinds.servers import delete_pair, one_pair, paired
from tests.crashes.kinds.start import (
    Arguments,
    Kind,
    Start,
    about,
    actor_of,
    latest,
    listening,
)
from tests.crashes.pictures import Picture
from vservers.models import Operation
from vservers.services import running, settling, undo
from vservers.services.changes import Kind as Object
from vservers.services.errors import CallFailed, Waiting


def _partly_done(start: Start) -> Arguments:
    """A change whose second of three calls was refused."""
    arguments = one_group(start)
    start.refuse("SetVServerGroupAttribute", "ActionNotAllowed")
    with suppress(CallFailed):
        change_group(dict(start.user), **arguments)
    return {"operation_id": latest(start.balancer_id).pk}


def _after(
    prepare: Callable[[Start], Arguments], act: Callable[..., object]
) -> Callable[[Start], Arguments]:
    def prepared(start: Start) -> Arguments:
        act(dict(start.user), **prepare(start))
        return {"operation_id": Operation.objects.latest("pk").pk}

    return prepared


def _waiting(start: Start) -> Arguments:
    """A change that met a busy cloud at its second call, whose patience is over."""
    arguments = one_group(start)
    start.refuse("SetVServerGroupAttribute", "VServerGroupProcessing")
    with suppress(Waiting):
        change_group(dict(start.user), **arguments)
    operation = latest(start.balancer_id)
    assert operation.status == Operation.Status.WAITING
    return {"operation_id": operation.pk}


def retry_rest(user: Arguments, operation_id: int) -> None:
    undo.retry_rest(actor=actor_of(user), operation=Operation.objects.get(pk=operation_id))


def take_back(user: Arguments, operation_id: int) -> None:
    undo.undo(actor=actor_of(user), operation=Operation.objects.get(pk=operation_id))


def resume(user: Arguments, operation_id: int) -> None:
    settling.settle(operation_id, in_flight_seconds=0)


# A lock goes with its session at once, on a machine that has nothing else to do.
RELEASE_SECONDS = 20


def settle(operation_id: int) -> None:
    """What a worker does later: nothing is under way any more, and no reading lags."""
    running.CONFIRM_SECONDS = 0
    deadline = time.monotonic() + RELEASE_SECONDS
    while not settling.settle(operation_id, in_flight_seconds=0) and time.monotonic() < deadline:
        # The server has yet to notice that the session of the dead process is gone.
        time.sleep(0.05)


def _copy_is_gone(cloud: Picture) -> bool:
    first = cloud.group_named("g1")
    return len(cloud.groups) == 2 and cloud.http["vserver_group_id"] == first


_GROUP = about(Object.GROUP, Object.MEMBER)

FOLLOWING = [
    Kind(
        "retry the rest",
        _GROUP,
        _partly_done,
        retry_rest,
        groups_are(("second", NEW)),
        brief=False,
    ),
    Kind(
        "undo change group",
        _GROUP,
        _after(one_group, change_group),
        take_back,
        groups_are(("first", OLD)),
        brief=False,
    ),
    Kind(
        "undo delete group",
        _GROUP,
        _after(one_group, delete_group),
        take_back,
        groups_are(("first", OLD)),
        brief=False,
    ),
    Kind(
        "undo delete listener",
        about(Object.LISTENER, Object.RULE),
        _after(listening(rule_count=2), delete_listener),
        take_back,
        lambda cloud: cloud.http.get("status") == "running" and len(cloud.rules) == 2,
        brief=False,
    ),
    Kind(
        "undo copy group",
        _GROUP | about(Object.LISTENER),
        _after(listening(), copy_group),
        take_back,
        _copy_is_gone,
    ),
    Kind(
        "undo delete rules with settings",
        about(Object.RULE),
        _after(with_settings, delete_rules),
        take_back,
        rules_have_settings,
    ),
    Kind(
        "undo delete primary/secondary group",
        about(Object.PAIR),
        _after(paired, delete_pair),
        take_back,
        one_pair,
    ),
    Kind(
        "undo create instance",
        about(Object.BALANCER),
        _after(in_region, create_balancer),
        take_back,
        lambda cloud: not cloud.balancers,
        of_region=True,
    ),
    Kind(
        "undo delete access list",
        about(Object.ACCESS_LIST, Object.ACCESS_ENTRY),
        _after(access_list, delete_access_list),
        take_back,
        lists_are(("old", NETWORKS)),
        of_region=True,
    ),
    Kind(
        "resume what waits",
        _GROUP,
        _waiting,
        resume,
        groups_are(("second", NEW)),
        brief=False,
    ),
]
