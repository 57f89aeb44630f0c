"""Words that are kept and read later: in the language of who reads them, not of who wrote them.

A service says what it says with `gettext` of this module in the place of Django's. What it gets is
a string like any other, which remembers the message and what was put into it; a SaidField keeps
these two, and whoever reads the row gets the sentence in their own language.
"""

import json
from collections.abc import Mapping
from typing import Any, Self

from django.db import models
from django.utils import translation
from django.utils.functional import Promise

_SOURCE_LANGUAGE = "en"
# How a row begins that holds more than a message as it stands in the catalogue.
_MARK = '{"said": '


class Said(str):
    """A sentence in the language that is active now, with what it is made of.

    message: as in the catalogue. plural, number: where it counts. arguments: what stands for its
    placeholders; None while there are none.
    """

    __slots__ = ("arguments", "message", "number", "plural")

    message: str
    plural: str
    number: int
    arguments: Mapping[str, Any] | None

    def __new__(
        cls,
        message: str,
        plural: str = "",
        number: int = 0,
        arguments: Mapping[str, Any] | None = None,
    ) -> Self:
        words = translation.ngettext(message, plural, number) if plural else ""
        words = words or (translation.gettext(message) if message else "")
        made = super().__new__(cls, words if arguments is None else words % arguments)
        made.message, made.plural, made.number = message, plural, number
        made.arguments = arguments
        return made

    def __mod__(self, arguments: Any) -> "Said":
        return Said(self.message, self.plural, self.number, arguments)

    def __str__(self) -> "Said":
        """Itself: the text of an exception still knows what it is made of."""
        return self

    def __reduce__(self) -> Any:
        return Said, (self.message, self.plural, self.number, self.arguments)

    @property
    def again(self) -> "Said":
        """The same in the language that is active now."""
        arguments = self.arguments
        if arguments is not None:
            arguments = {
                name: value.again if isinstance(value, Said) else value
                for name, value in arguments.items()
            }
        return Said(self.message, self.plural, self.number, arguments)

    @property
    def stored(self) -> str:
        """As a row keeps it."""
        if self.arguments is None and not self.plural:
            return self.message
        return json.dumps(self._parts, ensure_ascii=False)

    @property
    def _parts(self) -> dict[str, Any]:
        # "said" comes first, see _MARK.
        parts: dict[str, Any] = {"said": self.message}
        if self.plural:
            parts |= {"plural": self.plural, "number": self.number}
        if self.arguments is not None:
            parts["with"] = {name: _plain(value) for name, value in self.arguments.items()}
        return parts

    @classmethod
    def of(cls, stored: str) -> "Said":
        """What a row kept; a sentence that is in no catalogue stays as it is."""
        if stored.startswith(_MARK):
            return _made_of(json.loads(stored))
        return cls(stored)


def gettext(message: str) -> Said:
    """As Django's."""
    return Said(message)


def ngettext(singular: str, plural: str, number: int) -> Said:
    """As Django's."""
    return Said(singular, plural, number)


def joined(*sentences: str) -> str:
    """One sentence after the other, without those that are empty."""
    some = [sentence for sentence in sentences if sentence]
    if len(some) < 2:
        return some[0] if some else ""
    names = [f"s{number}" for number in range(len(some))]
    # In no catalogue, so it stays as it is; its arguments do not.
    between = " ".join(f"%({name})s" for name in names)
    return Said(between, arguments=dict(zip(names, some, strict=True)))


def in_source(words: object) -> str:
    """In English, for what is written once and read by everybody alike."""
    with translation.override(_SOURCE_LANGUAGE):
        text = str(words)
        return "".join(text.again if isinstance(text, Said) else text)


class SaidField(models.TextField):
    """A text that is read in the reader's language, where `gettext` of this module made it."""

    def from_db_value(self, value: str | None, *_rest: object) -> str | None:
        return Said.of(value) if value else value

    def get_prep_value(self, value: Any) -> Any:
        return value.stored if isinstance(value, Said) else super().get_prep_value(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Promise):
        # A word of the catalogue, such as a choice: in English it is its own message.
        value = Said(in_source(value))
    if isinstance(value, Said):
        return value._parts
    return value if isinstance(value, int | float) else str(value)


def _made_of(parts: Mapping[str, Any]) -> Said:
    arguments = parts.get("with")
    if arguments is not None:
        arguments = {
            name: _made_of(value) if isinstance(value, dict) else value
            for name, value in arguments.items()
        }
    return Said(parts["said"], parts.get("plural", ""), parts.get("number", 0), arguments)
