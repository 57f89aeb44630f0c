"""Virtual Private Cloud, version 2016-04-28: the networks that an intranet instance may be in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self

from .errors import understood
from .transport import Transport
from .types import Api, inner

VERSION = "2016-04-28"
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Vpc:
    vpc_id: str
    name: str
    cidr: str

    @classmethod
    def from_api(cls, item: Api) -> Self:
        return cls(item["VpcId"], item.get("VpcName") or "", item.get("CidrBlock") or "")


@dataclass(frozen=True, slots=True)
class VSwitch:
    vswitch_id: str
    vpc_id: str
    name: str
    zone_id: str
    cidr: str

    @classmethod
    def from_api(cls, item: Api) -> Self:
        return cls(
            vswitch_id=item["VSwitchId"],
            vpc_id=item.get("VpcId") or "",
            name=item.get("VSwitchName") or "",
            zone_id=item.get("ZoneId") or "",
            cidr=item.get("CidrBlock") or "",
        )


class VpcApi:
    """VPC of one region. Every method raises CloudError's kinds."""

    def __init__(self, transport: Transport, region_id: str) -> None:
        self._transport = transport
        self._region_id = region_id

    def describe_vpcs(self) -> list[Vpc]:
        return list(self._pages("DescribeVpcs", "Vpcs", "Vpc", Vpc.from_api))

    def describe_vswitches(self) -> list[VSwitch]:
        return list(self._pages("DescribeVSwitches", "VSwitches", "VSwitch", VSwitch.from_api))

    def _pages[T](
        self, action: str, wrapper: str, element: str, value: Callable[[Any], T]
    ) -> Iterator[T]:
        page = seen = 0
        while True:
            page += 1
            body = self._transport.call(
                product="vpc",
                version=VERSION,
                action=action,
                region_id=self._region_id,
                params={"PageNumber": page, "PageSize": PAGE_SIZE},
            )
            with understood(action):
                found = [value(item) for item in inner(body, wrapper, element)]
                total = int(body.get("TotalCount", 0))
            yield from found
            seen += len(found)
            if not found or seen >= total:
                return
