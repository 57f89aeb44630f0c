"""Server Load Balancer, version 2014-05-15: one method per read, and one for all of `calls`."""

from collections.abc import Iterator, Sequence
from typing import Any

from .assets import (
    AccessControlList,
    AccessControlListDetail,
    CACertificate,
    DomainExtension,
    MasterSlaveGroup,
    MasterSlaveGroupDetail,
    ServerCertificate,
    TlsPolicy,
)
from .calls import Call
from .errors import understood
from .transport import Transport
from .types import (
    Health,
    Listener,
    LoadBalancer,
    LoadBalancerDetail,
    Region,
    Rule,
    VServerGroup,
    VServerGroupDetail,
    inner,
)
from .zones import Zone, ZonePair

VERSION = "2014-05-15"
PAGE_SIZE = 100
ACL_PAGE_SIZE = 50
# DescribeLoadBalancers and DescribeLoadBalancerListeners take so many load balancers by name.
MAX_BALANCERS_PER_CALL = 10


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
            params={name: value for name, value in params.items() if value != ""},
        )

    # Reads

    @understood("DescribeRegions")
    def describe_regions(self) -> list[Region]:
        body = self._call("DescribeRegions", AcceptLanguage="en-US")
        return [
            Region(item["RegionId"], item.get("LocalName") or item["RegionId"])
            for item in inner(body, "Regions", "Region")
        ]

    @understood("DescribeZones")
    def describe_zones(self) -> list[Zone]:
        body = self._call("DescribeZones", AcceptLanguage="en-US")
        return [Zone.from_api(item) for item in inner(body, "Zones", "Zone")]

    @understood("DescribeAvailableResource")
    def describe_available_resource(self) -> list[ZonePair]:
        body = self._call("DescribeAvailableResource")
        found = inner(body, "AvailableResources", "AvailableResource")
        return [ZonePair.from_api(item) for item in found]

    def describe_load_balancers(
        self, load_balancer_ids: Sequence[str] = ()
    ) -> Iterator[LoadBalancer]:
        """All of the region, page by page, or those there of 10 IDs at most."""
        page = seen = 0
        while True:
            page += 1
            body = self._call(
                "DescribeLoadBalancers",
                LoadBalancerId=",".join(load_balancer_ids),
                PageNumber=page,
                PageSize=PAGE_SIZE,
            )
            with understood("DescribeLoadBalancers"):
                items = inner(body, "LoadBalancers", "LoadBalancer")
                found = [LoadBalancer.from_api(item) for item in items]
                total = int(body.get("TotalCount", 0))
            yield from found
            seen += len(found)
            if not found or seen >= total:
                return

    @understood("DescribeLoadBalancerAttribute")
    def describe_load_balancer_attribute(self, load_balancer_id: str) -> LoadBalancerDetail:
        return LoadBalancerDetail.from_api(
            self._call("DescribeLoadBalancerAttribute", LoadBalancerId=load_balancer_id)
        )

    def describe_listeners(self, *load_balancer_ids: str) -> Iterator[Listener]:
        """Every listener of the load balancers, 10 at most, or of the region; of every protocol."""
        wanted = {f"LoadBalancerId.{n}": one for n, one in enumerate(load_balancer_ids, 1)}
        token = ""
        while True:
            body = self._call(
                "DescribeLoadBalancerListeners",
                **{**wanted, "MaxResults": 100, "NextToken": token},
            )
            with understood("DescribeLoadBalancerListeners"):
                found = [Listener.from_api(item) for item in body.get("Listeners") or []]
            yield from found
            token = body.get("NextToken") or ""
            if not token:
                return

    @understood("DescribeVServerGroups")
    def describe_vserver_groups(
        self, load_balancer_id: str, *, with_rules: bool = False
    ) -> list[VServerGroup]:
        """Without their servers. with_rules: with the forwarding rules that use each."""
        body = self._call(
            "DescribeVServerGroups", LoadBalancerId=load_balancer_id, IncludeRule=with_rules or None
        )
        return [VServerGroup.from_api(i) for i in inner(body, "VServerGroups", "VServerGroup")]

    @understood("DescribeVServerGroupAttribute")
    def describe_vserver_group_attribute(self, vserver_group_id: str) -> VServerGroupDetail:
        return VServerGroupDetail.from_api(
            self._call("DescribeVServerGroupAttribute", VServerGroupId=vserver_group_id)
        )

    @understood("DescribeRules")
    def describe_rules(self, load_balancer_id: str, protocol: str, port: int) -> list[Rule]:
        body = self._call(
            "DescribeRules",
            LoadBalancerId=load_balancer_id,
            ListenerProtocol=protocol,
            ListenerPort=port,
        )
        return [Rule.from_api(item) for item in inner(body, "Rules", "Rule")]

    @understood("DescribeHealthStatus")
    def describe_health_status(self, load_balancer_id: str) -> list[Health]:
        body = self._call("DescribeHealthStatus", LoadBalancerId=load_balancer_id)
        return [Health.from_api(i) for i in inner(body, "BackendServers", "BackendServer")]

    @understood("DescribeMasterSlaveServerGroups")
    def describe_master_slave_groups(self, load_balancer_id: str) -> list[MasterSlaveGroup]:
        """Without their servers."""
        body = self._call("DescribeMasterSlaveServerGroups", LoadBalancerId=load_balancer_id)
        items = inner(body, "MasterSlaveServerGroups", "MasterSlaveServerGroup")
        return [MasterSlaveGroup.from_api(item) for item in items]

    @understood("DescribeMasterSlaveServerGroupAttribute")
    def describe_master_slave_group(self, group_id: str) -> MasterSlaveGroupDetail:
        return MasterSlaveGroupDetail.from_api(
            self._call("DescribeMasterSlaveServerGroupAttribute", MasterSlaveServerGroupId=group_id)
        )

    @understood("DescribeDomainExtensions")
    def describe_domain_extensions(self, load_balancer_id: str, port: int) -> list[DomainExtension]:
        """Those of an HTTPS listener."""
        body = self._call(
            "DescribeDomainExtensions", LoadBalancerId=load_balancer_id, ListenerPort=port
        )
        items = inner(body, "DomainExtensions", "DomainExtension")
        return [DomainExtension.from_api(item) for item in items]

    @understood("DescribeServerCertificates")
    def describe_server_certificates(self) -> list[ServerCertificate]:
        """All of the region, in one answer."""
        items = inner(
            self._call("DescribeServerCertificates"), "ServerCertificates", "ServerCertificate"
        )
        return [ServerCertificate.from_api(item) for item in items]

    @understood("DescribeCACertificates")
    def describe_ca_certificates(self) -> list[CACertificate]:
        """All of the region, in one answer."""
        items = inner(self._call("DescribeCACertificates"), "CACertificates", "CACertificate")
        return [CACertificate.from_api(item) for item in items]

    def describe_access_control_lists(self) -> Iterator[AccessControlList]:
        """All of the region, page by page, without their entries."""
        page = seen = 0
        while True:
            page += 1
            body = self._call("DescribeAccessControlLists", PageNumber=page, PageSize=ACL_PAGE_SIZE)
            with understood("DescribeAccessControlLists"):
                found = [AccessControlList.from_api(item) for item in inner(body, "Acls", "Acl")]
                total = int(body.get("TotalCount", 0))
            yield from found
            seen += len(found)
            if not found or seen >= total:
                return

    @understood("DescribeAccessControlListAttribute")
    def describe_access_control_list(self, acl_id: str) -> AccessControlListDetail:
        """With all its entries."""
        return AccessControlListDetail.from_api(
            self._call("DescribeAccessControlListAttribute", AclId=acl_id)
        )

    def list_tls_cipher_policies(self) -> Iterator[TlsPolicy]:
        """Those of the region that the account has made, page by page."""
        token = ""
        while True:
            body = self._call("ListTLSCipherPolicies", MaxItems=PAGE_SIZE, NextToken=token)
            with understood("ListTLSCipherPolicies"):
                yield from [TlsPolicy.from_api(item) for item in body["TLSCipherPolicies"]]
            token = body.get("NextToken") or ""
            if not token:
                return

    # Writes

    def send(self, call: Call) -> dict[str, Any]:
        """Carry out one write; the answer's body."""
        return self._transport.call(
            product="slb",
            version=VERSION,
            action=call.action,
            region_id=self._region_id,
            params=call.params,
        )
