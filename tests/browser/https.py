"""An HTTPS listener beside the console: made by another program with the same key."""

import json
from types import SimpleNamespace
from typing import Any

from console.runtime.places import cloud_key_file
from tests.localcloud.client import Client
from tests.runtime.console_process import ConsoleProcess

from .console import REGION


def outsider(console: ConsoleProcess) -> Client:
    """Another program with the key of the console's local cloud."""
    keys = json.loads(cloud_key_file(console.data_dir).read_text())
    host = f"127.0.0.1:{console.environment['LOCALCLOUD_PORT']}"
    cloud: Any = SimpleNamespace(
        host=host,
        access_key_id=keys["id"],
        access_key_secret=keys["secret"],
    )
    return Client(cloud)


def new_https_listener(
    cloud: Client, name: str, port: int, certificate_id: str
) -> tuple[str, str, int]:
    """(ID, address, port) of a new load balancer with a running HTTPS listener."""
    made = cloud.call("CreateLoadBalancer", RegionId=REGION, LoadBalancerName=name)
    balancer_id = made["LoadBalancerId"]
    here = {"RegionId": REGION, "LoadBalancerId": balancer_id, "ListenerPort": port}
    cloud.call(
        "CreateLoadBalancerHTTPSListener",
        BackendServerPort=80,
        Bandwidth=-1,
        HealthCheck="off",
        StickySession="off",
        ServerCertificateId=certificate_id,
        **here,
    )
    cloud.call("StartLoadBalancerListener", ListenerProtocol="https", **here)
    listed = cloud.call(
        "DescribeLoadBalancerListeners", RegionId=REGION, **{"LoadBalancerId.1": balancer_id}
    )
    served: str = listed["Listeners"][0].get("ServedAt") or f"{made['Address']}:{port}"
    address, _, at = served.rpartition(":")
    return balancer_id, address, int(at)
