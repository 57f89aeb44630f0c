"""The data plane as the local cloud sees it: hand over a topology, and it is served.

One background task applies what was submitted last: first the demo instances that are new, then
the engine, then the instances that nobody uses any more. If only weights differ from what is live,
the running engine is told them; anything else is a checked, hitless reload.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import logging
import os
import pwd
import re
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from vservers.localcloud.dataplane.engine import Engine, EngineError, EngineRefused
from vservers.localcloud.dataplane.fleet import Fleet
from vservers.localcloud.dataplane.ports import (
    Endpoint,
    Place,
    claim,
    lowest_bindable_port,
    served_port,
)
from vservers.localcloud.dataplane.render import (
    Frame,
    Rendered,
    ServerKey,
    backend_name,
    render,
    server_name,
)
from vservers.localcloud.dataplane.servers import EMPTY_STATE, UNAVAILABLE, carry_over, parse
from vservers.localcloud.dataplane.topology import Listener, Topology
from vservers.localcloud.dataplane.words import RenderError

log = logging.getLogger(__name__)

HEALTH_SECONDS = 0.4
HEALTH_SHARE = 10  # at most one part in ten of the time goes into reading health
RETRY_SECONDS = 2.0
RETRY_AFTER_DEATH_SECONDS = 0.1
CLAIM_TRIES = 3
CLAIM_PAUSE_SECONDS = 0.05
MAX_ENGINE_THREADS = 4
MAX_SOCKET_PATH = 80  # the system's limit is 108; the engine appends its pid while it binds
SHOWN_REFUSALS = 5

_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Status:
    """on: traffic is served. reason: why not, or why the last change is not served yet."""

    on: bool
    reason: str = ""


class DataPlane:
    """HAProxy and the demo instances, following the last submitted topology.

    runtime_dir: private to one data plane at a time. haproxy: the program, None to look for it.
    """

    def __init__(self, runtime_dir: Path, haproxy: str | None = None) -> None:
        self.status = Status(on=False, reason="not started")
        self._folder = runtime_dir.absolute()
        self._haproxy = haproxy
        self._wanted = Topology()
        self._listeners: dict[tuple[str, str, int], Listener] = {}
        self._places: dict[Endpoint, Place] = {}
        self._live: Rendered | None = None
        self._health: dict[ServerKey, str] = {}
        self._retiring: set[Endpoint] = set()
        self._submitted = 0
        self._applied = 0
        self._wake = asyncio.Event()
        self._progress = asyncio.Condition()
        self._applying = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._fleet: Fleet | None = None
        self._engine: Engine | None = None
        self._lock_file: TextIO | None = None

    async def start(self) -> None:
        """Start what there is to start; without HAProxy the status says so, and nothing runs."""
        program = find_haproxy(self._haproxy)
        if program is None:
            self.status = Status(on=False, reason="haproxy is not installed")
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock_file = _locked(self._folder / "lock")
        if self._lock_file is None:
            self.status = Status(on=False, reason=f"{self._folder} is used by another data plane")
            return
        self._lowest_port = lowest_bindable_port()
        sockets = socket_folder(self._folder)
        self._engine = Engine(program, self._folder, sockets, self._engine_died)
        self._engine.end_leftover()
        self._frame = Frame(
            stats_socket=str(self._engine.stats_socket),
            state_file=str(self._engine.state_path),
            owner=_unprivileged_owner(),
            threads=min(os.cpu_count() or 1, MAX_ENGINE_THREADS),
        )
        self._fleet = Fleet()
        await self._fleet.start()
        self.status = Status(on=False, reason="starting")
        self._submitted += 1  # what was submitted before, or nothing, is live when settled
        self._wake.set()
        self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._watch())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        if self._engine is not None:
            await self._engine.stop()
        if self._fleet is not None:
            await self._fleet.stop()
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None
        self.status = Status(on=False, reason="stopped")
        self._live = None
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

    async def settled(self) -> None:
        """Wait until what is submitted now is live or refused; at once when nothing runs."""
        awaited = self._submitted
        async with self._progress:
            await self._progress.wait_for(lambda: self._applied >= awaited or not self._tasks)

    def health(
        self, load_balancer_id: str, protocol: str, port: int
    ) -> dict[tuple[str, str, int], str]:
        """(backend key, server ID, member port) -> "normal", "abnormal" or "unavailable".

        Unavailable: the check is off, has no result yet, or the engine does not run.
        """
        listener = self._listeners.get((load_balancer_id, protocol, port))
        if listener is None:
            return {}
        return {
            (backend.key, member.server_id, member.port): self._health.get(
                (backend_name(listener, backend.key), server_name(member)), UNAVAILABLE
            )
            for backend in listener.backends
            for member in backend.members
        }

    def served_at(self, address: str, port: int) -> tuple[str, int, str]:
        """Where a listener's address and port is really served, and what to tell people of it."""
        place = self._places.get((address, port))
        return (address, port, "") if place is None else (address, place.port, place.notice)

    def notices(self) -> list[str]:
        """What a person should know: moved and refused ports, instances that cannot answer."""
        notices = [self.status.reason] if self.status.reason else []
        notices += [place.notice for place in self._places.values() if place.notice]
        refused = list(self._fleet.refused.values()) if self._fleet is not None else []
        notices += refused[:SHOWN_REFUSALS]
        if len(refused) > SHOWN_REFUSALS:
            notices.append(f"and {len(refused) - SHOWN_REFUSALS} more instance ports do not answer")
        return notices

    async def _follow(self) -> None:
        """Apply what was submitted last, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            number, topology = self._submitted, self._wanted
            try:
                async with self._applying:
                    await self._apply(topology)
            except (RenderError, EngineRefused) as error:
                self._fail(f"the engine refused the configuration: {error}")
            except (EngineError, OSError) as error:
                self._fail(f"the change could not be applied: {error}")
                self._retry(RETRY_SECONDS)
            except Exception:
                log.exception("a topology could not be applied")
                self._fail("the change could not be applied: see the log")
            else:
                self.status = Status(on=True)
            self._applied = number
            async with self._progress:
                self._progress.notify_all()

    async def _apply(self, topology: Topology) -> None:
        assert self._engine is not None and self._fleet is not None  # noqa: S101 - started
        if not self._engine.running:
            self._live = None
        serving = self._instance_endpoints(topology)
        alive = {address for address, _ in serving} | {a for _, a in topology.instances}
        unused = self._fleet.endpoints.keys() - serving.keys()
        # A stopped instance is gone at once, whoever still talks to it.
        await self._fleet.close([e for e in unused if e[0] not in alive], abort=True)
        await self._fleet.open(serving)
        self._places = await self._claim(topology)
        rendered = await asyncio.to_thread(
            render, topology, self._frame, self._places, self._real_port
        )
        if self._live is None or rendered.shape != self._live.shape:
            await self._load(rendered)
        elif rendered.config != self._live.config:
            await self._set_weights(self._live, rendered)
        self._live = rendered
        self._retiring = self._fleet.endpoints.keys() - serving.keys()
        if any(not place.served for place in self._places.values()) or self._fleet.refused:
            self._retry(RETRY_SECONDS)

    async def _load(self, rendered: Rendered) -> None:
        assert self._engine is not None  # noqa: S101
        state = EMPTY_STATE
        if self._engine.running:
            dump = await self._engine.server_states()
            state = await asyncio.to_thread(carry_over, dump, rendered.servers)
        await self._engine.load(rendered.config, state)

    async def _set_weights(self, live: Rendered, rendered: Rendered) -> None:
        assert self._engine is not None  # noqa: S101
        changed = {
            key: server.weight
            for key, server in rendered.servers.items()
            if server.weight != live.servers[key].weight
        }
        try:
            await self._engine.set_weights(changed)
        except EngineError as error:
            log.warning("weights are set by a reload, for haproxy says: %s", error)
            await self._load(rendered)
        else:
            await self._engine.keep(rendered.config)

    async def _claim(self, topology: Topology) -> dict[Endpoint, Place]:
        """Places for all listeners; what the live configuration has bound is kept."""
        wanted = [(listener.address, listener.port) for listener in topology.listeners]
        held = self._places if self._live is not None else {}
        for _ in range(CLAIM_TRIES):
            places = claim(wanted, held, self._lowest_port)
            new = [e for e, place in places.items() if not place.served and e not in held]
            if not new:
                break
            # The worker of the configuration before may be about to let go of just this port.
            await asyncio.sleep(CLAIM_PAUSE_SECONDS)
        return places

    def _instance_endpoints(self, topology: Topology) -> dict[Endpoint, str]:
        return {
            (member.address, self._real_port(member.port)): member.server_id
            for listener in topology.listeners
            for backend in listener.backends
            for member in backend.members
            if member.running
        }

    def _real_port(self, port: int) -> int:
        return served_port(port, self._lowest_port)

    async def _watch(self) -> None:
        """Read health, and close the instances that no worker uses any more."""
        while True:
            started = time.monotonic()
            async with self._applying:
                with contextlib.suppress(EngineError):
                    await self._look()
            spent = time.monotonic() - started
            await asyncio.sleep(max(HEALTH_SECONDS, HEALTH_SHARE * spent))

    async def _look(self) -> None:
        assert self._engine is not None and self._fleet is not None  # noqa: S101
        if self._live is None or not self._engine.running:
            self._health = {}
            return
        if any(listener.health_check for listener in self._wanted.listeners):
            dump = await self._engine.server_states()
            self._health = await asyncio.to_thread(_healths, dump)
        else:
            self._health = {}
        if self._retiring and not await self._engine.draining():
            retired, self._retiring = self._retiring, set()
            await self._fleet.close(retired)

    def _engine_died(self, why: str) -> None:
        log.error("%s", why)
        self.status = Status(on=False, reason=why)
        self._health = {}
        self._retry(RETRY_AFTER_DEATH_SECONDS)

    def _fail(self, reason: str) -> None:
        running = self._engine is not None and self._engine.running
        log.error("%s", reason)
        self.status = Status(on=running and self._live is not None, reason=reason)

    def _retry(self, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds, self._wake.set)


def find_haproxy(program: str | None) -> str | None:
    """The program's path; ordinary users often lack /usr/sbin on their PATH."""
    if program is not None:
        return shutil.which(program)
    return shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")


def socket_folder(folder: Path) -> Path:
    """A folder for sockets: the given one if its path is short and plain, else one of our own.

    The same folder always gives the same one, so that nothing piles up. Raises OSError when that
    belongs to somebody else.
    """
    if len(str(folder)) <= MAX_SOCKET_PATH and _PLAIN_PATH.fullmatch(str(folder)):
        return folder
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"dataplane-{os.getuid()}-{digest}"
    short.mkdir(mode=0o700, exist_ok=True)
    found = short.lstat()
    if short.is_symlink() or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"{short} is not ours alone")
    return short


def _locked(path: Path) -> TextIO | None:
    """The open lock file, None when another process holds it."""
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def _unprivileged_owner() -> tuple[int, int] | None:
    """Whom the workers become when we are root: the package's own user, if there is one."""
    if os.geteuid() != 0:
        return None
    try:
        user = pwd.getpwnam("haproxy")
    except KeyError:
        return None
    return user.pw_uid, user.pw_gid


def _healths(dump: str) -> dict[ServerKey, str]:
    return {state.key: state.health for state in parse(dump)}
