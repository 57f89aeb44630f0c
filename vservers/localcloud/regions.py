"""Regions and zones of the local cloud."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone; names by language."""

    id: str
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class Region:
    """A region; names by language."""

    id: str
    names: dict[str, str]
    zones: tuple[Zone, ...]


def _region(region_id: str, english: str, chinese: str, *letters: str) -> Region:
    # The cloud writes cn-hangzhou-h, but ap-southeast-1a.
    joint = "" if region_id[-1].isdigit() else "-"
    zones = tuple(
        Zone(
            f"{region_id}{joint}{letter}",
            {
                "en-US": f"{english} Zone {letter.upper()}",
                "zh-CN": f"{chinese} 可用区 {letter.upper()}",
            },
        )
        for letter in letters
    )
    return Region(region_id, {"en-US": english, "zh-CN": chinese}, zones)


REGIONS: dict[str, Region] = {
    region.id: region
    for region in (
        _region("cn-hangzhou", "China (Hangzhou)", "华东1(杭州)", "h", "i"),
        _region("cn-shanghai", "China (Shanghai)", "华东2(上海)", "f", "g"),
        _region("ap-southeast-1", "Singapore", "新加坡", "a", "b"),
    )
}


def local_name(names: dict[str, str], language: str) -> str:
    """The name in a language of AcceptLanguage; English where there is no other."""
    return names.get(language, names["en-US"])
