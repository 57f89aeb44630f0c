"""Apache Libcloud's drivers for SLB and ECS, unmodified: GET, and answers in XML."""

import pytest
from libcloud.common.exceptions import BaseHTTPError
from libcloud.compute.providers import get_driver as compute_driver
from libcloud.compute.types import NodeState
from libcloud.compute.types import Provider as Compute
from libcloud.loadbalancer.base import Algorithm, Member
from libcloud.loadbalancer.providers import get_driver
from libcloud.loadbalancer.types import Provider, State

from tests.localcloud.certificates import pair

pytestmark = pytest.mark.contract

REGION = "cn-hangzhou"
WEB = [f"i-bp1web{number:02d}".ljust(22, "0") for number in range(1, 4)]


@pytest.fixture
def driver(cloud):
    made = get_driver(Provider.ALIYUN_SLB)(cloud.access_key_id, cloud.access_key_secret, REGION)
    # The driver takes no address: its connection does.
    made.connection.secure = 0
    made.connection.connect(host="127.0.0.1", port=cloud.port)
    return made


@pytest.fixture
def balancer(driver):
    """An HTTP load balancer of two members on port 8080."""
    made = driver.create_balancer(
        "libcloud",
        port=80,
        protocol="http",
        algorithm=Algorithm.WEIGHTED_ROUND_ROBIN,
        members=[Member(server, "", 8080) for server in WEB[:2]],
        ex_address_type="internet",
        ex_internet_charge_type="paybytraffic",
        StickySession="off",
        HealthCheck="on",
    )
    yield made
    assert driver.destroy_balancer(made)
    with pytest.raises(BaseHTTPError, match=r"InvalidLoadBalancerId\.NotFound"):
        driver.ex_get_balancer_attribute(made)


def members(driver, balancer):
    found = driver.balancer_list_members(balancer)
    return [(member.id, member.extra["Weight"]) for member in found]


def ports(driver, balancer):
    found = driver.ex_get_balancer_attribute(balancer)
    return [(one["ListenerPort"], one["ListenerProtocol"]) for one in found.listeners]


def test_a_load_balancer_is_listed_and_found(driver, balancer):
    assert balancer.id in [one.id for one in driver.list_balancers()]
    found = driver.get_balancer(balancer.id)
    assert (found.name, found.state, found.ip) == ("libcloud", State.RUNNING, balancer.ip)
    assert found.extra["region_id"] == REGION and found.extra["create_timestamp"] > 0
    assert driver.list_balancers(ex_filters={"LoadBalancerName": "nobody"}) == []


def test_members_are_attached_weighted_and_detached(driver, balancer):
    assert members(driver, balancer) == [(WEB[0], "100"), (WEB[1], "100")]
    driver.balancer_attach_member(balancer, Member(WEB[2], "", 8080, extra={"Weight": 30}))
    assert members(driver, balancer)[2] == (WEB[2], "30")
    for member in driver.balancer_list_members(balancer)[1:]:
        driver.balancer_detach_member(balancer, member)
    assert members(driver, balancer) == [(WEB[0], "100")]


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_further_listeners_are_made_started_and_stopped(driver, balancer, protocol):
    wanted = {"ListenerPort": 90, "HealthCheckInterval": 3, "HealthyThreshold": 2}
    algorithm = Algorithm.WEIGHTED_LEAST_CONNECTIONS
    assert driver.ex_create_listener(balancer, 8080, protocol, algorithm, 5, **wanted)
    assert driver.ex_start_listener(balancer, 90)
    assert ports(driver, balancer) == [("80", "http"), ("90", protocol)]
    assert driver.ex_stop_listener(balancer, 90)
    assert [one.port for one in driver.ex_list_listeners(balancer)] == ["80", "90"]


def test_certificates_are_uploaded_renamed_and_deleted(driver, balancer):
    material = pair("libcloud.example.com")
    made = driver.ex_upload_certificate("libcloud", *material)
    assert driver.ex_set_certificate_name(made.id, "renamed")
    (found,) = driver.ex_list_certificates([made.id])
    assert (found.name, found.fingerprint) == ("renamed", made.fingerprint)
    wanted = {
        "ListenerPort": 443,
        "StickySession": "off",
        "HealthCheck": "off",
        "ServerCertificateId": made.id,
    }
    algorithm = Algorithm.WEIGHTED_ROUND_ROBIN
    assert driver.ex_create_listener(balancer, 8080, "https", algorithm, -1, **wanted)
    with pytest.raises(BaseHTTPError, match="CertificateAndPrivateKeyIsRefered"):
        driver.ex_delete_certificate(made.id)


def test_instances_regions_and_zones_are_read(cloud):
    address = {"secure": False, "host": "127.0.0.1", "port": cloud.port, "region": REGION}
    key = (cloud.access_key_id, cloud.access_key_secret)
    driver = compute_driver(Compute.ALIYUN_ECS)(*key, **address)
    nodes = driver.list_nodes()
    assert len(nodes) == 24
    (node,) = driver.list_nodes(ex_node_ids=[WEB[0]])
    assert (node.id, node.name, node.state) == (WEB[0], "web-01", NodeState.RUNNING)
    assert node.private_ips and node.extra["instance_network_type"] == "classic"
    assert REGION in [one.id for one in driver.list_locations()]
    assert [one.id for one in driver.ex_list_zones()] == ["cn-hangzhou-h", "cn-hangzhou-i"]
