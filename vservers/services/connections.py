"""How many connections are open to backend servers now, where the cloud tells.

The vendor's API tells of none: its metrics are of listeners. An endpoint that knows adds them to
what it says of health (`cloud.types.Health`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from console.accounts.actor import Actor
from console.accounts.permissions import Action, check
from vservers.cloud import CloudError
from vservers.cloud.types import Health
from vservers.models import LoadBalancer

from . import readings, sync
from .connection import connect

# A page waits for no more than so many answers; a server may be behind fifty load balancers.
MOST_READ = 12


@dataclass(slots=True)
class Connections:
    """Open connections by (load_balancer_id, server_id, port), over all listeners; of the default
    server pool by each port that a listener uses. unread: what could not be read, and why."""

    counts: dict[tuple[str, str, int], int] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)

    @property
    def known(self) -> bool:
        """Whether the cloud tells at all."""
        return bool(self.counts)

    def of(self, load_balancer_id: str, server_id: str, port: int | None) -> int | None:
        """Of one member; of a server of the pool (port None) on all its ports."""
        found = [
            count
            for key, count in self.counts.items()
            if key[:2] == (load_balancer_id, server_id) and port in (None, key[2])
        ]
        return sum(found) if found else None

    def note(self, load_balancer_id: str, answer: Sequence[Health]) -> None:
        """Add up what one answer says."""
        seen: dict[tuple[str, str, int], int] = {}
        for one in answer:
            if one.connections is not None:
                key = load_balancer_id, one.server_id, one.port
                seen[key] = seen.get(key, 0) + one.connections
        self.counts |= seen


def live_connections(*, actor: Actor, load_balancers: Iterable[LoadBalancer]) -> Connections:
    """Read health and connections of the first MOST_READ of these load balancers. Raises
    NotAllowed; what the cloud does not answer is in `unread`."""
    check(actor, Action.VIEW)
    found = Connections()
    for balancer in list(load_balancers)[:MOST_READ]:
        try:
            read_connections(balancer, found)
        except CloudError as error:
            found.unread.append(f"{balancer}: {error}")
    return found


def read_connections(load_balancer: LoadBalancer, into: Connections) -> None:
    """Read health into the mirror and connections into `into`. Raises CloudError."""

    def note(answer: Sequence[Health]) -> None:
        into.note(load_balancer.pk, answer)

    reader = readings.health(load_balancer.pk, also=note)
    sync.store(connect(load_balancer), load_balancer.pk, reader)
