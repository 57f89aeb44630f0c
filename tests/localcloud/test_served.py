"""The API and the data plane together: what an answer says is served, is."""

import http.client
import shutil
import socket
import ssl
import time
from collections import Counter

import pytest
from cryptography import x509

from tests.localcloud.certificates import pair, upload
from tests.localcloud.client import Client
from tests.localcloud.conftest import REGION, web
from tests.localcloud.process import LocalCloud

pytestmark = [
    pytest.mark.dataplane,
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="HAProxy is not installed"),
]
SHOP = "lb-bp1shopinternet0001"
LISTENER = {"LoadBalancerId": SHOP, "ListenerPort": 80}
SERVED_SECONDS = 1.0
CHECKED_SECONDS = 20.0


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with LocalCloud(tmp_path_factory.mktemp("served"), dataplane=True) as running:
        yield running


def place(client: Client) -> str:
    answer = client.call("DescribeLoadBalancerAttribute", LoadBalancerId=SHOP)
    assert answer["DataPlane"] == {"Status": "on", "Reason": ""}
    (listener,) = answer["ListenerPortsAndProtocol"]["ListenerPortAndProtocol"]
    return listener["ServedAt"]


def answers(at: str, count: int) -> Counter[str]:
    """Which instance answered how many of a number of requests."""
    found: Counter[str] = Counter()
    for _ in range(count):
        connection = http.client.HTTPConnection(at, timeout=5)
        connection.request("GET", "/")
        found[connection.getresponse().read().decode().split()[0]] += 1
        connection.close()
    return found


def test_the_default_pool_answers_as_soon_as_the_cloud_is_ready(served):
    assert answers(place(Client(served)), 30) == {web(1): 10, web(2): 10, web(3): 10}


def test_a_written_group_serves_within_a_second_in_proportion_and_is_found_healthy(served):
    client = Client(served)
    group = client.call(
        "CreateVServerGroup",
        RegionId=REGION,
        LoadBalancerId=SHOP,
        BackendServers=[
            {"ServerId": web(number), "Port": 9000 + number, "Weight": weight}
            for number, weight in ((4, 10), (5, 30), (6, 60))
        ],
    )["VServerGroupId"]
    client.call(
        "SetLoadBalancerHTTPListenerAttribute", VServerGroup="on", VServerGroupId=group, **LISTENER
    )
    time.sleep(SERVED_SECONDS)
    shares = answers(place(client), 100)
    assert set(shares) == {web(4), web(5), web(6)}
    assert all(abs(shares[web(n)] - w) <= 2 for n, w in ((4, 10), (5, 30), (6, 60)))
    deadline = time.monotonic() + CHECKED_SECONDS
    while True:
        health = client.call("DescribeHealthStatus", **LISTENER)["BackendServers"]["BackendServer"]
        states = {row["ServerHealthStatus"] for row in health}
        # What the check said is there with the first one of the worker that serves now.
        if states == {"normal"} and all("LastCheck" in row for row in health):
            break
        assert time.monotonic() < deadline, health
        time.sleep(0.2)
    assert {row["LastCheck"]["Result"] for row in health} == {"ok"}
    assert all(row["LastCheck"]["ChangedAt"].endswith("Z") for row in health)
    listed = client.call("DescribeLoadBalancerListeners", **{"LoadBalancerId.1": SHOP})
    assert listed["Listeners"][0]["ServedAt"] == place(client)
    client.call("StopLoadBalancerListener", **LISTENER)
    attribute = client.call("DescribeLoadBalancerAttribute", LoadBalancerId=SHOP)
    (listener,) = attribute["ListenerPortsAndProtocol"]["ListenerPortAndProtocol"]
    assert listener["ServedAt"] == ""


def balancer_of(client: Client) -> str:
    return client.call("CreateLoadBalancer", RegionId=REGION)["LoadBalancerId"]


def start(client: Client, balancer: str, protocol: str, port: int, **params: object) -> str:
    """A running listener of an own balancer with web-01 behind it; where it is served."""
    where = {"LoadBalancerId": balancer, "ListenerPort": port}
    given = {"Bandwidth": -1, "BackendServerPort": 8080, "HealthCheck": "off"} | params
    client.call(f"CreateLoadBalancer{protocol}Listener", **where, **given)
    client.call("StartLoadBalancerListener", **where, ListenerProtocol=protocol.lower())
    found = client.call("DescribeLoadBalancerAttribute", LoadBalancerId=balancer)
    return next(
        one["ServedAt"]
        for one in found["ListenerPortsAndProtocol"]["ListenerPortAndProtocol"]
        if (one["ListenerPort"], one["ListenerProtocol"]) == (port, protocol.lower())
    )


def eventually(attempt, expected):
    """Repeat an attempt until it gives what is expected, for as long as a change may take."""
    end = time.monotonic() + 10
    found = None
    while time.monotonic() < end:
        try:
            found = attempt()
        except (OSError, http.client.HTTPException) as error:
            found = type(error).__name__
        if found == expected:
            return
        time.sleep(0.05)
    assert found == expected


def tls(at: str, name: str) -> tuple[str, str]:
    """Who answers over TLS, and the name of the certificate that is shown for a name."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    host, port = at.split(":")
    with (
        socket.create_connection((host, int(port)), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=name) as secure,
    ):
        shown = x509.load_der_x509_certificate(secure.getpeercert(binary_form=True))
        secure.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: secure.recv(65536), b"")).decode()
    body = answer.partition("\r\n\r\n")[2]
    return body.split()[0], shown.subject.rfc4514_string()


def test_https_shows_each_domain_its_certificate_and_http_forwards_to_it(served):
    client = Client(served)
    balancer = balancer_of(client)
    row = [{"ServerId": web(1)}]
    client.call("AddBackendServers", LoadBalancerId=balancer, BackendServers=row)
    own = upload(client, pair("own.example.com"))
    extra = upload(client, pair("extra.example.com"))
    at = start(client, balancer, "HTTPS", 8443, ServerCertificateId=own)
    eventually(lambda: tls(at, "own.example.com"), (web(1), "CN=own.example.com"))
    client.call(
        "CreateDomainExtension",
        RegionId=REGION,
        LoadBalancerId=balancer,
        ListenerPort=8443,
        Domain="extra.example.com",
        ServerCertificateId=extra,
    )
    eventually(lambda: tls(at, "extra.example.com"), (web(1), "CN=extra.example.com"))
    assert tls(at, "own.example.com") == (web(1), "CN=own.example.com")
    plain = start(client, balancer, "HTTP", 8080, ListenerForward="on", ForwardPort=8443)

    def forwarded() -> tuple[int, str]:
        connection = http.client.HTTPConnection(plain, timeout=5)
        connection.request("GET", "/a?b=c", headers={"Host": "own.example.com"})
        answer = connection.getresponse()
        connection.close()
        return answer.status, answer.getheader("Location", "")

    eventually(forwarded, (301, "https://own.example.com:8443/a?b=c"))


def test_an_access_list_keeps_us_out_and_lets_us_in(served):
    client = Client(served)
    balancer = balancer_of(client)
    row = [{"ServerId": web(2)}]
    client.call("AddBackendServers", LoadBalancerId=balancer, BackendServers=row)
    at = start(client, balancer, "HTTP", 8081)
    eventually(lambda: set(answers(at, 1)), {web(2)})
    acl = client.call("CreateAccessControlList", RegionId=REGION, AclName="loop")["AclId"]
    client.call(
        "SetLoadBalancerHTTPListenerAttribute",
        LoadBalancerId=balancer,
        ListenerPort=8081,
        AclStatus="on",
        AclType="white",
        AclId=acl,
    )

    def let_in() -> bool:
        try:
            return set(answers(at, 1)) == {web(2)}
        except (OSError, http.client.HTTPException):
            return False

    eventually(let_in, False)
    entries = [{"entry": "127.0.0.0/8"}]
    client.call("AddAccessControlListEntry", RegionId=REGION, AclId=acl, AclEntrys=entries)
    eventually(let_in, True)


def test_tcp_goes_to_the_primary_server(served):
    client = Client(served)
    balancer = balancer_of(client)
    rows = [
        {"ServerId": web(number), "Port": 9200, "ServerType": kind}
        for number, kind in ((3, "Slave"), (4, "Master"))
    ]
    group = client.call(
        "CreateMasterSlaveServerGroup",
        RegionId=REGION,
        LoadBalancerId=balancer,
        MasterSlaveBackendServers=rows,
    )["MasterSlaveServerGroupId"]
    at = start(client, balancer, "TCP", 8082, MasterSlaveServerGroupId=group)
    eventually(lambda: answers(at, 4), Counter({web(4): 4}))
