"""Access control lists: creating, renaming and deleting them, and their networks."""

from collections.abc import Collection, Sequence
from typing import Any

from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.accounts.permissions import Action, check
from vservers.models import AccessControlList, AccountRegion
from vservers.selectors.usage import listeners_with_access_list

from . import readings, scopes, sync
from .changes import NEW, Change, Kind
from .connection import connect
from .errors import Gone, UsedBy
from .locks import hold
from .operations import RegionalPlan, carry_out
from .places import lock_of

RESOURCE = gettext_noop("access control list")
# (network, comment)
Entry = tuple[str, str]


def create_access_list(
    *,
    actor: Actor,
    account_region: AccountRegion,
    name: str,
    ip_version: str,
    entries: Sequence[Entry] = (),
) -> AccessControlList:
    """A new list with these networks.

    Raises NotAllowed, Busy, CallFailed (the list may exist with a part of them), Waiting,
    NotReread.
    """
    with hold(lock_of(account_region)):
        operation = carry_out(
            plan_new_access_list(
                actor=actor,
                account_region=account_region,
                name=name,
                ip_version=ip_version,
                entries=entries,
            )
        )
    return AccessControlList.objects.get(pk=operation.resource_id if operation else "")


def plan_new_access_list(
    *,
    actor: Actor,
    account_region: AccountRegion,
    name: str,
    ip_version: str,
    entries: Sequence[Entry] = (),
) -> RegionalPlan:
    """What create_access_list would do. Raises NotAllowed."""
    plan = RegionalPlan(
        actor=actor,
        action=Action.CHANGE_ACCESS_LISTS,
        verb=gettext_noop("create access control list"),
        account_region=account_region,
        resource_type=RESOURCE,
        resource_name=name,
        # Until its ID is known, a list that may have been made is found among all.
        reread=[scopes.ACCESS_LISTS],
    )
    plan.changes = [
        Change(Kind.ACCESS_LIST, (NEW,), None, {"name": name, "ip_version": ip_version}),
        *_additions(NEW, entries),
    ]
    plan.after = _picture(name, entries)
    return plan


def rename_access_list(*, actor: Actor, access_list: AccessControlList, name: str) -> bool:
    """Another name; False when it has it already.

    Raises NotAllowed, Gone, Busy, CallFailed, Waiting, NotReread.
    """
    with hold(lock_of(place_of_list(access_list))):
        plan = plan_access_list_rename(actor=actor, access_list=access_list, name=name)
        return carry_out(plan) is not None


def plan_access_list_rename(
    *, actor: Actor, access_list: AccessControlList, name: str
) -> RegionalPlan:
    """What rename_access_list would do. Raises NotAllowed, Gone, NotRead."""
    plan = _plan(actor, access_list, gettext_noop("rename access control list"))
    access_list = _read(plan, access_list)
    plan.before, plan.after = {"name": access_list.name}, {"name": name}
    if name != access_list.name:
        plan.changes = [Change(Kind.ACCESS_LIST, (access_list.pk,), plan.before, plan.after)]
    return plan


def add_entries(*, actor: Actor, access_list: AccessControlList, entries: Sequence[Entry]) -> bool:
    """Add networks; those that are in the list already stay as they are. False when all are.

    Raises NotAllowed, Gone, Busy, CallFailed, Waiting, NotReread.
    """
    with hold(lock_of(place_of_list(access_list))):
        plan = plan_new_entries(actor=actor, access_list=access_list, entries=entries)
        return carry_out(plan) is not None


def plan_new_entries(
    *, actor: Actor, access_list: AccessControlList, entries: Sequence[Entry]
) -> RegionalPlan:
    """What add_entries would do. Raises NotAllowed, Gone, NotRead."""
    plan = _plan(actor, access_list, gettext_noop("add networks"))
    access_list = _read(plan, access_list)
    held = held_entries(access_list)
    new = [(network, comment) for network, comment in entries if network not in dict(held)]
    plan.changes = _additions(access_list.pk, new)
    plan.before, plan.after = (
        _picture(access_list.name, held),
        _picture(access_list.name, [*held, *new]),
    )
    return plan


def remove_entries(
    *, actor: Actor, access_list: AccessControlList, networks: Collection[str]
) -> bool:
    """Remove networks; False when none of them is in the list any more.

    Raises NotAllowed, Gone, Busy, CallFailed, Waiting, NotReread.
    """
    with hold(lock_of(place_of_list(access_list))):
        plan = plan_entry_removal(actor=actor, access_list=access_list, networks=networks)
        return carry_out(plan) is not None


def plan_entry_removal(
    *, actor: Actor, access_list: AccessControlList, networks: Collection[str]
) -> RegionalPlan:
    """What remove_entries would do. Raises NotAllowed, Gone, NotRead."""
    plan = _plan(actor, access_list, gettext_noop("remove networks"))
    access_list = _read(plan, access_list)
    held = held_entries(access_list)
    gone = [entry for entry in held if entry[0] in networks]
    plan.changes = _removals(access_list.pk, gone)
    plan.before = _picture(access_list.name, held)
    plan.after = _picture(access_list.name, [entry for entry in held if entry not in gone])
    return plan


def delete_access_list(*, actor: Actor, access_list: AccessControlList) -> None:
    """Delete a list that no listener uses.

    Raises NotAllowed, Gone, UsedBy, Busy, CallFailed, Waiting, NotReread.
    """
    with hold(lock_of(place_of_list(access_list))):
        carry_out(plan_access_list_deletion(actor=actor, access_list=access_list))


def plan_access_list_deletion(*, actor: Actor, access_list: AccessControlList) -> RegionalPlan:
    """What delete_access_list would do. Raises NotAllowed, Gone, UsedBy, NotRead."""
    plan = _plan(actor, access_list, gettext_noop("delete access control list"))
    access_list = _read(plan, access_list)
    sync.read_listeners_now(plan.cloud, plan.account_region)
    if users := list(listeners_with_access_list(access_list.pk)):
        raise UsedBy(users)
    held = held_entries(access_list)
    whole = {"name": access_list.name, "ip_version": access_list.ip_version}
    plan.changes = [
        Change(Kind.ACCESS_LIST, (access_list.pk,), whole, None),
        *_removals(access_list.pk, held),
    ]
    plan.before = _picture(access_list.name, held)
    return plan


def refresh_access_lists(
    *, actor: Actor, account_region: AccountRegion, also: Collection[str] = ()
) -> None:
    """Read the lists of a region, and those named with their networks.

    Raises NotAllowed, CloudError.
    """
    check(actor, Action.REFRESH)
    reader = readings.listed_access_lists(account_region, also=also)
    sync.store_region(connect(account_region), account_region, reader)


def refresh_access_list(*, actor: Actor, access_list: AccessControlList) -> None:
    """Read one list, and the listeners of its region. Raises NotAllowed, Gone, CloudError."""
    check(actor, Action.REFRESH)
    place = place_of_list(access_list)
    cloud = connect(place)
    sync.store_region(cloud, place, readings.one_access_list(place, access_list.pk))
    if not AccessControlList.objects.filter(pk=access_list.pk).exists():
        raise Gone(RESOURCE)
    sync.read_listeners_now(cloud, place)


def place_of_list(access_list: AccessControlList) -> AccountRegion:
    rows = AccountRegion.objects.select_related("account")
    return rows.get(account=access_list.account_id, region=access_list.region_id)


def held_entries(access_list: AccessControlList) -> list[Entry]:
    return list(access_list.entries.values_list("network", "comment"))


def _plan(actor: Actor, access_list: AccessControlList, verb: str) -> RegionalPlan:
    return RegionalPlan(
        actor=actor,
        action=Action.CHANGE_ACCESS_LISTS,
        verb=verb,
        account_region=place_of_list(access_list),
        resource_type=RESOURCE,
        resource_id=access_list.pk,
        resource_name=access_list.name,
        reread=[scopes.access_list(access_list.pk)],
    )


def _read(plan: RegionalPlan, access_list: AccessControlList) -> AccessControlList:
    plan.read_now(scopes.access_list(access_list.pk))
    current = AccessControlList.objects.filter(pk=access_list.pk).first()
    if current is None:
        raise Gone(RESOURCE)
    return current


def _additions(acl_id: str, entries: Sequence[Entry]) -> list[Change]:
    return [
        Change(Kind.ACCESS_ENTRY, (acl_id, network), None, {"comment": comment})
        for network, comment in entries
    ]


def _removals(acl_id: str, entries: Sequence[Entry]) -> list[Change]:
    return [change.inverse for change in _additions(acl_id, entries)]


def _picture(name: str, entries: Sequence[Entry]) -> dict[str, Any]:
    return {
        "name": name,
        "networks": [{"network": network, "comment": comment} for network, comment in entries],
    }
