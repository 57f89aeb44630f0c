"""Bringing back what somebody else changed: a drift as changes, and those as an operation."""

from typing import Any

from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.accounts.permissions import Action
from console.shell.said import gettext as _
from vservers.cloud.settings import names_of_unit
from vservers.models import (
    AccountRegion,
    Drift,
    Listener,
    LoadBalancer,
    Operation,
    Rule,
    VServerGroup,
)
from vservers.selectors.groups import users_of

from . import creations, scopes, sync
from .changes import INSTANCE, NEW, Change, Kind, Values
from .differences import EXISTS, NETWORK, TAG, server_of_item
from .drift import NotOpen, close_reverted
from .errors import CannotUndo, Gone
from .locks import hold
from .observing import Observed, listener_values, rule_values
from .operations import AnyPlan, Plan, RegionalPlan, carry_out
from .places import Place, lock_of
from .reverting_assets import of_extension, of_pair, of_region

Object = Drift.Kind

_PERMISSIONS = {
    Object.BALANCER: Action.CHANGE_INSTANCES,
    Object.GROUP: Action.CHANGE_GROUPS,
    Object.POOL: Action.CHANGE_POOL,
    Object.LISTENER: Action.CHANGE_LISTENERS,
    Object.RULE: Action.CHANGE_RULES,
    Object.PAIR: Action.CHANGE_PAIRS,
    Object.EXTENSION: Action.CHANGE_LISTENERS,
    Object.CERTIFICATE: Action.CHANGE_CERTIFICATES,
    Object.CA_CERTIFICATE: Action.CHANGE_CERTIFICATES,
    Object.ACCESS_LIST: Action.CHANGE_ACCESS_LISTS,
}
_RESOURCES = {
    Object.BALANCER: "instance",
    Object.GROUP: "VServer group",
    Object.POOL: "backend servers",
    Object.LISTENER: "listener",
    Object.RULE: "forwarding rule",
    Object.PAIR: "primary/secondary group",
    Object.EXTENSION: "domain extension",
    Object.CERTIFICATE: "server certificate",
    Object.CA_CERTIFICATE: "CA certificate",
    Object.ACCESS_LIST: "access control list",
}
# What the cloud never changes on a listener that exists.
_FOREVER = frozenset({"backend_server_port", "forward_port"})
# What only ever changes by making the rule anew.
_IDENTITY = frozenset({"domain", "url", "listener"})
# What can be set of a load balancer by itself.
_SETTINGS = frozenset({"name", "spec", "delete_protection", TAG})


def why_not_revertible(drift: Drift) -> str:
    """Why the console cannot bring the item back, as far as the row tells; "" where it can."""
    kind = drift.object_type
    if kind in {Object.CERTIFICATE, Object.CA_CERTIFICATE}:
        gone = drift.field == EXISTS and drift.after is None
        return _("Only who has the certificate can upload it again.") if gone else ""
    if kind == Object.ACCESS_LIST:
        changed = drift.field == NETWORK and drift.before and drift.after
        return _("The cloud has no call that changes a comment.") if changed else ""
    if (
        kind not in _PERMISSIONS
        or (kind == Object.BALANCER and drift.field not in _SETTINGS)
        or (kind == Object.LISTENER and drift.field in _FOREVER)
        or (kind == Object.RULE and drift.field in _IDENTITY)
    ):
        return _("The console has no call that brings this back.")
    return ""


def revert_drift(*, actor: Actor, drift: Drift) -> Operation | None:
    """Bring the item back to what it was before; None when it is so already.

    Raises NotAllowed, NotOpen, CannotUndo, Gone, Busy, CallFailed, Waiting, NotReread.
    """
    with hold(lock_of(_place(drift))):
        operation = carry_out(plan_reversion(actor=actor, drift=drift))
    # What is made anew has an ID of its own, so no reading finds the old one back.
    close_reverted(drift, by=actor.name)
    return operation


def plan_reversion(*, actor: Actor, drift: Drift) -> AnyPlan:
    """What revert_drift would do.

    Raises NotAllowed, NotOpen, CannotUndo where the cloud has moved on or the console has no call
    for it, Gone, NotRead.
    """
    if why := why_not_revertible(drift):
        raise CannotUndo(why)
    kind = Object(drift.object_type)
    plan = _plan(
        _place(drift),
        actor=actor,
        action=_PERMISSIONS[kind],
        verb=gettext_noop("revert drift"),
        resource_type=_RESOURCES[kind],
        resource_id=drift.object_id,
        resource_name=drift.object_name,
        reread=_scopes(drift),
    )
    current = Drift.objects.get(pk=drift.pk)
    if current.status != Drift.Status.OPEN:
        raise NotOpen(current)
    if isinstance(plan, Plan):
        plan.read_now(*plan.reread, scopes.LISTENERS)
        plan.changes = _changes(plan.load_balancer, drift)
    else:
        plan.read_now(*plan.reread)
        sync.read_listeners_now(plan.cloud, plan.account_region)
        plan.changes = of_region(drift)
    observed = Observed(plan.place)
    moved = [change for change in plan.changes if not observed.is_before(change)]
    if moved:
        raise CannotUndo(
            _("Changed again since: %(change)s. Look at it first.") % {"change": moved[0]}, moved
        )
    # What came has parts that go with it: each is shown, and told of afterwards.
    gone = [change for change in plan.changes if change.after is None]
    plan.changes += [part for change in gone for part in observed.parts(change)]
    for change in plan.changes:
        if creation := creations.made_by(change):
            plan.resource_id, plan.reread = "", [creation.all]
    plan.before, plan.after = drift.after, drift.before
    return plan


def _plan(place: Place, **about: Any) -> Plan | RegionalPlan:
    if isinstance(place, LoadBalancer):
        return Plan(load_balancer=place, **about)
    return RegionalPlan(account_region=place, **about)


def _place(drift: Drift) -> Place:
    if drift.load_balancer_id:
        return _load_balancer(drift)
    rows = AccountRegion.objects.select_related("account")
    found = rows.filter(account=drift.account_id, region=drift.region_id).first()
    if found is None:
        raise Gone(gettext_noop("region"))
    return found


def _load_balancer(drift: Drift) -> LoadBalancer:
    load_balancer = LoadBalancer.objects.filter(pk=drift.load_balancer_id).first()
    if load_balancer is None:
        raise Gone(gettext_noop("instance"))
    return load_balancer


def _scopes(drift: Drift) -> list[scopes.Scope]:
    match drift.object_type:
        case Object.BALANCER:
            return [scopes.BALANCER]
        case Object.GROUP:
            return [scopes.group(drift.object_id)]
        case Object.POOL:
            return [scopes.POOL, scopes.HEALTH]
        case Object.PAIR:
            return [scopes.PAIRS]
        case Object.CERTIFICATE | Object.CA_CERTIFICATE:
            return [scopes.CERTIFICATES]
        case Object.ACCESS_LIST:
            return [scopes.access_list(drift.object_id)]
        case Object.LISTENER if drift.field == EXISTS:
            # An instance turns inactive with its last listener, and active with the first.
            return [scopes.LISTENERS, scopes.HEALTH, scopes.BALANCER]
    return [scopes.LISTENERS, scopes.HEALTH]


def _changes(load_balancer: LoadBalancer, drift: Drift) -> list[Change]:
    match drift.object_type:
        case Object.BALANCER if drift.field == TAG:
            tag = INSTANCE, drift.object_id, drift.item
            return [Change(Kind.TAG, tag, _tag(drift.after), _tag(drift.before))]
        case Object.BALANCER:
            values = {drift.field: drift.after}, {drift.field: drift.before}
            return [Change(Kind.BALANCER, (drift.object_id,), *values)]
        case Object.GROUP:
            return _of_group(drift)
        case Object.POOL:
            key = server_of_item(drift.item, has_port=False)
            return [Change(Kind.POOL_SERVER, key, _server(drift.after), _server(drift.before))]
        case Object.LISTENER:
            return _of_listener(load_balancer, drift)
        case Object.PAIR:
            return of_pair(drift)
        case Object.EXTENSION:
            return of_extension(load_balancer, drift)
    return _of_rule(load_balancer, drift)


def _tag(value: str | None) -> dict[str, str] | None:
    return None if value is None else {"value": value}


def _of_group(drift: Drift) -> list[Change]:
    group_id = drift.object_id
    was: dict[str, Any] = drift.before or {}
    if drift.field == EXISTS and drift.after is None:
        servers = [
            Change(
                Kind.MEMBER,
                (NEW, *server_of_item(server["server"], has_port=True)),
                None,
                _server(server),
            )
            for server in was["servers"]
        ]
        return [Change(Kind.GROUP, (NEW,), None, {"name": was["name"]}), *servers]
    group = VServerGroup.objects.filter(pk=group_id).first()
    if group is None:
        raise Gone("VServer group")
    if drift.field == EXISTS:
        listeners, rules = users_of(group)
        if listeners or rules:
            raise CannotUndo(
                _(
                    "The group is used by %(listeners)s listeners and %(rules)s forwarding "
                    "rules now. Give them another group first."
                )
                % {"listeners": len(listeners), "rules": len(rules)}
            )
        return [Change(Kind.GROUP, (group_id,), {"name": group.name}, None)]
    if drift.field == "name":
        names = {"name": drift.after}, {"name": drift.before}
        return [Change(Kind.GROUP, (group_id,), *names)]
    key = group_id, *server_of_item(drift.item, has_port=True)
    return [Change(Kind.MEMBER, key, _server(drift.after), _server(drift.before))]


def _server(picture: Values | None) -> dict[str, Any] | None:
    """A server of a difference, in which unset text is left out, as a change has it."""
    if picture is None:
        return None
    return {"description": "", **{n: v for n, v in picture.items() if n != "server"}}


def _of_listener(load_balancer: LoadBalancer, drift: Drift) -> list[Change]:
    was: dict[str, Any] = drift.before if isinstance(drift.before, dict) else {}
    protocol, _, port = drift.object_id.partition(":")
    key = protocol, int(port)
    if drift.field == EXISTS and drift.after is None:
        before = {
            name: "" if v is None and name == "vserver_group_id" else v for name, v in was.items()
        }
        return [Change(Kind.LISTENER, key, None, before)]
    row = Listener.objects.filter(load_balancer=load_balancer, protocol=protocol, port=port).first()
    if row is None:
        raise Gone("listener")
    now = listener_values(row)
    if drift.field == EXISTS:
        return [Change(Kind.LISTENER, key, now, None)]
    if drift.field == "status":
        return [Change(Kind.LISTENER, key, {"status": drift.after}, {"status": drift.before})]
    now.pop("status")
    if was:
        unset = dict.fromkeys(names_of_unit(drift.field, now))
        return [Change(Kind.LISTENER, key, now, {**now, **unset, **was})]
    value = "" if drift.before is None and drift.field == "vserver_group_id" else drift.before
    return [Change(Kind.LISTENER, key, now, {**now, drift.field: value})]


def _of_rule(load_balancer: LoadBalancer, drift: Drift) -> list[Change]:
    if drift.field == EXISTS and drift.after is None:
        values: dict[str, Any] = drift.before or {}
        protocol, _, port = values["listener"].partition(":")
        key = protocol, int(port), values["domain"], values["url"]
        after = {"name": values["name"], "vserver_group_id": values["vserver_group_id"] or ""}
        if settings := values.get("settings"):
            after |= {"listener_sync": "off", **settings}
        return [Change(Kind.RULE, key, None, after)]
    rule = (
        Rule.objects.filter(pk=drift.object_id, listener__load_balancer=load_balancer)
        .select_related("listener")
        .first()
    )
    if rule is None:
        raise Gone("forwarding rule")
    key = rule.listener.protocol, rule.listener.port, rule.domain, rule.url
    now = rule_values(rule)
    if drift.field == EXISTS:
        return [Change(Kind.RULE, key, now, None)]
    if drift.field == "settings":
        own: dict[str, Any] = drift.before or {"scheduler": ""}
        sync = "off" if drift.before else "on"
        kept = {name: now[name] for name in ("rule_id", "name", "vserver_group_id")}
        return [Change(Kind.RULE, key, now, {**kept, "listener_sync": sync, **own})]
    return [Change(Kind.RULE, key, now, {**now, drift.field: drift.before or ""})]
