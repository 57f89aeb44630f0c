"""Tags: what an object is given, and what is taken off it."""

from collections.abc import Collection, Mapping

from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.accounts.permissions import Action
from console.shell.said import gettext as _
from console.shell.said import ngettext
from vservers.models import LoadBalancer, Operation
from vservers.selectors import offers

from . import scopes
from .changes import INSTANCE, Change, Kind
from .errors import Gone, NotPossible
from .locks import hold
from .operations import Plan, carry_out

# TagResources allows so many tags of one resource.
MAX_TAGS = 20
MAX_KEY_LENGTH = 64
MAX_VALUE_LENGTH = 128
_RESERVED = ("aliyun", "acs:")


def change_balancer_tags(
    *, actor: Actor, load_balancer: LoadBalancer, put: Mapping[str, str], take: Collection[str]
) -> Operation | None:
    """Give a load balancer tags, {key: value}, and take others off it by key.

    A key that it has takes the new value. None when nothing differs. Raises NotAllowed, Gone,
    NotPossible, Busy, CallFailed, Waiting, NotReread.
    """
    with hold(load_balancer.pk):
        plan = plan_balancer_tags(actor=actor, load_balancer=load_balancer, put=put, take=take)
        return carry_out(plan)


def plan_balancer_tags(
    *, actor: Actor, load_balancer: LoadBalancer, put: Mapping[str, str], take: Collection[str]
) -> Plan:
    """What change_balancer_tags would do. Raises NotAllowed, Gone, NotPossible, NotRead."""
    plan = Plan(
        actor=actor,
        action=Action.CHANGE_INSTANCES,
        verb=gettext_noop("change tags"),
        load_balancer=load_balancer,
        resource_type=gettext_noop("instance"),
        resource_id=load_balancer.pk,
        resource_name=load_balancer.name,
        reread=[scopes.BALANCER],
    )
    plan.read_now(scopes.BALANCER)
    current = LoadBalancer.objects.filter(pk=load_balancer.pk).first()
    if current is None:
        raise Gone(_("instance"))
    if why := offers.why_not_touch(current):
        raise NotPossible(why)
    plan.changes = tag_changes(INSTANCE, current.pk, current.tags, put=put, take=take)
    if plan.changes:
        plan.before = current.tags
        plan.after = {key: value for key, value in current.tags.items() if key not in take}
        plan.after |= put
        refuse_too_many(plan.after)
    return plan


def tag_changes(
    resource_type: str,
    resource_id: str,
    held: Mapping[str, str],
    *,
    put: Mapping[str, str],
    take: Collection[str],
) -> list[Change]:
    """What differs between the tags of a resource and those wished; `put` wins over `take`."""
    place = resource_type, resource_id
    given = [
        Change(Kind.TAG, (*place, key), _value(held.get(key)), {"value": value})
        for key, value in put.items()
        if held.get(key) != value
    ]
    return given + [
        Change(Kind.TAG, (*place, key), _value(held[key]), None)
        for key in take
        if key in held and key not in put
    ]


def _value(value: str | None) -> dict[str, str] | None:
    return None if value is None else {"value": value}


def refuse_too_many(tags: Collection[str]) -> None:
    """Raises NotPossible where one resource would have more tags than the cloud allows."""
    if len(tags) > MAX_TAGS:
        raise NotPossible(
            ngettext(
                "It would have %(count)d tag; the cloud allows %(most)d.",
                "It would have %(count)d tags; the cloud allows %(most)d.",
                len(tags),
            )
            % {"count": len(tags), "most": MAX_TAGS}
        )


def tag_error(key: str, value: str) -> str:
    """What the cloud would not take of a tag, in words; "" where it takes it.

    Source: TagResources (keys of 1 to 64 characters, values of 0 to 128; neither begins with aliyun
    or acs:, nor contains http:// or https://).
    """
    if not 1 <= len(key) <= MAX_KEY_LENGTH:
        return _("A tag key has 1 to %(most)d characters.") % {"most": MAX_KEY_LENGTH}
    if len(value) > MAX_VALUE_LENGTH:
        return _("A tag value has %(most)d characters at most.") % {"most": MAX_VALUE_LENGTH}
    for text in (key, value):
        if text.lower().startswith(_RESERVED):
            return _("Keys and values must not begin with “aliyun” or “acs:”.")
        if "http://" in text or "https://" in text:
            return _("Keys and values must not contain “http://” or “https://”.")
        if not text.isprintable():
            return _("Keys and values must not contain control characters.")
    return ""
