"""What every page shows of the cloud around it: the regions of the top bar, the counts of the menu.

The shell knows no load balancer. The app that does registers one function, once, in its
`AppConfig.ready()`:

    from console.shell import regions
    regions.register(selectors.overview)

so that the import runs one way: vservers → console.shell. It is asked once per page, whoever needs
what it says, see `console.shell.context.shell_of`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from console.accounts.actor import Actor
from console.accounts.permissions import Action, may

DEFAULT_REGION = "cn-hangzhou"


@dataclass(frozen=True, slots=True)
class RegionOption:
    """One entry of the selector; `count` is how many load balancers the actor sees there.

    row: what the source itself has for the region, for the pages of its app.
    """

    region_id: str
    name: str
    count: int = 0
    row: object = None


@dataclass(frozen=True, slots=True)
class Overview:
    """regions: in the order of the selector. waiting: how many things wait behind a link of the
    menu, by the link's URL name; 0 shows none.
    """

    regions: Sequence[RegionOption] = ()
    waiting: Mapping[str, int] = field(default_factory=dict)


type Source = Callable[[Actor], Overview]

_sources: list[Source] = []


def register(source: Source) -> None:
    """Make `source` the one function that tells; a later call replaces it."""
    _sources[:] = [source]


def overview_for(actor: Actor) -> Overview:
    """What the actor may look at; nothing without a source or without a role."""
    if not _sources or not may(actor, Action.VIEW):
        return Overview()
    return _sources[0](actor)


def landing_region(options: Sequence[RegionOption], last_used: str) -> str:
    """Where a person starts: the region they used last, the default one, else the first known."""
    known = [option.region_id for option in options]
    if last_used and (last_used in known or not known):
        return last_used
    return DEFAULT_REGION if DEFAULT_REGION in known or not known else known[0]
