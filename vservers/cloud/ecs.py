"""Elastic Compute Service, version 2014-05-26: the servers that may join a group."""

import json
from collections.abc import Iterator, Sequence

from .errors import understood
from .transport import Transport
from .types import Server, inner

VERSION = "2014-05-26"
PAGE_SIZE = 100


class Ecs:
    """ECS of one region. Every method raises CloudError's kinds."""

    def __init__(self, transport: Transport, region_id: str) -> None:
        self._transport = transport
        self._region_id = region_id

    def describe_instances(self, server_ids: Sequence[str] = ()) -> Iterator[Server]:
        """All of the region, page by page, or those there of 100 IDs at most."""
        wanted = {"InstanceIds": json.dumps(list(server_ids))} if server_ids else {}
        page = seen = 0
        while True:
            page += 1
            body = self._transport.call(
                product="ecs",
                version=VERSION,
                action="DescribeInstances",
                region_id=self._region_id,
                params={**wanted, "PageNumber": page, "PageSize": PAGE_SIZE},
            )
            with understood("DescribeInstances"):
                found = [Server.from_api(item) for item in inner(body, "Instances", "Instance")]
                total = int(body.get("TotalCount", 0))
            yield from found
            seen += len(found)
            if not found or seen >= total:
                return
