"""Who does something: handed to every service, written to every audit entry."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """A person within one request.

    role: a value of permissions.Role, "" for somebody who has none. user_id: None for somebody who
    has not signed in.
    """

    name: str
    role: str
    user_id: int | None = None
    request_id: str = ""
