"""What a reading is: the cloud asked outside of any transaction, the mirror written in one."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from django.utils import timezone

from vservers.cloud import Cloud
from vservers.services.differences import Written

# Makes the mirror say what was read, and tells what was other.
Writer = Callable[[], Written]
Reader = Callable[[Cloud], Writer]


def together(readers: Iterable[Reader]) -> Reader:
    """Several readings as one."""
    readers = list(readers)

    def read(cloud: Cloud) -> Writer:
        writers = [reader(cloud) for reader in readers]
        return lambda: Written.sum(write() for write in writers)

    return read


def stamped(reader: Reader, *columns: str) -> Reader:
    """A reading that also notes in columns of the load balancer when it began."""

    def read(cloud: Cloud) -> Writer:
        read_at: datetime = timezone.now()
        write_parts = reader(cloud)

        def write() -> Written:
            written = write_parts()
            stamps = tuple((column, read_at) for column in columns)
            return replace(written, stamps=written.stamps + stamps)

        return write

    return read
