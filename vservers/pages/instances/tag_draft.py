"""The dialog of tags as it was typed: what is there, what is added, what is taken off."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest

from django.http import QueryDict
from django.utils.translation import gettext as _

from vservers.services.tags import tag_error

BLANK_ROWS = 2
MORE = "more"


@dataclass(slots=True)
class HeldTag:
    """A tag that is there. count: on how many of the load balancers; editable: its value is."""

    key: str
    value: str
    count: int = 1
    editable: bool = True
    removed: bool = False
    error: str = ""


@dataclass(slots=True)
class NewTag:
    key: str = ""
    value: str = ""
    error: str = ""


class TagDraft:
    """held: {key: (value, count)} of what is there; with several load balancers no value is edited.

    After construction from a form: put, take, and is_valid().
    """

    def __init__(
        self, held: Mapping[str, tuple[str, int]], data: QueryDict | None, *, several: bool = False
    ) -> None:
        self.several = several
        self.held = [
            HeldTag(key, value, count, editable=not several)
            for key, (value, count) in sorted(held.items())
        ]
        self.new = [NewTag() for _number in range(BLANK_ROWS)]
        self.put: dict[str, str] = {}
        self.take: list[str] = []
        self.errors = ""
        if data is not None:
            self._read(data, held)

    def _read(self, data: QueryDict, held: Mapping[str, tuple[str, int]]) -> None:
        removed = set(data.getlist("remove"))
        typed = dict(zip(data.getlist("held"), data.getlist("held_value"), strict=False))
        for tag in self.held:
            tag.removed = tag.key in removed
            tag.value = typed.get(tag.key, tag.value).strip() if tag.editable else tag.value
            if tag.removed:
                self.take.append(tag.key)
            elif tag.editable and tag.value != held[tag.key][0]:
                tag.error = tag_error(tag.key, tag.value)
                self.put[tag.key] = tag.value
        self.new = []
        for key, value in zip_longest(data.getlist("key"), data.getlist("value"), fillvalue=""):
            self.new.append(self._new(key.strip(), value.strip()))
        if data.get("intent") == MORE:
            self.new += [NewTag() for _number in range(BLANK_ROWS)]

    def _new(self, key: str, value: str) -> NewTag:
        if not key and not value:
            return NewTag()
        error = tag_error(key, value)
        if not error and key in self.put:
            error = _("This key is here twice.")
        self.put[key] = value
        return NewTag(key, value, error)

    def is_valid(self) -> bool:
        return not any([tag.error for tag in self.held] + [tag.error for tag in self.new])

    @property
    def arguments(self) -> dict[str, object]:
        return {"put": self.put, "take": self.taken}

    @property
    def taken(self) -> list[str]:
        """The keys to take off: one that is given anew stays."""
        return [key for key in self.take if key not in self.put]
