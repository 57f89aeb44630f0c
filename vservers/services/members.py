"""The servers of a group and of the default pool: who may join."""

from collections.abc import Collection, Sequence

from console.shell.said import gettext as _
from vservers.cloud.types import BackendServer
from vservers.models import LoadBalancer
from vservers.selectors.servers import network_rule, servers_by_id

from .errors import InvalidMembers, MemberKey

MAX_PORT = 65535
MAX_WEIGHT = 100


def identity(server: BackendServer) -> tuple[str, str, int | None]:
    """(server_id, server_ip, port): what the cloud tells members of one group apart by."""
    return server.server_id, server.server_ip, server.port


def check_members(
    load_balancer: LoadBalancer,
    wanted: Sequence[BackendServer],
    *,
    joining: Sequence[BackendServer],
) -> None:
    """Raise InvalidMembers for rows that the cloud would refuse.

    wanted: all rows; ports 1..65535, weights 0..100, no (server, port) twice. joining: those that
    are new; their server must be a running one of the region, in a network that the load balancer
    takes. Servers that are in the group already are not judged again.
    """
    errors: dict[MemberKey, str] = {}
    seen: set[tuple[str, str, int | None]] = set()
    for row in wanted:
        key = (row.server_id, row.port or 0)
        if row.port is None or not 1 <= row.port <= MAX_PORT:
            errors[key] = _("Enter a port from 1 to %(most)s.") % {"most": MAX_PORT}
        elif not 0 <= row.weight <= MAX_WEIGHT:
            errors[key] = _("Enter a weight from 0 to %(most)s.") % {"most": MAX_WEIGHT}
        elif identity(row) in seen:
            errors[key] = _("This server is in the list with this port already.")
        seen.add(identity(row))
    refused = why_not_joining(
        load_balancer, {row.server_id for row in joining if row.type == "ecs"}
    )
    for row in joining:
        if row.server_id in refused:
            errors.setdefault((row.server_id, row.port or 0), refused[row.server_id])
    if errors:
        raise InvalidMembers(errors)


def why_not_joining(load_balancer: LoadBalancer, server_ids: Collection[str]) -> dict[str, str]:
    """{server_id: sentence} for those ECS instances that cannot be backend servers."""
    servers = servers_by_id(server_ids, load_balancer=load_balancer)
    rule = network_rule(load_balancer, chosen=list(servers.values())[:1])
    reasons = {
        server_id: rule.why_not(servers[server_id])
        if server_id in servers
        else _("%(server)s is not a server of %(region)s.")
        % {"server": server_id, "region": load_balancer.region_id}
        for server_id in server_ids
    }
    return {server_id: reason for server_id, reason in reasons.items() if reason}
