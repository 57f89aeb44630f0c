"""Whatever the API takes of a listener or a rule, the engines can be told."""

import json

import pytest

from tests.localcloud.certificates import pair
from tests.localcloud.conftest import REGION, web
from vservers.localcloud import demo
from vservers.localcloud.cloud import Cloud
from vservers.localcloud.dataplane.ports import Place
from vservers.localcloud.dataplane.render import Frame, render
from vservers.localcloud.dataplane.udp import UdpFrame, render_udp, targets
from vservers.localcloud.errors import ApiError
from vservers.localcloud.keys import DEFAULT_ACCOUNT, AccessKey
from vservers.localcloud.metrics import Metrics
from vservers.localcloud.plane import NoPlane
from vservers.localcloud.signatures import Caller
from vservers.localcloud.store import Store
from vservers.localcloud.validate import table
from vservers.localcloud.wiring import topology

KEY = AccessKey("key", "secret", DEFAULT_ACCOUNT)
FRAME = Frame(
    stats_socket="/run/x/stats.sock",
    state_file="/run/x/state",
    tls_folder="/run/x/tls",
    secret="abc",
)
# The odd ones among the texts that each format lets through.
TEXTS = {
    "check_domain": ["$_ip", "A-1.example.com"],
    "check_uri": ["/", "/a-b_c.d?e=1&f=%20#g"],
    "cookie": ["A_b.c-d", "c" * 200],
    "probe": ["a1", "Z" * 64],
    "text": ["'\"\\ ${HOME} %[src] 机器"],
}
# What one setting needs of others, so that most are taken.
FULL = {
    "StickySession": "on",
    "StickySessionType": "insert",
    "Cookie": "c",
    "CookieTimeout": "60",
    "ConnectionDrain": "on",
    "ConnectionDrainTimeout": "10",
    "HealthCheckType": "http",
}
RULES = [
    {"Domain": "a.example.com"},
    {"Domain": "*.Example-1.com", "Url": "/a-b.c/%20?d&e#f"},
    {"Url": "/" + "a" * 79},
]


@pytest.fixture
async def do(tmp_path):
    """Carries out an action of an own load balancer; `do.cloud` is the cloud."""
    store = Store(tmp_path / "state.sqlite3")
    cloud = Cloud(store, NoPlane("test"), "127.91.0.0/16", Metrics(tmp_path / "metrics.sqlite3"))
    changes = {
        (DEFAULT_ACCOUNT, entity.kind, entity.id): entity
        for entity in demo.entities(cloud.addresses)
    }
    store.write(changes)
    store.publish(changes)
    await cloud.start()

    async def carry_out(action, **params):
        caller = Caller(KEY, None, action, table("slb").version)
        given = {name: str(value) for name, value in params.items()}
        return await cloud.carry_out(caller, given, "127.0.0.1:1")

    carry_out.cloud = cloud
    yield carry_out
    await cloud.stop()


def choices(spec):
    """The values of a parameter that are at an end of what the table lets through."""
    if "enum" in spec:
        return [*spec["enum"], ",".join(spec["enum"])] if "separator" in spec else spec["enum"]
    if spec["type"] == "integer" and "bounds" in spec:
        return [*spec["bounds"], *spec.get("also", ())]
    return TEXTS.get(spec.get("format", ""), [])


def written(cloud):
    """All that is served, as the engines would be told; fails where a part is left out."""
    served = topology(cloud.store)
    places = {(one.address, one.port): Place(one.port) for one in served.listeners}
    targets(served, lambda port: port)
    render_udp(served, UdpFrame(), places, lambda port: port, lambda key: True)
    found = render(served, FRAME, places, lambda port: port)
    assert found.left_out == ()
    return found.config


@pytest.mark.parametrize("protocol", ["HTTP", "HTTPS", "TCP", "UDP"])
async def test_every_listener_that_is_taken_can_be_written(do, protocol):
    made = await do("CreateLoadBalancer", RegionId=REGION, LoadBalancerSpec="slb.s1.small")
    where = {"LoadBalancerId": made["LoadBalancerId"]}
    servers = json.dumps([{"ServerId": web(1), "Port": 80}])
    group = (await do("CreateVServerGroup", RegionId=REGION, BackendServers=servers, **where))[
        "VServerGroupId"
    ]
    needed = {"VServerGroupId": group, "HealthCheck": "on", "Bandwidth": -1, **where}
    if protocol == "HTTPS":
        certificate, key = pair("www.example.com")
        needed["ServerCertificateId"] = (
            await do(
                "UploadServerCertificate",
                RegionId=REGION,
                ServerCertificate=certificate,
                PrivateKey=key,
            )
        )["ServerCertificateId"]
    action = f"CreateLoadBalancer{protocol}Listener"
    specs = table("slb").actions[action]
    taken = refused = 0
    ends = [{name: value} for name, spec in specs.items() for value in choices(spec)]
    for own in ({}, FULL, *({**FULL, **end} for end in ends)):
        given = {"ListenerPort": 8000, **needed, **own}
        at = {"ListenerPort": given["ListenerPort"], "ListenerProtocol": protocol.lower()}
        try:
            await do(action, **given)
        except ApiError:
            refused += 1
            continue
        taken += 1
        await do("StartLoadBalancerListener", **where, **at)
        config = written(do.cloud)
        if protocol != "UDP":
            assert f"{where['LoadBalancerId']}.{protocol.lower()}.{at['ListenerPort']}" in config
        await do("DeleteLoadBalancerListener", **where, **at)
    assert taken > 4 * refused


async def test_every_rule_that_is_taken_can_be_written(do):
    where = {"LoadBalancerId": demo.SHOP_BALANCER, "ListenerPort": 80, "RegionId": REGION}
    servers = json.dumps([{"ServerId": web(1), "Port": 80}])
    group = (await do("CreateVServerGroup", BackendServers=servers, **where))["VServerGroupId"]
    rows = [
        {"RuleName": f"r{number}", "VServerGroupId": group, **rule}
        for number, rule in enumerate(RULES)
    ]
    made = await do("CreateRules", RuleList=json.dumps(rows), **where)
    assert written(do.cloud).count("use_backend") == len(RULES) + 1
    rule = made["Rules"]["Rule"][0]["RuleId"]
    own = {"ListenerSync": "off", "Scheduler": "wrr", "StickySession": "off", "HealthCheck": "on"}
    await do("SetRule", RegionId=REGION, RuleId=rule, **own)
    taken = 0
    for name, spec in table("slb").actions["SetRule"].items():
        for value in choices(spec):
            try:
                await do("SetRule", RegionId=REGION, RuleId=rule, **{**FULL, name: value})
            except ApiError:
                continue
            taken += 1
            written(do.cloud)
    assert taken > 20
