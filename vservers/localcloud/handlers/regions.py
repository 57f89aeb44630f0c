"""Regions and zones, of SLB and ECS."""

from vservers.localcloud.regions import REGIONS, local_name
from vservers.localcloud.registry import Answer, Reading, reads


@reads("slb", "DescribeRegions", any_region=True)
def describe_slb_regions(call: Reading) -> Answer:
    """All regions."""
    return {"Regions": {"Region": _regions(call)}}


@reads("ecs", "DescribeRegions", any_region=True)
def describe_ecs_regions(call: Reading) -> Answer:
    """All regions; ECS adds that they are open for sale."""
    return {"Regions": {"Region": [{**region, "Status": "available"} for region in _regions(call)]}}


@reads("slb", "DescribeZones")
def describe_slb_zones(call: Reading) -> Answer:
    """Each zone with the zones that may stand by for it."""
    language = call.params.get("AcceptLanguage", "")
    zones = REGIONS[call.region].zones
    return {
        "Zones": {
            "Zone": [
                {
                    "ZoneId": zone.id,
                    "LocalName": local_name(zone.names, language),
                    "SlaveZones": {
                        "SlaveZone": [
                            {
                                "ZoneId": other.id,
                                "LocalName": local_name(other.names, language),
                            }
                            for other in zones
                            if other is not zone
                        ]
                    },
                }
                for zone in zones
            ]
        }
    }


@reads("ecs", "DescribeZones")
def describe_ecs_zones(call: Reading) -> Answer:
    """The region's zones."""
    language = call.params.get("AcceptLanguage", "")
    return {
        "Zones": {
            "Zone": [
                {
                    "ZoneId": zone.id,
                    "LocalName": local_name(zone.names, language),
                    "ZoneType": "AvailabilityZone",
                }
                for zone in REGIONS[call.region].zones
            ]
        }
    }


@reads("slb", "DescribeAvailableResource")
def describe_available(call: Reading) -> Answer:
    """Which pairs of zones take which kinds of load balancers: all of IPv4."""
    params = call.params
    kinds = [
        {"AddressType": kind, "AddressIPVersion": "ipv4"}
        for kind in ("classic_internet", "classic_intranet", "vpc")
        if params.get("AddressType", kind) == kind
        and params.get("AddressIPVersion", "ipv4") == "ipv4"
    ]
    zones = REGIONS[call.region].zones
    return {
        "AvailableResources": {
            "AvailableResource": [
                {
                    "MasterZoneId": zone.id,
                    "SlaveZoneId": other.id,
                    "SupportResources": {"SupportResource": kinds},
                }
                for zone in zones
                for other in zones
                if other is not zone
            ]
        }
    }


def _regions(call: Reading) -> list[dict[str, str]]:
    language = call.params.get("AcceptLanguage", "")
    return [
        {
            "RegionId": region.id,
            "LocalName": local_name(region.names, language),
            # One endpoint serves every region here.
            "RegionEndpoint": call.host,
        }
        for region in REGIONS.values()
    ]
