"""The UDP half of the data plane: nginx, the checks of its servers, and what to say of both."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

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
    """Serves the UDP listeners of the topology that was applied last.

    folder: nginx's own; program: its name or path, None to look for it; user: whom its workers
    become, "" for nobody else; lowest_port: the lowest that may be bound.
    """

    def __init__(self, folder: Path, program: str | None, user: str, lowest_port: int) -> None:
        self._folder = folder
        self._program = program
        self._user = user
        self._lowest_port = lowest_port
        self._nginx: Nginx | None = None
        self._topology = Topology()
        self._live = ""
        self._places: dict[Endpoint, Place] = {}
        self._trouble = ""
        self._probes = Probes(self._again)
        self._applying = asyncio.Lock()
        self._wake = asyncio.Event()
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

    async def apply(self, topology: Topology) -> None:
        """Serve its UDP listeners; returns when they are. Trouble is said by `notices`."""
        self._topology = topology
        async with self._applying:
            try:
                await self._apply(topology)
                self._trouble = self._trouble if self._nginx is None else ""
            except (RenderError, NginxRefused) as error:
                self._say(f"the configuration of UDP listeners is refused: {error}")
            except (NginxError, OSError) as error:
                self._say(f"UDP listeners could not be changed: {error}")
                asyncio.get_running_loop().call_later(RETRY_SECONDS, self._again)
            except Exception:
                log.exception("UDP listeners could not be changed")
                self._trouble = "UDP listeners could not be changed: see the log"

    async def _apply(self, topology: Topology) -> None:
        wanted = [
            (one.address, one.port) for one in topology.listeners if one.protocol in DATAGRAMS
        ]
        if self._nginx is None:
            self._trouble = MISSING if wanted else ""
            return
        checked = targets(topology, self._real_port)
        if not wanted:
            await self._probes.stop()
            await self._nginx.stop()
            self._live, self._places = "", {}
            return
        running = self._nginx.running
        held = self._places if running else {}
        places = claim(wanted, held, self._lowest_port, datagrams=True)
        frame = UdpFrame(self._nginx.program.module, self._user)
        config = render_udp(topology, frame, places, self._real_port, self._probes.healthy)
        if config != self._live or not running:
            await self._nginx.load(config)
        self._live, self._places = config, places
        self._nginx.trim_log()
        await self._probes.watch(checked)

    async def _keep(self) -> None:
        """Apply again when a server went or came, or when nginx ended."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.apply(self._topology)

    def _again(self) -> None:
        self._wake.set()

    def _ended(self, why: str) -> None:
        self._say(why)
        asyncio.get_running_loop().call_later(RETRY_SECONDS, self._again)

    def _say(self, trouble: str) -> None:
        log.error("%s", trouble)
        self._trouble = trouble

    def _real_port(self, port: int) -> int:
        return served_port(port, self._lowest_port)


def instances(topology: Topology, real_port: Callable[[int], int]) -> dict[Endpoint, str]:
    """Who answers datagrams where: (address, port) -> server ID."""
    return {
        (member.address, real_port(member.port)): member.server_id
        for listener in topology.listeners
        if listener.protocol in DATAGRAMS
        for backend in listener.backends
        for member in backend.members
        if member.running
    }
