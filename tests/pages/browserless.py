"""A browser without script: the form of a page as it would be sent, and buttons pressed on it."""

from html.parser import HTMLParser
from typing import Any

from django.test import Client

Typed = dict[str, Any]


class _Reader(HTMLParser):
    """The successful controls of the dialog's form."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._inside = False
        self._select: tuple[str, bool] | None = None
        self._first: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = given.get("id") == "dialog-form"
        if not self._inside:
            return
        if tag == "input" and given.get("name") and "disabled" not in given:
            ticked = given.get("type") not in {"checkbox", "radio"} or "checked" in given
            if ticked and given["name"] != "csrfmiddlewaretoken":
                usual = "on" if given.get("type") == "checkbox" else ""
                self.found.append((given["name"], given.get("value", usual)))
        if tag == "select" and "disabled" not in given:
            self._select, self._first = (given["name"], False), None
        if tag == "option" and self._select:
            name, has = self._select
            if self._first is None:
                self._first = given.get("value", "")
            if "selected" in given and not has:
                self.found.append((name, given.get("value", "")))
                self._select = name, True

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._select:
            name, has = self._select
            if not has and self._first is not None:
                self.found.append((name, self._first))
            self._select = None
        if tag == "form":
            self._inside = False


def form_of(page: str) -> Typed:
    """{name: value, or values where there are several}"""
    reader = _Reader()
    reader.feed(page)
    form: Typed = {}
    for name, value in reader.found:
        if name in form:
            form[name] = [*(form[name] if isinstance(form[name], list) else [form[name]]), value]
        else:
            form[name] = value
    return form


class Visitor:
    """One person at one dialog, opened as a page of its own."""

    def __init__(self, client: Client, url: str) -> None:
        self._client = client
        self._url = url.partition("?")[0]
        self.answer: Any = client.get(url)

    @property
    def page(self) -> str:
        return str(self.answer.content.decode())

    def press(self, intent: str, **typed: Any) -> "Visitor":
        """Fill in fields and press the button of an intent; None takes a tick away."""
        form = form_of(self.page) | typed | {"intent": intent}
        sent = {name: value for name, value in form.items() if value is not None}
        self.answer = self._client.post(self._url, sent)
        return self
