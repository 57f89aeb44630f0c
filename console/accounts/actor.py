"""Who does something: handed to every service, written to every audit entry."""

from dataclasses import dataclass

SYSTEM_NAME = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, or the system itself, within one request.

    role: a value of permissions.Role, "" for somebody who has none. user_id is None for the system.
    """

    name: str
    role: str
    user_id: int | None = None
    request_id: str = ""


def system_actor(*, request_id: str = "") -> Actor:
    """The console itself: a scheduled or start-up job."""
    return Actor(name=SYSTEM_NAME, role="administrator", request_id=request_id)
