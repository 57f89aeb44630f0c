"""What is offered for one load balancer: each act with its address, and why it is not possible."""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from vservers.models import LoadBalancer
from vservers.selectors import offers


@dataclass(frozen=True, slots=True)
class Offer:
    """An act of the menu of a load balancer. why_not: "" where it is possible now."""

    key: str
    label: Promise
    icon: str
    url: str
    why_not: str
    danger: bool = False


_WHY_NOT: dict[str, tuple[Promise, str, Callable[[LoadBalancer], str]]] = {
    "start": (_("Start"), "player-play", offers.why_not_start),
    "stop": (_("Stop"), "player-stop", offers.why_not_stop),
    "rename": (_("Rename"), "pencil", offers.why_not_change),
    "tags": (_("Edit tags"), "tags", offers.why_not_touch),
    "protection": (_("Protection"), "shield-lock", offers.why_not_touch),
    "spec": (_("Change specification"), "adjustments", offers.why_not_change_spec),
    "bandwidth": (_("Change bandwidth"), "gauge", offers.why_not_change_bandwidth),
    "release": (_("Release"), "trash", offers.why_not_release),
}


def offered(balancer: LoadBalancer) -> list[Offer]:
    """Every act; of starting and stopping the one that fits."""
    running = balancer.status == LoadBalancer.Status.ACTIVE
    place = [balancer.region_id, balancer.pk]
    return [
        Offer(
            "listener",
            _("Add Listener"),
            "ear",
            reverse("listeners-new", args=place),
            offers.why_not_touch(balancer),
        ),
    ] + [
        Offer(
            key,
            label,
            icon,
            reverse(f"balancers-{key}", args=place),
            why_not(balancer),
            danger=key == "release",
        )
        for key, (label, icon, why_not) in _WHY_NOT.items()
        if key != ("start" if running else "stop")
    ]
