"""Load balancers themselves and their tags: making, setting, starting, stopping, releasing them."""

from collections.abc import Callable
from typing import Any

from tests.crashes.kinds.start import (
    Arguments,
    Kind,
    Start,
    about,
    actor_of,
    alone,
    balancer_of,
    listening,
    region,
)
from tests.crashes.pictures import Picture, RegionPicture
from vservers.selectors.fingerprints import balancer_fingerprint
from vservers.services import balancers, new_balancers, tags
from vservers.services.changes import INSTANCE
from vservers.services.changes import Kind as Object


def stop_balancer(user: Arguments, balancer_id: str) -> None:
    balancers.stop_balancer(actor=actor_of(user), load_balancer=balancer_of(balancer_id))


def _stopped(start: Start) -> Arguments:
    start.call("SetLoadBalancerStatus", LoadBalancerStatus="inactive")
    return alone(start)


def start_balancer(user: Arguments, balancer_id: str) -> None:
    balancers.start_balancer(actor=actor_of(user), load_balancer=balancer_of(balancer_id))


def _changing(**values: Any) -> Callable[..., None]:
    def change(user: Arguments, balancer_id: str) -> None:
        balancer = balancer_of(balancer_id)
        balancers.change_balancer(
            actor=actor_of(user),
            load_balancer=balancer,
            values=values,
            seen=balancer_fingerprint(balancer, values),
        )

    return change


def _is(**values: Any) -> Callable[[Picture], bool]:
    return lambda cloud: values.items() <= cloud.itself.items()


_NAME = {"name": "renamed"}
_SPEC = {"spec": "slb.s2.medium"}
_BANDWIDTH = {"internet_charge_type": "paybybandwidth", "bandwidth": 30}
_PROTECTION = {
    "delete_protection": "on",
    "modification_protection": "ConsoleProtection",
    "modification_protection_reason": "managed",
}


def _tagged(start: Start) -> Arguments:
    start.tag(INSTANCE, start.balancer_id, old="1", kept="same")
    return alone(start)


def change_tags(user: Arguments, balancer_id: str) -> None:
    tags.change_balancer_tags(
        actor=actor_of(user),
        load_balancer=balancer_of(balancer_id),
        put={"kept": "other", "new": "2"},
        take=["old"],
    )


def release_balancer(user: Arguments, balancer_id: str, group_id: str) -> None:
    balancers.release_balancer(actor=actor_of(user), load_balancer=balancer_of(balancer_id))


def in_region(start: Start) -> Arguments:
    return {"ending": start.balancer_id}


def create_balancer(user: Arguments, ending: str) -> None:
    new_balancers.create_balancer(
        actor=actor_of(user),
        account_region=region(),
        values={
            "name": f"made-{ending}",
            "address_type": "internet",
            "spec": "slb.s2.small",
            "internet_charge_type": "paybybandwidth",
            "bandwidth": 20,
            "tags": {"env": "crash"},
        },
    )


def one_balancer(cloud: RegionPicture) -> bool:
    ((_, values),) = cloud.balancers
    return (values["spec"], values["bandwidth"]) == ("slb.s2.small", 20)


_INSTANCE = about(Object.BALANCER)

BALANCERS = [
    Kind("stop instance", _INSTANCE, alone, stop_balancer, _is(status="inactive")),
    Kind("start instance", _INSTANCE, _stopped, start_balancer, _is(status="active")),
    Kind("rename instance", _INSTANCE, alone, _changing(**_NAME), _is(**_NAME)),
    Kind("change specification", _INSTANCE, alone, _changing(**_SPEC), _is(**_SPEC)),
    Kind("change bandwidth", _INSTANCE, alone, _changing(**_BANDWIDTH), _is(**_BANDWIDTH)),
    Kind("protect instance", _INSTANCE, alone, _changing(**_PROTECTION), _is(**_PROTECTION)),
    Kind(
        "change tags of instance",
        about(Object.TAG),
        _tagged,
        change_tags,
        lambda cloud: cloud.tags == {"kept": "other", "new": "2"},
    ),
    Kind(
        "release instance",
        about(Object.BALANCER, Object.LISTENER, Object.RULE, Object.GROUP),
        listening(rule_count=2),
        release_balancer,
        lambda cloud: cloud is None,
    ),
    Kind("create instance", _INSTANCE, in_region, create_balancer, one_balancer, of_region=True),
]
