"""Where in a region load balancers can be."""

from dataclasses import dataclass
from typing import Self

from .types import Api, inner


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone, and the zones that may stand by for it."""

    zone_id: str
    name: str
    backup_zone_ids: tuple[str, ...]

    @classmethod
    def from_api(cls, item: Api) -> Self:
        backups = inner(item, "SlaveZones", "SlaveZone")
        return cls(
            zone_id=item["ZoneId"],
            name=item.get("LocalName") or item["ZoneId"],
            backup_zone_ids=tuple(one["ZoneId"] for one in backups),
        )


@dataclass(frozen=True, slots=True)
class ZonePair:
    """What can be in a pair of zones. kinds: (address type, "ipv4" or "ipv6").

    The address type is the API's: classic_internet, classic_intranet or vpc.
    """

    master_zone_id: str
    slave_zone_id: str
    kinds: frozenset[tuple[str, str]]

    @classmethod
    def from_api(cls, item: Api) -> Self:
        return cls(
            item["MasterZoneId"],
            item.get("SlaveZoneId") or "",
            frozenset(
                (one.get("AddressType") or "", (one.get("AddressIPVersion") or "ipv4").lower())
                for one in inner(item, "SupportResources", "SupportResource")
            ),
        )
