"""The cloud behind the endpoint: store, writer, data plane, and how an action is carried out."""

import asyncio
import contextlib
import inspect
import re
import time
from collections.abc import Mapping
from typing import Any, cast

# Importing the handlers is what fills the registry.
from vservers.localcloud import handlers  # noqa: F401
from vservers.localcloud.addresses import Addresses
from vservers.localcloud.dataplane.topology import Topology
from vservers.localcloud.errors import ApiError
from vservers.localcloud.faults import Faults
from vservers.localcloud.metrics import Metrics
from vservers.localcloud.model import Balancer, Group, Instance, MasterSlaveGroup
from vservers.localcloud.plane import NoPlane, Plane
from vservers.localcloud.quotas import Quotas
from vservers.localcloud.regions import REGIONS
from vservers.localcloud.registry import ACTIONS, Answer, Call
from vservers.localcloud.signatures import Caller
from vservers.localcloud.store import Changes, Edit, Store, View
from vservers.localcloud.validate import table
from vservers.localcloud.wiring import is_served, named_groups, topology
from vservers.localcloud.writer import Job, Writer

# (API version) -> the product's table; the cloud tells products apart by host, we by version.
PRODUCTS = {
    table(name).version: name for name in ("slb", "ecs", "vpc", "sts", "cms", "cms_query")
} | {"2017-03-01": "cms_query"}
# ECS had networks before VPC was a product of its own, and still answers for them.
_VPC_ACTIONS_OF_ECS = ("DescribeVpcs", "DescribeVSwitches")
# Who is asked by the name of a region's own endpoint need not be told the region.
_REGIONAL_HOST = re.compile(r"[a-z]+(?:-vpc)?[.-]([a-z]+-[a-z0-9-]+)\.aliyuncs\.com(?::\d+)?")
_FIRST_SERVED_SECONDS = 10.0
_FEED_SECONDS = 0.01
_GROUPS = (Group.kind, MasterSlaveGroup.kind)
_NOT_SERVED = NoPlane("this account is made up and too large to be served")


class Cloud:
    """One local cloud.

    network: where new load balancers get their addresses. settling: milliseconds for which a
    listener's status is one in between, such as "starting".
    """

    def __init__(
        self,
        store: Store,
        plane: Plane,
        network: str,
        metrics: Metrics,
        *,
        quotas: Quotas | None = None,
        settling: int = 0,
    ) -> None:
        self.store = store
        self.plane = plane
        self.metrics = metrics
        self.faults = Faults()
        store.before_publishing = lambda changes: self.faults.remember(store, changes)
        self._quotas = quotas or Quotas()
        self._settling = settling
        taken = [
            cast(Balancer | Instance, entity).address
            for cls in (Balancer, Instance)
            for _, entity in store.everything(cls)
        ]
        self.addresses = Addresses(network, taken)
        self._changed = asyncio.Event()
        self._writer = Writer(store, self._published)
        self._feeder: asyncio.Task[None] | None = None
        self._served = Topology()
        # The groups that any listener or rule names, as of then.
        self._named: frozenset[str] = frozenset()

    async def start(self) -> None:
        """Begin to serve what the store holds."""
        await self.plane.start()
        self._served, self._named = topology(self.store), named_groups(self.store)
        self.plane.submit(self._served)
        self._feeder = asyncio.create_task(self._feed())
        self.metrics.start(self.plane, self.store)
        # Whoever is told that we are ready may send traffic at once; a plane in trouble says so.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.plane.settled(), _FIRST_SERVED_SECONDS)

    async def stop(self) -> None:
        """Save what was taken, then end the data plane and close the store."""
        await self._writer.stop()
        if self._feeder is not None:
            self._feeder.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._feeder
        await self.metrics.stop()
        await self.plane.stop()
        self.store.close()

    async def carry_out(self, caller: Caller, given: Mapping[str, str], host: str) -> Answer:
        """Validate and carry out the caller's action. Raises ApiError."""
        account, version, action = caller.account, caller.version, caller.action
        product = PRODUCTS.get(version)
        if product is None:
            raise ApiError("InvalidVersion")
        if product == "ecs" and action in _VPC_ACTIONS_OF_ECS:
            product = "vpc"
        known = table(product).actions
        if action not in known:
            raise ApiError("InvalidAction.NotFound")
        found = ACTIONS[product, action]
        if "RegionId" not in given and (named := _REGIONAL_HOST.fullmatch(host)):
            given = {**given, "RegionId": named[1]}
        params = table(product).validate(action, given)
        if not found.any_region and params.get("RegionId", "cn-hangzhou") not in REGIONS:
            raise ApiError("InvalidRegionId.NotFound")
        now = time.time_ns() // 1_000_000
        plane = self.plane if is_served(View(self.store, account)) else _NOT_SERVED

        def carry_out(state: View) -> Any:
            return found.handler(
                Call(
                    action=action,
                    params=params,
                    state=state,
                    now=now,
                    host=host,
                    plane=plane,
                    addresses=self.addresses,
                    caller=caller,
                    quotas=self._quotas,
                    settling=self._settling,
                    metrics=self.metrics,
                )
            )

        if found.writes:
            return await self._writer.run(lambda draft: carry_out(Edit(draft, account)))
        answer = carry_out(View(self.faults.layer(self.store, action), account))
        # What takes its time, as going through a month of metrics does, is awaited.
        return await answer if inspect.isawaitable(answer) else answer

    async def change(self, job: Job) -> Answer:
        """Carry out a change of our own; on disk when this returns."""
        return await self._writer.run(job)

    def _published(self, changes: Changes) -> None:
        """Wake the feeder, unless all that changed are groups that nothing sends requests to."""
        if any(kind not in _GROUPS or name in self._named for _, kind, name in changes):
            self._changed.set()

    async def _feed(self) -> None:
        """Give the data plane each new state; under many writes, at a fifth of our time at most.

        The first change after a pause is given at once, the next ones together. A write that no
        listener serves, as to one that is stopped, leaves the data plane alone.
        """
        while True:
            await self._changed.wait()
            self._changed.clear()
            began = time.perf_counter()
            served, self._named = topology(self.store), named_groups(self.store)
            if served != self._served:
                self._served = served
                self.plane.submit(served)
            await asyncio.sleep(max(_FEED_SECONDS, 4 * (time.perf_counter() - began)))
