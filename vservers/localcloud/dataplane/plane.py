"""The data plane as the local cloud sees it: hand over a topology, and it is served.

One background task applies what was submitted last: first the demo instances that are new, then
the engine, then the instances that nobody uses any more. If only weights differ from what is live,
the running engine is told them; anything else is a checked, hitless reload. UDP is served by an
engine of its own, and what goes wrong there leaves the rest as it is.
"""

import asyncio
import logging
import os
import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from vservers.localcloud.dataplane.counters import Meter, Reading
from vservers.localcloud.dataplane.datagrams import Datagrams
from vservers.localcloud.dataplane.drains import Drains
from vservers.localcloud.dataplane.engine import Engine, EngineError, EngineRefused
from vservers.localcloud.dataplane.fleet import Fleet, endpoints
from vservers.localcloud.dataplane.machine import (
    find_haproxy,
    locked,
    socket_folder,
    unprivileged_owner,
    unprivileged_user,
)
from vservers.localcloud.dataplane.names import DATAGRAMS, ServerKey, backend_name, server_name
from vservers.localcloud.dataplane.ports import (
    Endpoint,
    Place,
    claim_patiently,
    lowest_bindable_port,
    served_port,
)
from vservers.localcloud.dataplane.render import Block, Frame, Rendered, render
from vservers.localcloud.dataplane.results import CheckResult
from vservers.localcloud.dataplane.servers import EMPTY_STATE, UNAVAILABLE, carry_over, healths
from vservers.localcloud.dataplane.sessions import Sessions
from vservers.localcloud.dataplane.status import Status
from vservers.localcloud.dataplane.tls import CertificateFiles
from vservers.localcloud.dataplane.topology import Listener, Topology
from vservers.localcloud.dataplane.words import RenderError

log = logging.getLogger(__name__)

HEALTH_SECONDS = 0.4
HEALTH_SHARE = 10  # at most one part in ten of the time goes into reading health
RETRY_SECONDS = 2.0
RESTART_SECONDS = 0.1
STEADY_SECONDS = 10.0  # an engine that ended sooner than this is not restarted in a hurry
MAX_ENGINE_THREADS = 4


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a started data plane consists of."""

    engine: Engine
    datagrams: Datagrams
    fleet: Fleet
    certificates: CertificateFiles
    drains: Drains
    frame: Frame
    sockets: Path
    lock: TextIO
    blocks: dict[str, Block] = field(default_factory=dict)


class DataPlane:
    """HAProxy, nginx and the demo instances, following the last submitted topology.

    runtime_dir: private to one data plane at a time. haproxy, nginx: the programs, None to look for
    them. Without nginx the UDP listeners are off; without HAProxy everything is. instances: whether
    demo instances answer, or somebody else's servers do.
    """

    def __init__(
        self,
        runtime_dir: Path,
        haproxy: str | None = None,
        nginx: str | None = None,
        *,
        instances: bool = True,
    ) -> None:
        self._instances = instances
        self.status = Status(on=False, reason="not started")
        self._folder = runtime_dir.absolute()
        self._haproxy = haproxy
        self._nginx = nginx
        self._lowest_port = lowest_bindable_port()
        self._parts: _Parts | None = None
        self._tasks: list[asyncio.Task[None]] = []
        # What is wanted, and how far it has come.
        self._wanted = Topology()
        self._listeners: dict[tuple[str, str, int], Listener] = {}
        self._submitted = 0
        self._applied = 0
        self._wake = asyncio.Event()
        self._progress = asyncio.Condition()
        self._applying = asyncio.Lock()
        # What is so.
        self._live: Rendered | None = None
        self._places: dict[Endpoint, Place] = {}
        self._left_out: list[str] = []
        self._health: dict[ServerKey, str] = {}
        self._retiring: set[Endpoint] = set()
        self._engine_started = 0.0
        self._meter = Meter()
        self._sessions = Sessions()

    async def start(self) -> None:
        """Start what there is to start; without HAProxy the status says so, and nothing runs."""
        program = find_haproxy(self._haproxy)
        if program is None:
            self.status = Status(on=False, reason="haproxy is not installed")
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = locked(self._folder / "lock")
        if lock is None:
            self.status = Status(on=False, reason=f"{self._folder} is used by another data plane")
            return
        sockets = socket_folder(self._folder)
        engine = Engine(program, self._folder, sockets, self._engine_ended)
        engine.end_leftover()
        frame = Frame(
            stats_socket=str(engine.stats_socket),
            state_file=str(engine.state_path),
            tls_folder=str(sockets / "tls"),
            secret=secrets.token_hex(16),
            owner=unprivileged_owner(),
            threads=min(os.cpu_count() or 1, MAX_ENGINE_THREADS),
        )
        user, fleet = unprivileged_user(), Fleet(answering=self._instances)
        parts = self._parts = _Parts(
            engine,
            Datagrams(self._folder / "nginx", self._nginx, user, self._lowest_port, fleet),
            fleet,
            CertificateFiles(sockets / "tls"),
            Drains(engine.cut),
            frame,
            sockets,
            lock,
        )
        await parts.fleet.start()
        await parts.datagrams.start()
        self.status = Status(on=False, reason="starting")
        parts.datagrams.submit(self._wanted)
        self._submitted += 1  # settled() covers what was submitted before the start, too
        self._wake.set()
        self._tasks = [
            asyncio.create_task(self._follow(parts)),
            asyncio.create_task(self._watch(parts)),
        ]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        parts, self._parts = self._parts, None
        if parts is not None:
            await self._meter.close()
            await parts.engine.stop()
            await parts.datagrams.stop()
            await parts.fleet.stop()
            parts.certificates.clean(())
            if parts.sockets != self._folder:
                shutil.rmtree(parts.sockets, ignore_errors=True)
            parts.lock.close()
        self.status = Status(on=False, reason="stopped")
        self._live, self._places, self._health = None, {}, {}
        async with self._progress:
            self._progress.notify_all()

    def submit(self, topology: Topology) -> None:
        """Take this as what to serve. Several calls before the first is applied cost one apply."""
        self._wanted = topology
        self._listeners = {
            (listener.load_balancer_id, listener.protocol, listener.port): listener
            for listener in topology.listeners
        }
        self._submitted += 1
        self._wake.set()
        if self._parts is not None:
            self._parts.datagrams.submit(topology)

    async def settled(self) -> None:
        """Wait until what is submitted now is live or refused; at once when nothing runs."""
        awaited = self._submitted
        async with self._progress:
            await self._progress.wait_for(lambda: self._applied >= awaited or not self._tasks)
        if self._parts is not None:
            await self._parts.datagrams.settled()

    def health(
        self, load_balancer_id: str, protocol: str, port: int
    ) -> dict[tuple[str, str, int], str]:
        """(backend key, server ID, member port) -> "normal", "abnormal" or "unavailable".

        Unavailable: the check is off, has no result yet, or the engine does not run.
        """
        listener = self._listeners.get((load_balancer_id, protocol, port))
        if listener is None:
            return {}
        try:
            return {
                (backend.key, member.server_id, member.port): self._health_of(
                    protocol, (backend_name(listener, backend.key), server_name(member))
                )
                for backend in listener.backends
                for member in backend.members
            }
        except RenderError:
            return {}  # never rendered, so never checked

    async def check_results(
        self, load_balancer_id: str, protocol: str, port: int
    ) -> dict[tuple[str, str, int], CheckResult]:
        """What the last check of each server said, by the keys of `health`; of no UDP server."""
        if self._parts is None:
            return {}
        listener = self._listeners.get((load_balancer_id, protocol, port))
        return await self._sessions.checks(self._parts.engine, listener)

    def _health_of(self, protocol: str, key: ServerKey) -> str:
        if protocol in DATAGRAMS:
            return self._parts.datagrams.health(key) if self._parts is not None else UNAVAILABLE
        return self._health.get(key, UNAVAILABLE)

    def served_at(self, address: str, port: int, protocol: str = "tcp") -> tuple[str, int, str]:
        """Where a listener's address and port is really served, and what to tell people of it.

        protocol: only "udp" differs from all others, which share a port's number space.
        """
        places: Mapping[Endpoint, Place] = self._places
        if protocol in DATAGRAMS:
            places = self._parts.datagrams.places if self._parts is not None else {}
        place = places.get((address, port))
        return (address, port, "") if place is None else (address, place.port, place.notice)

    def notices(self) -> list[str]:
        """What a person should know: moved and refused ports, instances that cannot answer."""
        notices = [self.status.reason] if self.status.reason else []
        notices += [place.notice for place in self._places.values() if place.notice]
        notices += self._left_out
        if self._parts is None:
            return notices
        return notices + self._parts.datagrams.notices() + self._parts.fleet.notices()

    async def counters(self) -> list[Reading]:
        """What each listener has counted since the start; without UDP, whose engine does not."""
        engine = self._parts.engine if self._parts is not None else None
        return await self._meter.readings(engine, self._listeners.values(), self.health)

    async def connections(
        self, load_balancer_id: str, protocol: str, port: int
    ) -> dict[tuple[str, str, int], int]:
        """Open connections by (backend key, server ID, port); none of UDP, which has none."""
        listener = self._listeners.get((load_balancer_id, protocol, port))
        if self._parts is None or protocol in DATAGRAMS:
            return {}
        return await self._sessions.of(self._parts.engine, listener)

    async def _follow(self, parts: _Parts) -> None:
        """Apply what was submitted last, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            number, topology = self._submitted, self._wanted
            try:
                async with self._applying:
                    await self._apply(parts, topology)
            except (RenderError, EngineRefused) as error:
                self._not_applied(parts, f"the configuration is refused: {error}")
            except (EngineError, OSError) as error:
                self._not_applied(parts, f"the change could not be applied: {error}")
                self._retry(RETRY_SECONDS)
            except Exception:
                log.exception("a topology could not be applied")
                self._not_applied(parts, "the change could not be applied: see the log")
            else:
                self.status = Status(on=True)
            self._applied = number
            async with self._progress:
                self._progress.notify_all()

    async def _apply(self, parts: _Parts, topology: Topology) -> None:
        if not parts.engine.running:
            self._live = None
        serving = endpoints(topology.listeners, self._real_port)
        alive = {address for address, _ in serving} | {a for _, a in topology.instances}
        unused = parts.fleet.endpoints.keys() - serving.keys()
        # A stopped instance is gone at once, whoever still talks to it.
        await parts.fleet.close([e for e in unused if e[0] not in alive], abort=True)
        await parts.fleet.open(serving)
        topology, left_out = await asyncio.to_thread(parts.certificates.prepare, topology)
        places = await self._claim(topology)
        rendered = await asyncio.to_thread(
            render, topology, parts.frame, places, self._real_port, parts.blocks
        )
        self._left_out = [*left_out, *rendered.left_out]
        if self._live is None or rendered.shape != self._live.shape:
            await self._load(parts.engine, rendered)
        elif rendered.config != self._live.config:
            await self._set_weights(parts.engine, self._live, rendered)
        self._live, self._places = rendered, places
        await asyncio.to_thread(parts.certificates.clean, topology.listeners)
        await parts.drains.follow(rendered.servers)
        self._retiring = parts.fleet.endpoints.keys() - serving.keys()
        if parts.fleet.refused or not all(place.served for place in places.values()):
            self._retry(RETRY_SECONDS)

    async def _load(self, engine: Engine, rendered: Rendered) -> None:
        state = EMPTY_STATE
        if engine.running:
            dump = await engine.server_states()
            state = await asyncio.to_thread(carry_over, dump, rendered.servers)
        else:
            self._engine_started = time.monotonic()
        async with self._meter.over_reload(engine):
            await engine.load(rendered.config, state)

    async def _set_weights(self, engine: Engine, live: Rendered, rendered: Rendered) -> None:
        try:
            await engine.set_weights(rendered.weights_unlike(live))
        except EngineError as error:
            log.warning("weights are set by a reload, for haproxy says: %s", error)
            await self._load(engine, rendered)
        else:
            await engine.keep(rendered.config)

    async def _claim(self, topology: Topology) -> dict[Endpoint, Place]:
        """Places for all listeners; what the live configuration has bound is kept."""
        wanted = [
            (listener.address, listener.port)
            for listener in topology.listeners
            if listener.protocol not in DATAGRAMS
        ]
        held = self._places if self._live is not None else {}
        return await claim_patiently(wanted, held, self._lowest_port)

    def _real_port(self, port: int) -> int:
        return served_port(port, self._lowest_port)

    async def _watch(self, parts: _Parts) -> None:
        """Read health, and close the instances that no worker uses any more, for ever."""
        while True:
            started = time.monotonic()
            try:
                await self._read_health(parts.engine)
                await parts.drains.see(self._health)
                await self._close_retired(parts)
                parts.engine.trim_log()
            except EngineError as error:
                log.info("health could not be read: %s", error)
            spent = time.monotonic() - started
            await asyncio.sleep(max(HEALTH_SECONDS, HEALTH_SHARE * spent))

    async def _read_health(self, engine: Engine) -> None:
        live = self._live
        if live is None or not engine.running:
            self._health = {}
        elif any(server.checked for server in live.servers.values()):
            dump = await engine.server_states()
            self._health = await asyncio.to_thread(healths, dump)
        else:
            self._health = {}

    async def _close_retired(self, parts: _Parts) -> None:
        if not self._retiring:
            return
        async with self._applying:  # an apply may want them again
            if not await parts.engine.draining():
                retired, self._retiring = self._retiring, set()
                await parts.fleet.close(retired)

    def _engine_ended(self, why: str) -> None:
        log.error("%s", why)
        self.status = Status(on=False, reason=why)
        self._health = {}
        steady = time.monotonic() - self._engine_started > STEADY_SECONDS
        self._retry(RESTART_SECONDS if steady else RETRY_SECONDS)

    def _not_applied(self, parts: _Parts, reason: str) -> None:
        log.error("%s", reason)
        self.status = Status(
            on=parts.engine.running and self._live is not None,
            reason=reason,
        )

    def _retry(self, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds, self._wake.set)
