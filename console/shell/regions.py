"""The regions that the selector in the top bar offers.

The shell knows no load balancer. The app that does registers one function, once, in its
`AppConfig.ready()`:

    from console.shell import regions
    regions.register(selectors.region_options)

so that the import runs one way: vservers → console.shell.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from console.accounts.actor import Actor
from console.accounts.permissions import Action, may

DEFAULT_REGION = "cn-hangzhou"


@dataclass(frozen=True, slots=True)
class RegionOption:
    """One entry of the selector; `count` is how many load balancers the actor sees there."""

    region_id: str
    name: str
    count: int = 0


type RegionSource = Callable[[Actor], Sequence[RegionOption]]

_sources: list[RegionSource] = []


def register(source: RegionSource) -> None:
    """Make `source` the one function that lists the regions; a later call replaces it."""
    _sources[:] = [source]


def options_for(actor: Actor) -> Sequence[RegionOption]:
    """The regions that the actor may look at; none without a source or without a role."""
    if not _sources or not may(actor, Action.VIEW):
        return ()
    return _sources[0](actor)


def landing_region(options: Sequence[RegionOption], last_used: str) -> str:
    """Where a person starts: the region they used last, the default one, else the first known."""
    known = [option.region_id for option in options]
    if last_used and (last_used in known or not known):
        return last_used
    return DEFAULT_REGION if DEFAULT_REGION in known or not known else known[0]
