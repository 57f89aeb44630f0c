"""How much of everything an account may have. The vendor's usual numbers; some are adjustable."""

from dataclasses import dataclass, fields, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class Quotas:
    """0 is no limit. Source: "Limits" of the SLB manual; groups: a guard, none is documented."""

    balancers: int = 60
    listeners: int = 50
    rules: int = 40
    groups: int = 1000
    servers: int = 200
    group_members: int = 200
    server_uses: int = 50
    acls: int = 50
    acl_entries: int = 300
    acl_listeners: int = 50
    listener_acls: int = 3
    certificates: int = 100
    domain_extensions: int = 3
    tls_policies: int = 50
    tags: int = 20

    @classmethod
    def parsed(cls, text: str) -> Self:
        """The usual numbers with those of a text: "balancers=200,server_uses=0".

        Raises ValueError for a name that is none, or no number.
        """
        known = {field.name for field in fields(cls)}
        changed: dict[str, int] = {}
        for entry in filter(None, (part.strip() for part in text.split(","))):
            name, _, number = entry.partition("=")
            if name not in known or not (number.isascii() and number.isdigit()):
                raise ValueError(
                    f'LOCALCLOUD_QUOTAS wants "name=number" of {", ".join(sorted(known))}: {entry}'
                )
            changed[name] = int(number)
        return replace(cls(), **changed)


def exceeded(count: int, limit: int) -> bool:
    """Whether so many are more than a limit lets through."""
    return 0 < limit < count
