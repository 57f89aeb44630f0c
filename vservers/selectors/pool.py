"""Which servers may be added to the default server pool."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from django.core.paginator import Page
from django.utils.translation import gettext as _

from vservers.models import LoadBalancer, Server

from .servers import AvailableServer, NetworkRule, available_servers, network_rule, servers_by_id


@dataclass(frozen=True, slots=True)
class Candidates:
    """One page of the servers to choose from, and those chosen that are not on it."""

    rule: NetworkRule
    rows: list[AvailableServer]
    page: Page[Server]
    elsewhere: list[Server]
    network_type: str


def pool_candidates(
    *,
    load_balancer: LoadBalancer,
    chosen: Collection[str] = (),
    network_type: str = "",
    query: str = "",
    page: str | int = 1,
) -> Candidates:
    """What the dialog shows. chosen: server IDs ticked so far; network_type: the one asked for.

    A network type that is impossible gives way to the usual one, and a server that is in the pool
    cannot be added again.
    """
    ticked = servers_by_id(chosen, load_balancer=load_balancer)
    rule = network_rule(load_balancer, chosen=list(ticked.values())[:1])
    if network_type not in rule.allowed:
        network_type = rule.allowed[0]
    rows, found = available_servers(
        load_balancer=load_balancer, rule=rule, network_type=network_type, query=query, page=page
    )
    held = set(load_balancer.pool_servers.values_list("server_id", flat=True))
    shown = {row.server.pk for row in rows}
    return Candidates(
        rule=rule,
        rows=[
            replace(row, why_not=_("Already in Backend Servers.")) if row.server.pk in held else row
            for row in rows
        ],
        page=found,
        elsewhere=[server for pk, server in ticked.items() if pk not in shown],
        network_type=network_type,
    )
