"""The UDP half of the data plane: nginx, the checks of its servers, and what to say of both."""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

from vservers.localcloud.dataplane.fleet import Fleet, endpoints
from vservers.localcloud.dataplane.names import DATAGRAMS, ServerKey
from vservers.localcloud.dataplane.nginx import Nginx, NginxError, NginxRefused, find_nginx
from vservers.localcloud.dataplane.ports import Endpoint, Place, claim, served_port
from vservers.localcloud.dataplane.probes import Probes
from vservers.localcloud.dataplane.topology import Topology
from vservers.localcloud.dataplane.udp import UdpFrame, render_udp, targets
from vservers.localcloud.dataplane.words import RenderError

log = logging.getLogger(__name__)

RETRY_SECONDS = 2.0
MISSING = "UDP listeners are off: nginx with its stream module is not installed"


class Datagrams:
    """Serves the UDP listeners of the topology that was submitted last, in its own time.

    folder: nginx's own; program: its name or path, None to look for it; user: whom its workers
    become, "" for nobody else; lowest_port: the lowest that may be bound; fleet: who answers.
    """

    def __init__(
        self, folder: Path, program: str | None, user: str, lowest_port: int, fleet: Fleet
    ) -> None:
        self._folder = folder
        self._program = program
        self._user = user
        self._lowest_port = lowest_port
        self._fleet = fleet
        self._nginx: Nginx | None = None
        self._topology = Topology()
        self._submitted = 0
        self._applied = 0
        self._live = ""
        self._places: dict[Endpoint, Place] = {}
        self._trouble = ""
        self._probes = Probes(self._again)
        self._wake = asyncio.Event()
        self._progress = asyncio.Condition()
        self._keeper: asyncio.Task[None] | None = None

    @property
    def places(self) -> Mapping[Endpoint, Place]:
        return self._places

    def health(self, key: ServerKey) -> str:
        return self._probes.health(key)

    def notices(self) -> list[str]:
        """What a person should know."""
        notices = [self._trouble] if self._trouble else []
        return notices + [place.notice for place in self._places.values() if place.notice]

    async def start(self) -> None:
        program = await asyncio.to_thread(find_nginx, self._program)
        if program is not None:
            self._nginx = Nginx(program, self._folder, self._ended)
            self._nginx.end_leftover()
        self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
            self._keeper = None
        await self._probes.stop()
        if self._nginx is not None:
            await self._nginx.stop()
            self._nginx = None
        self._live, self._places, self._trouble = "", {}, ""
        async with self._progress:
            self._progress.notify_all()

    def submit(self, topology: Topology) -> None:
        """Serve its UDP listeners; trouble is said by `notices`."""
        self._topology = topology
        self._submitted += 1
        self._wake.set()

    async def settled(self) -> None:
        """Wait until what is submitted now is live or refused."""
        awaited = self._submitted
        async with self._progress:
            await self._progress.wait_for(lambda: self._applied >= awaited or self._keeper is None)

    async def _keep(self) -> None:
        """Apply what was submitted; again when a server went or came, or when nginx ended."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            number = self._submitted
            try:
                await self._apply(self._topology)
            except (RenderError, NginxRefused) as error:
                self._say(f"the configuration of UDP listeners is refused: {error}")
            except (NginxError, OSError) as error:
                self._say(f"UDP listeners could not be changed: {error}")
                self._later()
            except Exception:
                log.exception("UDP listeners could not be changed")
                self._trouble = "UDP listeners could not be changed: see the log"
            self._applied = number
            async with self._progress:
                self._progress.notify_all()

    async def _apply(self, topology: Topology) -> None:
        listeners = [one for one in topology.listeners if one.protocol in DATAGRAMS]
        if self._nginx is None:
            self._trouble = MISSING if listeners else ""
            return
        answering = endpoints(listeners, self._real_port)
        checked = targets(topology, self._real_port)
        # A stopped instance is gone at once; who is only removed is heard until nothing goes there.
        alive = {address for _, address in topology.instances} | {a for a, _ in answering}
        kept = {e: owner for e, owner in self._fleet.datagrams.items() if e[0] in alive}
        await self._fleet.answer_datagrams({**kept, **answering})
        await self._serve(topology, [(one.address, one.port) for one in listeners])
        await self._probes.watch(checked)
        await self._fleet.answer_datagrams(answering)
        self._trouble = ""
        refused = self._fleet.datagrams_refused
        if refused or not all(place.served for place in self._places.values()):
            self._later()

    async def _serve(self, topology: Topology, wanted: list[Endpoint]) -> None:
        assert self._nginx is not None  # noqa: S101 - its caller looked
        if not wanted:
            await self._nginx.stop()
            self._live, self._places = "", {}
            return
        running = self._nginx.running
        held = self._places if running else {}
        places = claim(wanted, held, self._lowest_port, datagrams=True)
        frame = UdpFrame(self._nginx.program.module, self._user)
        config = render_udp(topology, frame, places, self._real_port, self._probes.healthy)
        if config != self._live or not running:
            served = {(a, place.port) for (a, _), place in places.items() if place.served}
            await self._nginx.load(config, sorted(served))
        self._live, self._places = config, places

    def _again(self) -> None:
        self._wake.set()

    def _later(self) -> None:
        asyncio.get_running_loop().call_later(RETRY_SECONDS, self._again)

    def _ended(self, why: str) -> None:
        self._say(why)
        self._later()

    def _say(self, trouble: str) -> None:
        log.error("%s", trouble)
        self._trouble = trouble

    def _real_port(self, port: int) -> int:
        return served_port(port, self._lowest_port)
