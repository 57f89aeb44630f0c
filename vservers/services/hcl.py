"""Terraform's language: blocks, arguments and text, of which none gets out of its quotes."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class Raw(str):
    """An expression that stands in the text as it is."""

    __slots__ = ()


class Labels:
    """Names of resources: letters, digits and underscores, each once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, name: object, kind: str) -> str:
        label = re.sub(r"[^A-Za-z0-9]+", "_", str(name)).strip("_").lower()
        label = label if label[:1].isalpha() else f"{kind}_{label}".rstrip("_")
        chosen, number = label, 2
        while chosen in self._taken:
            chosen, number = f"{label}_{number}", number + 1
        self._taken.add(chosen)
        return chosen


def import_block(place: str, identity: str) -> str:
    """Takes over what exists. place: the resource; identity: its ID as an expression."""
    return block("import", {"to": Raw(place), "id": Raw(identity)})


def block(
    head: str, arguments: Mapping[str, Any], inner: Iterable[tuple[str, Mapping[str, Any]]] = ()
) -> str:
    """A block with its arguments aligned as `terraform fmt` does it; None is left out."""
    lines = _arguments(arguments, "  ")
    for name, values in inner:
        lines += [f"  {name} {{", *_arguments(values, "    "), "  }"]
    return "\n".join([f"{head} {{", *lines, "}"])


def _arguments(values: Mapping[str, Any], indent: str) -> list[str]:
    given = {name: value for name, value in values.items() if value is not None}
    width = max(map(len, given), default=0)
    return [f"{indent}{name:<{width}} = {literal(value)}" for name, value in given.items()]


def literal(value: object) -> str:
    """A value in HCL."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, Mapping):
        pairs = (f"{quote(name)} = {literal(one)}" for name, one in value.items())
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else quote(value)


def quote(value: object) -> str:
    """Text in quotes. Templates (${ and %{) stay text, and no quote ends it early."""
    return f'"{escape(str(value))}"'


def escape(text: str) -> str:
    text = "".join(
        _ESCAPES.get(char) or (char if char.isprintable() else _code_point(char)) for char in text
    )
    return text.replace("${", "$${").replace("%{", "%%{")


def _code_point(char: str) -> str:
    number = ord(char)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"
