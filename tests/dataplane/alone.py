"""A data plane in a process of its own: serves ports 80 and 8088, says so, ends or waits.

Arguments: folder, first two numbers of its loopback network, "wait" or "end".
"""

import asyncio
import json
import sys
from pathlib import Path

from tests.dataplane.world import Network, connected, topology
from vservers.localcloud.dataplane import Backend, DataPlane


async def main(folder: Path, network: Network, then: str) -> None:
    plane = DataPlane(folder)
    await plane.start()
    low = network.listener(Backend("rsp-1", (network.member(0, port=80),)), port=80)
    high = network.listener(network.backend("rsp-2", [100], first=1))
    plane.submit(topology(low, high))
    await plane.settled()
    address, port, notice = plane.served_at(network.balancer, 80)
    async with connected(address, port) as client:
        answer = await client.ask()
    report = {
        "on": plane.status.on,
        "port": port,
        "notice": notice,
        "notices": plane.notices(),
        "body": answer.body.decode(),
        "high": plane.served_at(network.balancer, 8088)[1],
    }
    print(json.dumps(report), flush=True)
    if then == "wait":
        await asyncio.sleep(60)
    await plane.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Network(sys.argv[2]), sys.argv[3]))
