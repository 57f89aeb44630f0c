"""Server Load Balancer, version 2014-05-15: one method per action, in the API's words."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from .transport import Transport
from .types import (
    BackendServer,
    Health,
    HTTPSettings,
    Listener,
    LoadBalancer,
    LoadBalancerDetail,
    Region,
    Rule,
    VServerGroup,
    VServerGroupDetail,
    inner,
)

VERSION = "2014-05-15"
PAGE_SIZE = 100
# Add, Remove, Set, Modify and Create take this many servers; one more is TooManyBackendServers.
MAX_SERVERS_PER_CALL = 20
# CreateRules and DeleteRules.
MAX_RULES_PER_CALL = 10


class Slb:
    """SLB of one region. Every method raises CloudError's kinds."""

    def __init__(self, transport: Transport, region_id: str) -> None:
        self._transport = transport
        self._region_id = region_id

    def _call(self, action: str, **params: Any) -> dict[str, Any]:
        return self._transport.call(
            product="slb",
            version=VERSION,
            action=action,
            region_id=self._region_id,
            params=params,
        )

    # Reads

    def describe_regions(self) -> list[Region]:
        body = self._call("DescribeRegions", AcceptLanguage="en-US")
        return [
            Region(item["RegionId"], item.get("LocalName") or item["RegionId"])
            for item in inner(body, "Regions", "Region")
        ]

    def describe_load_balancers(self) -> Iterator[LoadBalancer]:
        """All of the region, page by page."""
        page = seen = 0
        while True:
            page += 1
            body = self._call("DescribeLoadBalancers", PageNumber=page, PageSize=PAGE_SIZE)
            items = inner(body, "LoadBalancers", "LoadBalancer")
            yield from map(LoadBalancer.from_api, items)
            seen += len(items)
            if not items or seen >= int(body.get("TotalCount", 0)):
                return

    def describe_load_balancer_attribute(self, load_balancer_id: str) -> LoadBalancerDetail:
        return LoadBalancerDetail.from_api(
            self._call("DescribeLoadBalancerAttribute", LoadBalancerId=load_balancer_id)
        )

    def describe_listeners(self, load_balancer_id: str) -> Iterator[Listener]:
        """Every listener of the load balancer, of every protocol."""
        token = ""
        while True:
            body = self._call(
                "DescribeLoadBalancerListeners",
                **{"LoadBalancerId.1": load_balancer_id, "MaxResults": 100, "NextToken": token},
            )
            yield from map(Listener.from_api, body.get("Listeners") or [])
            token = body.get("NextToken") or ""
            if not token:
                return

    def describe_vserver_groups(self, load_balancer_id: str) -> list[VServerGroup]:
        body = self._call("DescribeVServerGroups", LoadBalancerId=load_balancer_id)
        return [VServerGroup.from_api(i) for i in inner(body, "VServerGroups", "VServerGroup")]

    def describe_vserver_group_attribute(self, vserver_group_id: str) -> VServerGroupDetail:
        return VServerGroupDetail.from_api(
            self._call("DescribeVServerGroupAttribute", VServerGroupId=vserver_group_id)
        )

    def describe_rules(self, load_balancer_id: str, protocol: str, port: int) -> list[Rule]:
        body = self._call(
            "DescribeRules",
            LoadBalancerId=load_balancer_id,
            ListenerProtocol=protocol,
            ListenerPort=port,
        )
        return [Rule.from_api(item) for item in inner(body, "Rules", "Rule")]

    def describe_health_status(self, load_balancer_id: str) -> list[Health]:
        body = self._call("DescribeHealthStatus", LoadBalancerId=load_balancer_id)
        return [Health.from_api(i) for i in inner(body, "BackendServers", "BackendServer")]

    # VServer groups

    def create_vserver_group(
        self, load_balancer_id: str, name: str, servers: Sequence[BackendServer]
    ) -> str:
        """The new group's ID. At most MAX_SERVERS_PER_CALL servers; there is no client token."""
        body = self._call(
            "CreateVServerGroup",
            LoadBalancerId=load_balancer_id,
            VServerGroupName=name,
            BackendServers=_servers(servers) if servers else None,
        )
        return str(body["VServerGroupId"])

    def add_vserver_group_backend_servers(
        self, vserver_group_id: str, servers: Sequence[BackendServer]
    ) -> None:
        self._call(
            "AddVServerGroupBackendServers",
            VServerGroupId=vserver_group_id,
            BackendServers=_servers(servers),
        )

    def remove_vserver_group_backend_servers(
        self, vserver_group_id: str, servers: Sequence[BackendServer]
    ) -> None:
        """Servers that are not in the group are ignored by the cloud."""
        self._call(
            "RemoveVServerGroupBackendServers",
            VServerGroupId=vserver_group_id,
            BackendServers=_servers(servers),
        )

    def set_vserver_group_attribute(
        self, vserver_group_id: str, *, name: str = "", servers: Sequence[BackendServer] = ()
    ) -> None:
        """A new name, or new weights of servers that are in the group; one of both at least."""
        self._call(
            "SetVServerGroupAttribute",
            VServerGroupId=vserver_group_id,
            VServerGroupName=name,
            BackendServers=_servers(servers) if servers else None,
        )

    def delete_vserver_group(self, vserver_group_id: str) -> None:
        self._call("DeleteVServerGroup", VServerGroupId=vserver_group_id)

    # Default server pool

    def add_backend_servers(self, load_balancer_id: str, servers: Sequence[BackendServer]) -> None:
        self._pool("AddBackendServers", load_balancer_id, servers)

    def set_backend_servers(self, load_balancer_id: str, servers: Sequence[BackendServer]) -> None:
        """New weights of servers that are in the pool."""
        self._pool("SetBackendServers", load_balancer_id, servers)

    def remove_backend_servers(
        self, load_balancer_id: str, servers: Sequence[BackendServer]
    ) -> None:
        self._pool("RemoveBackendServers", load_balancer_id, servers)

    def _pool(self, action: str, load_balancer_id: str, servers: Sequence[BackendServer]) -> None:
        self._call(action, LoadBalancerId=load_balancer_id, BackendServers=_servers(servers))

    # Listeners

    def create_http_listener(
        self,
        load_balancer_id: str,
        port: int,
        settings: HTTPSettings,
        *,
        vserver_group_id: str,
        backend_server_port: int | None,
        description: str,
    ) -> None:
        """A new listener, stopped. Without a group it needs backend_server_port for the pool."""
        self._call(
            "CreateLoadBalancerHTTPListener",
            LoadBalancerId=load_balancer_id,
            ListenerPort=port,
            VServerGroupId=vserver_group_id,
            BackendServerPort=backend_server_port,
            Description=description,
            **settings.to_api(),
        )

    def set_http_listener_attribute(
        self,
        load_balancer_id: str,
        port: int,
        settings: HTTPSettings,
        *,
        vserver_group_id: str,
        description: str,
    ) -> None:
        """vserver_group_id "" detaches the group: requests then go to the default pool."""
        self._call(
            "SetLoadBalancerHTTPListenerAttribute",
            LoadBalancerId=load_balancer_id,
            ListenerPort=port,
            VServerGroup="on" if vserver_group_id else "off",
            VServerGroupId=vserver_group_id,
            Description=description,
            **settings.to_api_over(),
        )

    def start_listener(self, load_balancer_id: str, protocol: str, port: int) -> None:
        self._listener("StartLoadBalancerListener", load_balancer_id, protocol, port)

    def stop_listener(self, load_balancer_id: str, protocol: str, port: int) -> None:
        self._listener("StopLoadBalancerListener", load_balancer_id, protocol, port)

    def delete_listener(self, load_balancer_id: str, protocol: str, port: int) -> None:
        self._listener("DeleteLoadBalancerListener", load_balancer_id, protocol, port)

    def _listener(self, action: str, load_balancer_id: str, protocol: str, port: int) -> None:
        self._call(
            action, LoadBalancerId=load_balancer_id, ListenerProtocol=protocol, ListenerPort=port
        )

    # Forwarding rules

    def create_rules(
        self, load_balancer_id: str, protocol: str, port: int, rules: Sequence[Rule]
    ) -> list[str]:
        """The new rules' IDs, in order; rule_id of what is given counts for nothing."""
        body = self._call(
            "CreateRules",
            LoadBalancerId=load_balancer_id,
            ListenerProtocol=protocol,
            ListenerPort=port,
            RuleList=_json([_rule(rule) for rule in rules]),
        )
        return [item["RuleId"] for item in inner(body, "Rules", "Rule")]

    def set_rule(self, rule_id: str, *, name: str, vserver_group_id: str) -> None:
        """Name and group; domain and URL can never be changed."""
        self._call("SetRule", RuleId=rule_id, RuleName=name, VServerGroupId=vserver_group_id)

    def delete_rules(self, rule_ids: Sequence[str]) -> None:
        self._call("DeleteRules", RuleIds=_json(list(rule_ids)))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _servers(servers: Sequence[BackendServer]) -> str:
    return _json([server.to_api() for server in servers])


def _rule(rule: Rule) -> dict[str, str]:
    wanted = {
        "RuleName": rule.name,
        "Domain": rule.domain,
        "Url": rule.url,
        "VServerGroupId": rule.vserver_group_id,
    }
    return {name: value for name, value in wanted.items() if value}
