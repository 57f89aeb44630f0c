"""What a service may answer instead of doing what was asked, each in words for the person."""

from collections.abc import Sequence

from vservers.cloud.errors import CloudError, OutcomeUnknown
from vservers.cloud.transport import CallRecord
from vservers.models import Listener, Rule

MemberKey = tuple[str, int]


class CallFailed(Exception):
    """A cloud call failed. Whatever was done before it stands, and the mirror was read again.

    code, message, request_id: the cloud's. done: sentences on what stands now. resource_id: what
    the act was about, also where the act itself made it.
    """

    def __init__(
        self, error: CloudError, written: Sequence[CallRecord] = (), *, resource_id: str = ""
    ) -> None:
        self.error = error
        self.resource_id = resource_id
        self.code = error.code
        self.message = error.message
        self.request_id = error.request_id
        self.carried_out = [record for record in written if record.outcome == "done"]
        super().__init__(str(error))

    @property
    def done(self) -> list[str]:
        sentences = []
        if self.carried_out:
            names = ", ".join(record.action for record in self.carried_out)
            sentences.append(f"Only a part was done. Carried out before the failure: {names}.")
        if isinstance(self.error, OutcomeUnknown):
            sentences.append(
                f"It is not known whether {self.error.action} took place. "
                "The page shows the cloud's state as read since."
            )
        elif not self.carried_out:
            sentences.append("Nothing was changed.")
        return sentences


class NotReread(Exception):
    """The change was made, but the cloud could not be read afterwards: the page may be old."""

    def __init__(self, error: CloudError) -> None:
        self.error = error
        super().__init__(
            "The change was made, but reading it back failed "
            f"({error.code}: {error.message}). Press Refresh."
        )


class Stale(Exception):
    """Somebody changed it since the person looked; the mirror holds their state now."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"This {what} was changed by somebody else since you opened it. "
            "Compare both below, then save again or take theirs."
        )


class InvalidMembers(Exception):
    """Rows that cannot be in the group. errors: {(server_id, port): sentence}."""

    def __init__(self, errors: dict[MemberKey, str]) -> None:
        self.errors = errors
        super().__init__("; ".join(errors.values()))


class InUse(Exception):
    """A group that listeners or forwarding rules send requests to cannot be deleted."""

    def __init__(self, listeners: Sequence[Listener], rules: Sequence[Rule]) -> None:
        self.listeners = list(listeners)
        self.rules = list(rules)
        super().__init__(
            f"The group is used by {len(self.listeners)} listeners and {len(self.rules)} "
            "forwarding rules. Give them another group first."
        )


class Gone(Exception):
    """What was to be changed does not exist any more."""

    def __init__(self, what: str) -> None:
        super().__init__(f"This {what} does not exist any more.")
