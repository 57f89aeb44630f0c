"""Listeners as pages show them: with their rules counted and their health summed up."""

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Count
from django.utils.translation import gettext as _

from vservers.models import Listener, LoadBalancer, ServerHealth


@dataclass(frozen=True, slots=True)
class ListenerRow:
    """A listener of a list. level: ok, warn, bad or off, as components/status.html has them."""

    listener: Listener
    rule_count: int
    level: str
    health: str


def listener_rows(load_balancer: LoadBalancer) -> list[ListenerRow]:
    """The listeners of a load balancer, by port; a load balancer has 50 at most."""
    listeners = load_balancer.listeners.select_related("vserver_group").annotate(
        rule_count=Count("rules")
    )
    counted = ServerHealth.objects.filter(listener__load_balancer=load_balancer)
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    for pk, status, count in counted.values_list("listener", "status").annotate(Count("pk")):
        counts[pk][status] = count
    return [
        ListenerRow(listener, listener.rule_count, *_health(listener, counts[listener.pk]))
        for listener in listeners
    ]


def _health(listener: Listener, counts: dict[str, int]) -> tuple[str, str]:
    """Level and word for what a listener's checks say of its servers."""
    total = sum(counts.values())
    abnormal = counts.get(ServerHealth.Status.ABNORMAL, 0)
    if listener.health_check == "off":
        return "off", _("Not enabled")
    if not total:
        return "off", _("No servers")
    if abnormal:
        return "bad" if abnormal == total else "warn", _("%(abnormal)s of %(total)s abnormal") % {
            "abnormal": abnormal,
            "total": total,
        }
    if counts.get(ServerHealth.Status.NORMAL, 0) == total:
        return "ok", _("Normal")
    return "off", _("Unavailable")


def listeners_on_pool(load_balancer: LoadBalancer) -> list[Listener]:
    """The listeners that send to the default server pool what no rule takes."""
    return list(load_balancer.listeners.filter(vserver_group=None))


def listener_on_port(
    load_balancer: LoadBalancer, port: int, *, protocol: str = Listener.Protocol.HTTP
) -> Listener | None:
    """The listener that keeps one of a protocol from the port. UDP shares it with the others."""
    udp = Listener.Protocol.UDP
    taken = load_balancer.listeners.filter(port=port)
    return (taken.filter(protocol=udp) if protocol == udp else taken.exclude(protocol=udp)).first()
