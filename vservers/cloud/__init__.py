"""The vendor's OpenAPI as plain Python: signing, transport, one method per action."""

from .connection import Cloud
from .errors import CloudError, CloudRefused, CloudUnreachable, OutcomeUnknown
from .transport import Credentials

__all__ = [
    "Cloud",
    "CloudError",
    "CloudRefused",
    "CloudUnreachable",
    "Credentials",
    "OutcomeUnknown",
]
