"""What an item of a batch may be: a verb of the services, with arguments that fit into JSON."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.accounts.permissions import Action
from console.shell.said import gettext as _
from vservers.cloud.types import BackendServer
from vservers.models import AccountRegion, BatchItem, LoadBalancer, VServerGroup

from .balancers import release_balancer, start_balancer, stop_balancer
from .errors import Gone
from .group_tags import change_group_tags
from .groups import change_group, create_group, delete_group
from .new_balancers import create_balancer
from .tags import change_balancer_tags

START, STOP, RELEASE = "start instance", "stop instance", "release instance"
CREATE_INSTANCE = "create instance"
TAG_INSTANCE = gettext_noop("change tags of instance")
CREATE, CHANGE, DELETE, TAG = "create group", "change group", "delete group", "change tags"


def members_as_json(members: Sequence[BackendServer]) -> list[dict[str, Any]]:
    """Backend servers as arguments of an item."""
    return [member._asdict() for member in members]


def _members(arguments: Mapping[str, Any]) -> list[BackendServer]:
    return [BackendServer(**member) for member in arguments["members"]]


def _group(item: BatchItem) -> VServerGroup:
    rows = VServerGroup.objects.select_related("load_balancer")
    group = rows.filter(pk=item.object_id).first()
    if group is None:
        raise Gone(_("VServer group"))
    return group


def _create(actor: Actor, item: BatchItem) -> bool:
    """arguments: name, members."""
    balancer = LoadBalancer.objects.filter(pk=item.load_balancer_id).first()
    if balancer is None:
        raise Gone(_("instance"))
    made = create_group(
        actor=actor,
        load_balancer=balancer,
        name=item.arguments["name"],
        members=_members(item.arguments),
    )
    BatchItem.objects.filter(pk=item.pk).update(object_id=made.pk)
    item.object_id = made.pk
    return True


def _create_instance(actor: Actor, item: BatchItem) -> bool:
    """arguments: place, the key of the region of an account; values."""
    rows = AccountRegion.objects.select_related("account", "region")
    place = rows.filter(pk=item.arguments["place"]).first()
    if place is None:
        raise Gone(_("region"))
    made = create_balancer(actor=actor, account_region=place, values=item.arguments["values"])
    item.object_id = item.load_balancer_id = made.pk
    item.save(update_fields=["object_id", "load_balancer_id"])
    return True


def _change(actor: Actor, item: BatchItem) -> bool:
    """arguments: name, members, seen."""
    return change_group(
        actor=actor,
        group=_group(item),
        name=item.arguments["name"],
        members=_members(item.arguments),
        seen=item.arguments["seen"],
    )


def _delete(actor: Actor, item: BatchItem) -> bool:
    delete_group(actor=actor, group=_group(item))
    return True


def _tag(actor: Actor, item: BatchItem) -> bool:
    """arguments: put {key: value}, take [key]."""
    done = change_group_tags(
        actor=actor,
        group=_group(item),
        put=item.arguments["put"],
        take=item.arguments["take"],
    )
    return done is not None


def _of_balancer(act: Callable[..., object]) -> Callable[[Actor, BatchItem], bool]:
    """arguments: what the act takes beside the load balancer."""

    def do(actor: Actor, item: BatchItem) -> bool:
        balancer = LoadBalancer.objects.filter(pk=item.load_balancer_id).first()
        if balancer is None:
            raise Gone(_("instance"))
        return act(actor=actor, load_balancer=balancer, **item.arguments) is not None

    return do


# Each says False where nothing was to be done.
VERBS: Mapping[str, Callable[[Actor, BatchItem], bool]] = {
    CREATE: _create,
    CHANGE: _change,
    DELETE: _delete,
    TAG: _tag,
    CREATE_INSTANCE: _create_instance,
    START: _of_balancer(start_balancer),
    STOP: _of_balancer(stop_balancer),
    RELEASE: _of_balancer(release_balancer),
    TAG_INSTANCE: _of_balancer(change_balancer_tags),
}
OF_INSTANCES = frozenset({CREATE_INSTANCE, START, STOP, RELEASE, TAG_INSTANCE})


def permission_of(verb: str) -> Action:
    """What a person must be allowed to begin or stop a batch of this verb."""
    return Action.CHANGE_INSTANCES if verb in OF_INSTANCES else Action.CHANGE_GROUPS
