"""What the data plane is told of, and what not."""

import asyncio

from tests.localcloud.conftest import REGION, web
from vservers.localcloud.__main__ import store_demo
from vservers.localcloud.cloud import PRODUCTS, Cloud
from vservers.localcloud.keys import DEFAULT_ACCOUNT, AccessKey
from vservers.localcloud.metrics import Metrics
from vservers.localcloud.plane import NoPlane
from vservers.localcloud.signatures import Caller
from vservers.localcloud.store import Store

SLB = next(version for version, product in PRODUCTS.items() if product == "slb")
KEY = AccessKey("id", "secret", DEFAULT_ACCOUNT)
POOL = {"RegionId": REGION, "LoadBalancerId": "lb-bp1shopinternet0001"}


class Listening(NoPlane):
    """Serves nothing, and keeps what it was given."""

    def __init__(self):
        super().__init__("it only listens")
        self.given = []
        self.came = asyncio.Event()

    def submit(self, topology):
        self.given.append(topology)
        self.came.set()


def weights(topology, group):
    return [
        member.weight
        for listener in topology.listeners
        for backend in listener.backends
        if backend.key == group
        for member in backend.members
    ]


async def test_the_data_plane_is_given_what_is_served_and_left_alone_otherwise(tmp_path):
    plane = Listening()
    store = Store(tmp_path / "state.sqlite3")
    cloud = Cloud(store, plane, "127.98.0.0/16", Metrics(tmp_path / "metrics.sqlite3", 60))
    store_demo(cloud)
    await cloud.start()

    async def call(action, **params):
        return await cloud.carry_out(Caller(KEY, None, action, SLB), POOL | params, "host")

    try:
        (first,) = plane.given
        plane.came.clear()
        for number in range(3):
            made = await call("CreateVServerGroup", VServerGroupName=f"unused-{number}")
            group = {"VServerGroupId": str(made["VServerGroupId"])}
            rows = f'[{{"ServerId": "{web(1)}", "Port": 80}}]'
            await call("AddVServerGroupBackendServers", **group, BackendServers=rows)
        rows = f'[{{"ServerId": "{web(1)}", "Weight": 7}}]'
        await call("SetBackendServers", BackendServers=rows)
        await asyncio.wait_for(plane.came.wait(), 30)
        assert [one == first for one in plane.given] == [True, False]
        # A group that a rule names is served, from its first change on.
        rule = f'[{{"RuleName": "r", "Url": "/x", "VServerGroupId": "{made["VServerGroupId"]}"}}]'
        await call("CreateRules", ListenerPort="80", RuleList=rule)
        for weight in (8, 9):
            plane.came.clear()
            rows = f'[{{"ServerId": "{web(1)}", "Port": 80, "Weight": {weight}}}]'
            await call("SetVServerGroupAttribute", **group, BackendServers=rows)
            await asyncio.wait_for(plane.came.wait(), 30)
            while weight not in weights(plane.given[-1], group["VServerGroupId"]):
                plane.came.clear()
                await asyncio.wait_for(plane.came.wait(), 30)
    finally:
        await cloud.stop()
