"""What a creation made: as its answer says, or looked for in the cloud where none came.

Few creations take a client token, so none is ever repeated before it was looked for.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.utils.translation import gettext_noop

from vservers.cloud import Cloud, OutcomeUnknown
from vservers.models import OperationCall

from . import creations, places
from .changes import Change, Kind, agrees
from .creations import Creation
from .observing import Observed, ids_named
from .places import Place

# The IDs of a kind that the cloud has now, of a place.
_LISTS: dict[Kind, Callable[[Cloud, Any], Iterable[str]]] = {
    Kind.BALANCER: lambda cloud, region: (
        one.load_balancer_id for one in cloud.slb.describe_load_balancers()
    ),
    Kind.GROUP: lambda cloud, balancer: (
        one.vserver_group_id for one in cloud.slb.describe_vserver_groups(balancer.pk)
    ),
    Kind.PAIR: lambda cloud, balancer: (
        one.group_id for one in cloud.slb.describe_master_slave_groups(balancer.pk)
    ),
    Kind.SERVER_CERTIFICATE: lambda cloud, region: (
        one.certificate_id for one in cloud.slb.describe_server_certificates()
    ),
    Kind.CA_CERTIFICATE: lambda cloud, region: (
        one.certificate_id for one in cloud.slb.describe_ca_certificates()
    ),
    Kind.ACCESS_LIST: lambda cloud, region: (
        one.acl_id for one in cloud.slb.describe_access_control_lists()
    ),
}


def ids_before(cloud: Cloud, place: Place, creation: Creation) -> list[str]:
    """What is there before a creation: none of these can be what it makes. Raises CloudError."""
    return sorted(_LISTS[creation.kind](cloud, place))


def made_by(call: OperationCall, body: dict[str, object]) -> str:
    """The ID in the answer to a creation, "" for other calls. Raises OutcomeUnknown without it."""
    creation = creations.BY_ACTION.get(call.action)
    if creation is None:
        return ""
    made = body.get(creation.answer)
    if not isinstance(made, str) or not made:
        raise OutcomeUnknown(
            action=call.action,
            code="UnreadableAnswer",
            message=gettext_noop("The answer does not name what was made."),
            request_id=str(body["RequestId"]),
        )
    return made


def find_made(cloud: Cloud, place: Place, call: OperationCall, creation: Creation) -> str:
    """The ID of what the call made, "" where there is none. Raises CloudError.

    It is one that was not there before, has the name and all else that was sent, no more, and was
    made by no other operation.
    """
    places.store(cloud, place, [creation.all])
    changes = [Change.from_json(change) for change in call.changes]
    wanted = next(change.after for change in changes if change.kind is creation.kind) or {}
    claimed = places.operations_at(place).filter(calls__action=creation.action)
    taken = set(claimed.exclude(pk=call.operation_id).values_list("resource_id", flat=True))
    taken.update(call.evidence or [])
    observed = Observed(place)
    for made_id in ids_named(place, creation.kind, str(wanted["name"])):
        if made_id in taken:
            continue
        expected = {change.named(made_id).key: change.after for change in changes}
        found = observed.whole(creation.kind, made_id)
        if found.keys() == expected.keys() and all(
            agrees(found[key], values) for key, values in expected.items()
        ):
            return made_id
    return ""
