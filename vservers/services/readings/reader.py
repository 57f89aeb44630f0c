"""What a reading is: the cloud asked outside of any transaction, the mirror written in one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from django.utils import timezone

from vservers.cloud import Cloud
from vservers.models import LoadBalancer
from vservers.services.differences import Written


@dataclass(slots=True)
class Locked:
    """A load balancer that is being written: its row as it was, and what one writer tells those
    after it, None where none has.

    group_ids: of the VServer groups that are there. listener_ids: our own numbers by protocol and
    port.
    """

    balancer: LoadBalancer
    group_ids: set[str] | None = None
    listener_ids: dict[tuple[str, int], int] | None = None


# Makes the mirror say what was read of a place, and tells what was other. The place is Locked, or
# the locked row of an AccountRegion.
type Writer[P] = Callable[[P], Written]
type Reader[P] = Callable[[Cloud], Writer[P]]


def together[P](readers: Iterable[Reader[P]]) -> Reader[P]:
    """Several readings as one."""
    readers = list(readers)

    def read(cloud: Cloud) -> Writer[P]:
        writers = [reader(cloud) for reader in readers]
        return lambda place: Written.sum(write(place) for write in writers)

    return read


def stamped[P](reader: Reader[P], column: str) -> Reader[P]:
    """A reading that also notes in a column of the place when it began."""

    def read(cloud: Cloud) -> Writer[P]:
        read_at = timezone.now()
        write_parts = reader(cloud)

        def write(place: P) -> Written:
            written = write_parts(place)
            return replace(written, columns={**written.columns, column: read_at})

        return write

    return read
