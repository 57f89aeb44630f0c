"""An edit on an outdated picture: before, theirs and mine row by row, and what the person chose.

A form carries the picture that its edit began with, signed, beside its fingerprint. When somebody
else was quicker, the form comes back with a choice for each row on which both are not the same:
the side that changed it is chosen already, and where both did the person has to choose. The form
then also carries the picture from before, so nothing of this lives on the server.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from django.core import signing

from vservers.selectors.fingerprints import fingerprint_of

# Rows by their keys: JSON-ready values; a key that is absent or None is not there.
Rows = Mapping[str, Any]
# (what the row is about, its ID) and (a value in words).
Describe = Callable[[str, Any], str]

MINE, THEIRS = "mine", "theirs"
CHOICE = "choice-"
_SALT = "vservers.pages.conflicts"
# Stands for a picture that the form did not carry, or not unharmed.
_UNKNOWN = "unknown"


def carried(picture: Any) -> str:
    return signing.dumps(picture, salt=_SALT, compress=True)


def _read(text: str) -> Any:
    try:
        return signing.loads(text, salt=_SALT)
    except signing.BadSignature:
        return _UNKNOWN


@dataclass(frozen=True, slots=True)
class Seen:
    """What a form carries of the object that it changes, in hidden fields.

    fingerprint, picture: of the object as the person last saw it. base: the picture from before
    somebody else's change; only in a form that asks for choices.
    """

    fingerprint: str
    picture: Any
    base: Any = None

    @classmethod
    def of(cls, picture: Any) -> Self:
        return cls(fingerprint_of(picture), picture)

    @classmethod
    def from_post(cls, data: Mapping[str, Any]) -> Self:
        fingerprint, picture = str(data.get("seen", "")), _read(str(data.get("picture", "")))
        if fingerprint_of(picture) != fingerprint:
            picture = _UNKNOWN
        base = _read(str(data["base"])) if data.get("base") else None
        return cls(fingerprint, picture, base)

    @property
    def in_conflict(self) -> bool:
        return self.base is not None and self.picture != _UNKNOWN

    def overtaken_by(self, picture: Any) -> Self:
        """Once the object turned out to look otherwise; the first picture stays the base."""
        base = self.base if self.base is not None else self.picture
        return replace(self, fingerprint=fingerprint_of(picture), picture=picture, base=base)

    @property
    def fields(self) -> list[tuple[str, str]]:
        """(name, value) of the hidden fields."""
        fields = [("seen", self.fingerprint), ("picture", carried(self.picture))]
        return fields if self.base is None else [*fields, ("base", carried(self.base))]


@dataclass(frozen=True, slots=True)
class Difference:
    """One row on which the person and somebody else are not the same. choice: "" is still open."""

    key: str
    before: Any
    theirs: Any
    mine: Any
    choice: str
    must_choose: bool

    @property
    def name(self) -> str:
        """Of the radio buttons."""
        return CHOICE + self.key


class Conflict:
    """Three pictures of one object as rows, and the choices between them."""

    def __init__(
        self, *, before: Rows | None, theirs: Rows, mine: Rows, choices: Mapping[str, str]
    ) -> None:
        self.before = before
        self.theirs = theirs
        self.mine = mine
        self.differences = [
            self._difference(key, choices.get(CHOICE + key, ""))
            for key in dict.fromkeys([*theirs, *mine])
            if theirs.get(key) != mine.get(key)
        ]

    @classmethod
    def of(
        cls,
        seen: Seen,
        rows_of: Callable[[Any], Rows],
        mine: Rows,
        data: Mapping[str, Any],
        *,
        earlier: Seen | None = None,
    ) -> Self:
        """The conflict that a form is in. data: what was posted, with the choices so far.

        earlier: what the form carried before it was overtaken. A choice against a value that has
        changed again counts no more.
        """
        theirs = rows_of(seen.picture)
        choices = {name: str(data[name]) for name in data if name.startswith(CHOICE)}
        if earlier and earlier.in_conflict:
            known = rows_of(earlier.picture)
            choices = {
                name: choice
                for name, choice in choices.items()
                if known.get(name.removeprefix(CHOICE)) == theirs.get(name.removeprefix(CHOICE))
            }
        before = None if seen.base == _UNKNOWN else rows_of(seen.base)
        return cls(before=before, theirs=theirs, mine=mine, choices=choices)

    def _difference(self, key: str, choice: str) -> Difference:
        theirs, mine = self.theirs.get(key), self.mine.get(key)
        before = self.before.get(key) if self.before is not None else None
        default = ""
        if self.before is not None and before == theirs:
            default = MINE
        elif self.before is not None and before == mine:
            default = THEIRS
        chosen = choice if choice in (MINE, THEIRS) else default
        return Difference(key, before, theirs, mine, chosen, must_choose=not default)

    @property
    def is_settled(self) -> bool:
        return all(difference.choice for difference in self.differences)

    @property
    def knows_before(self) -> bool:
        return self.before is not None

    @property
    def result(self) -> dict[str, Any]:
        """The rows as chosen; an open choice leaves mine."""
        rows = dict(self.mine)
        for difference in self.differences:
            if difference.choice == THEIRS:
                rows[difference.key] = difference.theirs
        return {key: value for key, value in rows.items() if value is not None}
