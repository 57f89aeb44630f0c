"""One cloud for the folder's tests; each test works on a load balancer of its own."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from tests.localcloud.certificates import pair, upload
from tests.localcloud.client import Client, Refused
from tests.localcloud.process import LocalCloud

REGION = "cn-hangzhou"


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A cloud with demo data and two accounts, without data plane."""
    others = {"LOCALCLOUD_MORE_ACCESS_KEYS": "otherKeyId:otherSecret:2000000000000002"}
    with LocalCloud(tmp_path_factory.mktemp("cloud"), env=others) as running:
        yield running


@pytest.fixture
def client(cloud: LocalCloud) -> Client:
    """The default account's client."""
    return Client(cloud)


@pytest.fixture
def other(cloud: LocalCloud) -> Client:
    """Another account's client."""
    return Client(cloud, "otherKeyId", "otherSecret")


@pytest.fixture
def balancer(client: Client) -> str:
    """A new Internet load balancer without anything."""
    return client.call("CreateLoadBalancer", RegionId=REGION)["LoadBalancerId"]


@pytest.fixture
def strong(client: Client) -> str:
    """A new guaranteed-performance load balancer of the Internet."""
    made = client.call("CreateLoadBalancer", RegionId=REGION, LoadBalancerSpec="slb.s1.small")
    return made["LoadBalancerId"]


@pytest.fixture
def certificate(client: Client) -> str:
    """An uploaded server certificate of www.example.com."""
    return upload(client, pair("www.example.com"))


@pytest.fixture
def https(client: Client, balancer: str, certificate: str) -> int:
    """An HTTPS listener of the balancer on port 443; its port."""
    client.call(
        "CreateLoadBalancerHTTPSListener",
        LoadBalancerId=balancer,
        ListenerPort=443,
        BackendServerPort=8080,
        Bandwidth=-1,
        HealthCheck="off",
        ServerCertificateId=certificate,
    )
    return 443


@pytest.fixture
def acl(client: Client) -> str:
    """An access control list with one network."""
    made = client.call("CreateAccessControlList", RegionId=REGION, AclName="office")["AclId"]
    client.call(
        "AddAccessControlListEntry",
        RegionId=REGION,
        AclId=made,
        AclEntrys=[{"entry": "10.1.0.0/16", "comment": "office"}],
    )
    return made


@pytest.fixture
def group(client: Client, balancer: str) -> str:
    """A group of the balancer with web-01 on port 80."""
    return client.call(
        "CreateVServerGroup",
        RegionId=REGION,
        LoadBalancerId=balancer,
        VServerGroupName="first",
        BackendServers=[{"ServerId": web(1), "Port": 80}],
    )["VServerGroupId"]


@pytest.fixture
def listener(client: Client, balancer: str) -> int:
    """An HTTP listener of the balancer, on the default pool's port 8080; its port."""
    client.call(
        "CreateLoadBalancerHTTPListener",
        LoadBalancerId=balancer,
        ListenerPort=80,
        HealthCheck="on",
        BackendServerPort=8080,
    )
    return 80


@pytest.fixture
def refused() -> Callable[..., AbstractContextManager[None]]:
    """`with refused("Code", 404, "words"):` passes when the cloud refuses like that."""

    @contextmanager
    def expect(code: str, status: int = 400, words: str = "") -> Iterator[None]:
        with pytest.raises(Refused) as caught:
            yield
        assert (caught.value.code, caught.value.status) == (code, status), caught.value
        assert words in caught.value.message

    return expect


def web(number: int) -> str:
    """A classic server of the demo, running for 1..7, stopped for 8."""
    return f"i-bp1web{number:02d}".ljust(22, "0")


def pay(number: int) -> str:
    """A server of the payments VPC."""
    return f"i-bp1pay{number:02d}".ljust(22, "0")


def report(number: int) -> str:
    """A server of the analytics VPC."""
    return f"i-bp1report{number:02d}".ljust(22, "0")


def rows(answer: dict[str, Any]) -> list[tuple[str, int, int]]:
    """(server, port, weight) of an answer's backend servers."""
    return [
        (row["ServerId"], row.get("Port", 0), int(row["Weight"]))
        for row in answer["BackendServers"]["BackendServer"]
    ]
