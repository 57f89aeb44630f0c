"""One region of one cloud, as the services see it."""

from collections.abc import Callable

from .cms import Cms
from .ecs import Ecs
from .errors import CloudError
from .slb import Slb
from .transport import RETRY_SECONDS, CallRecord, Credentials, Transport
from .vpc import VpcApi


class Cloud:
    """The products of one region behind one key.

    endpoint: a URL for every product, or one with {product} and {region} in it. pace: called with
    the action before each attempt, returns when it may be sent.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        credentials: Credentials,
        region_id: str,
        pace: Callable[[str], None] | None = None,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._transport = Transport(endpoint, credentials, retry_seconds=retry_seconds, pace=pace)
        self.region_id = region_id
        self.slb = Slb(self._transport, region_id)
        self.ecs = Ecs(self._transport, region_id)
        self.vpc = VpcApi(self._transport, region_id)
        self.cms = Cms(self._transport, region_id)

    @property
    def written(self) -> list[CallRecord]:
        """The writes sent so far, in order, each with its outcome and RequestId."""
        return self._transport.written

    def be_patient(
        self, seconds: float, on_wait: Callable[[CloudError, int, float], object]
    ) -> None:
        """Wait out busy and throttling answers so long, saying so as Transport.on_wait tells."""
        self._transport.retry_seconds = seconds
        self._transport.on_wait = on_wait
