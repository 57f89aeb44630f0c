"""The made-up account of a company's size: whole, like the API's own, and not served."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.client import Client
from tests.localcloud.process import ROOT, LocalCloud
from vservers.localcloud.big_account import Size, big_account
from vservers.localcloud.generate import BIG_ACCOUNT
from vservers.localcloud.keys import DEFAULT_ACCOUNT
from vservers.localcloud.model import Group, Instance
from vservers.localcloud.quotas import Quotas

REGION = "cn-shanghai"
SIZE = Size(balancers=25, groups=240, members=3_000, instances=150)
NO_LIMIT_OF_BALANCERS = {"LOCALCLOUD_QUOTAS": "balancers=0,server_uses=0"}
DEMO = "lb-bp1shopinternet0001"


def generate(folder: Path, **options: object) -> subprocess.CompletedProcess[str]:
    given = {"region": REGION, **{name: getattr(SIZE, name) for name in Size.__slots__}} | options
    words = [f"--{name}={value}" for name, value in given.items()]
    return subprocess.run(
        [sys.executable, "-m", "vservers.localcloud.generate", "--data-dir", str(folder), *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def client_of(cloud: LocalCloud, account: str = BIG_ACCOUNT) -> Client:
    pair = json.loads((cloud.data_dir / f"access-key-{account}.json").read_text())
    return Client(cloud, pair["access_key_id"], pair["access_key_secret"])


def paged(client: Client, action: str, outer: str, inner: str, **params: Any) -> list[Any]:
    found: list[Any] = []
    page = 1
    while True:
        answer = client.call(action, RegionId=REGION, PageNumber=page, PageSize=100, **params)
        found += answer[outer][inner]
        if len(found) >= answer["TotalCount"]:
            return found
        page += 1


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    folder = tmp_path_factory.mktemp("generated")
    done = generate(folder)
    assert done.returncode == 0, done.stderr
    with LocalCloud(folder, env=NO_LIMIT_OF_BALANCERS) as running:
        yield running


def groups_of(client: Client, balancer: str) -> list[dict[str, Any]]:
    listed = client.call("DescribeVServerGroups", LoadBalancerId=balancer, RegionId=REGION)
    return [
        client.call(
            "DescribeVServerGroupAttribute", VServerGroupId=one["VServerGroupId"], RegionId=REGION
        )
        for one in listed["VServerGroups"]["VServerGroup"]
    ]


def servers_of(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return answer["BackendServers"]["BackendServer"]


def listeners_of(client: Client, balancer: str) -> list[dict[str, Any]]:
    return client.call(
        "DescribeLoadBalancerListeners",
        **{"LoadBalancerId.1": balancer, "MaxResults": 100},
        RegionId=REGION,
    )["Listeners"]


def rules_of(client: Client, balancer: str, listener: dict[str, Any]) -> list[dict[str, Any]]:
    if listener["ListenerProtocol"] != "http":
        return []
    port = {"ListenerPort": listener["ListenerPort"], "LoadBalancerId": balancer}
    return client.call("DescribeRules", RegionId=REGION, **port)["Rules"]["Rule"]


def test_all_that_was_asked_for_is_there_beside_the_demo(big):
    client = client_of(big)
    balancers = paged(client, "DescribeLoadBalancers", "LoadBalancers", "LoadBalancer")
    groups = [one for lb in balancers for one in groups_of(client, lb["LoadBalancerId"])]
    instances = paged(client, "DescribeInstances", "Instances", "Instance", product="ecs")
    assert (len(balancers), len(groups), sum(len(servers_of(one)) for one in groups)) == (
        SIZE.balancers,
        SIZE.groups,
        SIZE.members,
    )
    assert len(instances) == SIZE.instances
    networks = {one["VpcAttributes"]["VpcId"] for one in instances}
    assert "" in networks
    assert len(networks) > 3
    kinds = {
        one["ListenerProtocol"]
        for lb in balancers
        for one in listeners_of(client, lb["LoadBalancerId"])
    }
    assert kinds == {"http", "tcp", "udp"}
    demo = Client(big).call("DescribeLoadBalancers", RegionId="cn-hangzhou")
    assert DEMO in {one["LoadBalancerId"] for one in demo["LoadBalancers"]["LoadBalancer"]}


def batches(rows: list[Any], size: int) -> Iterable[list[Any]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


def test_the_api_takes_every_object_when_it_is_made_once_more(big):
    """Each balancer is made again through the API, and described alike."""
    client = client_of(big)
    rules_seen = 0
    for balancer in paged(client, "DescribeLoadBalancers", "LoadBalancers", "LoadBalancer"):
        old = balancer["LoadBalancerId"]
        # "" is how answers say that there is none.
        wanted = {
            name: balancer[name]
            for name in ("AddressType", "VpcId", "VSwitchId", "LoadBalancerSpec", "MasterZoneId")
            if balancer[name]
        }
        new = client.call("CreateLoadBalancer", RegionId=REGION, **wanted)["LoadBalancerId"]
        where = {"LoadBalancerId": new, "RegionId": REGION}
        described = client.call("DescribeLoadBalancerAttribute", LoadBalancerId=old)
        if servers_of(described):
            client.call("AddBackendServers", BackendServers=servers_of(described), **where)
        renamed: dict[str, str] = {}
        for group in groups_of(client, old):
            made = client.call(
                "CreateVServerGroup", VServerGroupName=group["VServerGroupName"], **where
            )["VServerGroupId"]
            for rows in batches(servers_of(group), 20):
                client.call(
                    "AddVServerGroupBackendServers",
                    VServerGroupId=made,
                    BackendServers=rows,
                    RegionId=REGION,
                )
            renamed[group["VServerGroupId"]] = made
        for listener in listeners_of(client, old):
            protocol, port = listener["ListenerProtocol"], listener["ListenerPort"]
            given = {
                name: listener[name]
                for name in ("BackendServerPort", "Bandwidth", "Description")
                if name in listener
            }
            if listener["VServerGroupId"]:
                given["VServerGroupId"] = renamed[listener["VServerGroupId"]]
            if protocol == "http":
                given["HealthCheck"] = "on"
            client.call(
                f"CreateLoadBalancer{protocol.upper()}Listener",
                ListenerPort=port,
                **given,
                **where,
            )
            rules = [
                {
                    name: renamed.get(rule[name], rule[name])
                    for name in ("RuleName", "Domain", "Url", "VServerGroupId")
                    if rule[name]
                }
                for rule in rules_of(client, old, listener)
            ]
            rules_seen += len(rules)
            for rows in batches(rules, 10):
                client.call("CreateRules", ListenerPort=port, RuleList=rows, **where)
        for before, after in zip(listeners_of(client, old), listeners_of(client, new), strict=True):
            config = f"{before['ListenerProtocol'].upper()}ListenerConfig"
            assert before[config] == after[config]
            assert len(rules_of(client, old, before)) == len(rules_of(client, new, after))
        client.call("DeleteLoadBalancer", **where)
    assert rules_seen > 50


def test_it_survives_a_crash_and_takes_writes(big):
    client = client_of(big)
    first = paged(client, "DescribeLoadBalancers", "LoadBalancers", "LoadBalancer")[0]
    group = groups_of(client, first["LoadBalancerId"])[0]["VServerGroupId"]
    client.call(
        "SetVServerGroupAttribute", VServerGroupId=group, VServerGroupName="own", RegionId=REGION
    )
    big.kill()
    big.start()
    groups = groups_of(client_of(big), first["LoadBalancerId"])
    assert groups[0]["VServerGroupName"] == "own"


def test_the_same_seed_makes_the_same_account():
    def made(seed: int) -> list[Any]:
        return big_account("1", size=SIZE, region=REGION, seed=seed)

    assert made(1) == made(1)
    assert made(1) != made(2)


@pytest.mark.parametrize("seed", range(4))
def test_no_server_is_used_more_often_than_the_cloud_lets(seed):
    size = Size(balancers=100, groups=2_000, members=40_000, instances=1_000)
    made = big_account("1", size=size, region=REGION, seed=seed)
    groups = [one for one in made if isinstance(one, Group)]
    servers = {one.id for one in made if isinstance(one, Instance) and one.running}
    uses = dict.fromkeys(servers, 0)
    for group in groups:
        for server in group.server_ids:
            uses[server] += 1
    assert max(uses.values()) <= Quotas().server_uses
    assert max(len(one.members) for one in groups) <= Quotas().group_members


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"groups": 100_000}, "1000 groups at most"),
        ({"members": 300_000}, "200 members at most"),
        ({"instances": 10}, "not all will be full"),
        ({"balancers": 0, "groups": 0, "members": 0}, "at least"),
        ({"account": "../../evil"}, "a number"),
        ({"account": DEFAULT_ACCOUNT}, "there already"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_made(tmp_path, options, words):
    with LocalCloud(tmp_path):
        pass
    before = sorted(path.name for path in tmp_path.iterdir())
    done = generate(tmp_path, **options)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_running_cloud_is_left_alone(big):
    done = generate(big.data_dir, account="77")
    assert done.returncode == 2
    assert "another local cloud" in done.stderr


@pytest.mark.dataplane
@pytest.mark.skipif(shutil.which("haproxy") is None, reason="HAProxy is not installed")
def test_the_data_plane_serves_the_demo_and_not_the_big_account(tmp_path):
    assert generate(tmp_path).returncode == 0
    with LocalCloud(tmp_path, dataplane=True) as cloud:
        client = client_of(cloud)
        listed = paged(client, "DescribeLoadBalancers", "LoadBalancers", "LoadBalancer")
        for balancer in listed[:5]:
            answer = client.call(
                "DescribeLoadBalancerAttribute", LoadBalancerId=balancer["LoadBalancerId"]
            )
            assert answer["DataPlane"]["Status"] == "off"
            assert "too large" in answer["DataPlane"]["Reason"]
        demo = Client(cloud).call("DescribeLoadBalancerAttribute", LoadBalancerId=DEMO)
        assert demo["DataPlane"] == {"Status": "on", "Reason": ""}
        rendered = "".join(path.read_text() for path in (tmp_path / "dataplane").rglob("*.cfg"))
        assert demo["Address"] in rendered
        assert not any(one["Address"] in rendered for one in listed)
