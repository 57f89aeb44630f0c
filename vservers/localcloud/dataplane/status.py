"""What the data plane says of itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Status:
    """on: traffic is served. reason: why not, or why the last change is not served yet."""

    on: bool
    reason: str = ""
