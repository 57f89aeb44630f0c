"""Every kind of write: what it starts from, how it is done, and what must stand at its end."""

from .balancers import BALANCERS
from .following import FOLLOWING
from .groups import GROUPS
from .listeners import LISTENERS
from .regional import REGIONAL
from .rules import RULES
from .servers import SERVERS
from .start import Kind, Start

__all__ = ["KINDS", "Kind", "Start"]

KINDS = {
    kind.name: kind
    for kind in [*GROUPS, *LISTENERS, *RULES, *SERVERS, *BALANCERS, *REGIONAL, *FOLLOWING]
}
