"""What is ticked in a list, on its way through the dialog that asks about it."""

from typing import Any, Self

from django.http import HttpRequest, QueryDict

ASKED = "asked"


class Ticks:
    """The ticks that a list's form posts, or that the link of one row has in its address.

    The dialog posts them again with its answer, never in an address, which a long list would break.
    """

    def __init__(self, data: QueryDict, path: str, *, is_answer: bool) -> None:
        """is_answer: the dialog was seen, and this is what the person said to it."""
        self.data = data
        self.is_answer = is_answer
        self._path = path

    @classmethod
    def read(cls, request: HttpRequest) -> Self:
        posted = request.method == "POST"
        data = request.POST if posted else request.GET
        return cls(data, request.path, is_answer=posted and ASKED in data)

    @property
    def everything(self) -> bool:
        """All that the list's filters let through, whatever is ticked."""
        return bool(self.data.get("all"))

    def of(self, name: str) -> list[str]:
        """The values of one name, each once, in their order."""
        return list(dict.fromkeys(self.data.getlist(name)))

    def context(self, tick: str, *filters: str) -> dict[str, Any]:
        """For components/dialog.html.

        tick: name of a row's box. filters: names that stand in its place where all are meant.
        """
        names = ("all", *filters) if self.everything else (tick,)
        pairs = [(name, value) for name in names for value in self.of(name) if value]
        return {"asked_about": [(ASKED, "1"), *pairs], "action": self._path}
