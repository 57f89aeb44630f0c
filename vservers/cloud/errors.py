"""What can go wrong between us and the cloud, told apart by what is known of the outcome."""

from collections.abc import Iterator
from contextlib import contextmanager

# Codes that say "not now": an earlier change still runs, or too many calls. The call was not
# carried out and may be sent again. Source: "Common error codes" of SLB, and the busy set that the
# Terraform provider retries.
BUSY_CODES = frozenset(
    {
        "BackendServer.configuring",
        "ListenerProcessing",
        "OperationBusy",
        "OperationFailed.ListenerStatusNotSupport",
        "OperationFailed.ServiceGroupProcessing",
        "OperationFailed.TokenIsProcessing",
        "ProcessingSameRequest",
        "ServiceIsConfiguring",
        "ServiceIsStopping",
        "SystemBusy",
        "VServerGroupProcessing",
        "VpcSystemBusy",
    }
)
# Documented as passing; a write that met one of them may have been carried out all the same.
READ_AGAIN_CODES = frozenset({"LocationServiceTimeout", "ServiceUnavailable"})
THROTTLING_PREFIXES = ("Throttling", "Rejected.Throttling")


class CloudError(Exception):
    """A call that did not succeed.

    action: the API action; code, message: the cloud's, or ours where it did not answer;
    request_id: the cloud's, "" where it gave none; status: HTTP status, 0 where there is none.
    """

    def __init__(
        self, *, action: str, code: str, message: str, request_id: str = "", status: int = 0
    ) -> None:
        self.action = action
        self.code = code
        self.message = message
        self.request_id = request_id
        self.status = status
        super().__init__(f"{action}: {code}: {message} (RequestId {request_id or 'none'})")

    @property
    def is_throttling(self) -> bool:
        return self.code.startswith(THROTTLING_PREFIXES)

    @property
    def is_busy(self) -> bool:
        return self.code in BUSY_CODES

    @property
    def is_missing(self) -> bool:
        """Whether the cloud says that the object named does not exist.

        A missing VServer group has no code of its own: 404 InvalidParameter.
        """
        return self.status == 404 or "does not exist" in self.message


class CloudRefused(CloudError):
    """The cloud answered no: nothing was changed by this call."""


class CloudUnreachable(CloudError):
    """The call never left us: nothing was changed by it."""


class OutcomeUnknown(CloudError):
    """The call was sent and no usable answer came: it may or may not have been carried out."""


@contextmanager
def understood(action: str) -> Iterator[None]:
    """While an answer is taken apart, also as a decorator: one that cannot be is unusable."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise OutcomeUnknown(
            action=action,
            code="UnreadableAnswer",
            message=f"The answer is not as the API documents it ({error!r}).",
        ) from error
