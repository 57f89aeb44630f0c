"""Checks a request's parameters against the product's table and turns text into values.

A table (tables/<product>.json) lists each action's parameters. Keys of a parameter:

    type       string, integer, boolean, json (the text of a JSON array), list (Name.N or
               Name.N.Key on the wire)
    clear      an empty text is a value of its own, not absence
    required   absent or empty is refused; `missing` names another code than MissingParameter
    enum       the words allowed; ignore_case: in any case, answered in the table's
    separator  the text is a list of words, joined by this
    bounds     [low, high], null for none: what the cloud's gateway lets through; `also` lists
               single values that are allowed beside them; `clamp` moves values into bounds
    length     [shortest, longest] in characters; `length_error`: the code when it has others
    format     a name in formats.FORMATS
    default    the value when the parameter is absent
    items      of json and list: "string" or the name of an entry in the table's shapes
    max_items  and `too_many`, the code when there are more; `malformed`: the code when the text is
               no such list; `error`: the code of any other fault
    bare       of a shape's field: an entry that is a plain text stands for this field

Parameters that the table does not list, in any case (spelling.py), are ignored, as the cloud does.
"""

import ast
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from vservers.localcloud.errors import ApiError, missing
from vservers.localcloud.formats import FORMATS, is_text
from vservers.localcloud.spelling import known_fields, known_parameters

Spec = Mapping[str, Any]
_INT32 = (-(2**31), 2**31 - 1)
# A deeper or longer text is no list of servers or rules.
_MAX_JSON_CHARACTERS = 256 * 1024


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of a list's entries. stands: by field, whether a raw value is right as it is.

    Nearly all entries are; what does not stand may be right all the same, written otherwise.
    """

    fields: Mapping[str, Spec]
    required: frozenset[str]
    defaults: Mapping[str, Any]
    stands: Mapping[str, Callable[[object], bool]]

    def values(self, entry: Mapping[str, Any]) -> dict[str, Any] | None:
        """An entry's values when all of it stands, else None."""
        stands = self.stands
        if not self.required <= entry.keys() <= stands.keys():
            return None
        for field, raw in entry.items():
            if not stands[field](raw):
                return None
        return {**self.defaults, **entry}


class Table:
    """The parameters of one product's actions."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.product: str = document["product"]
        self.version: str = document["version"]
        self.actions: Mapping[str, Mapping[str, Spec]] = document["actions"]
        self.shapes = {name: _shape(fields) for name, fields in document["shapes"].items()}

    def validate(self, action: str, given: Mapping[str, str]) -> dict[str, Any]:
        """The values of an action's parameters; absent ones without default are left out.

        given: names and texts as on the wire. Raises ApiError with the first fault, in the table's
        order, required parameters first.
        """
        specs = self.actions[action]
        given = known_parameters(given, specs)
        for name, spec in specs.items():
            if spec.get("required") and not _is_given(name, spec, given):
                raise missing(name, spec.get("missing", "MissingParameter"))
        values: dict[str, Any] = {}
        for name, spec in specs.items():
            value = self._value(name, spec, given)
            if value is not None:
                values[name] = value
        return values

    def _value(self, name: str, spec: Spec, given: Mapping[str, str]) -> Any:
        if spec["type"] == "list":
            return self._wire_list(name, spec, given)
        text = given.get(name, "")
        if text == "":
            return "" if spec.get("clear") and name in given else spec.get("default")
        if spec["type"] == "json":
            return self._json_list(name, spec, text)
        if "separator" in spec:
            words = [word.strip() for word in text.split(spec["separator"]) if word.strip()]
            _check_count(name, spec, len(words))
            return tuple(_scalar(name, spec, word) for word in words)
        return _scalar(name, spec, text)

    def _wire_list(self, name: str, spec: Spec, given: Mapping[str, str]) -> tuple[Any, ...] | None:
        """Entries written Name.1, Name.2 or Name.1.Key, Name.1.Value; in the order of numbers."""
        entries: dict[int, Any] = {}
        for wire_name, text in given.items():
            if not wire_name.startswith(f"{name}."):
                continue
            number, _, field = wire_name[len(name) + 1 :].partition(".")
            if not (number.isascii() and number.isdigit() and len(number) <= 4):
                raise _invalid(wire_name, spec)
            if spec["items"] == "string":
                entries[int(number)] = _scalar(name, {**spec, "type": "string"}, text)
            else:
                entries.setdefault(int(number), {})[field] = text
        if not entries:
            return None
        _check_count(name, spec, len(entries))
        return tuple(self._entry(name, spec, entries[number]) for number in sorted(entries))

    def _json_list(self, name: str, spec: Spec, text: str) -> tuple[Any, ...]:
        parsed = _parse_list(text)
        if parsed is None:
            raise _invalid(name, spec, code=spec.get("malformed", ""))
        _check_count(name, spec, len(parsed))
        return tuple(self._entry(name, spec, entry) for entry in parsed)

    def _entry(self, name: str, spec: Spec, entry: object) -> Any:
        malformed = spec.get("malformed", "")
        if spec["items"] == "string":
            if not isinstance(entry, str) or not is_text(entry):
                raise _invalid(name, spec, code=malformed)
            return entry
        shape = self.shapes[spec["items"]]
        if isinstance(entry, str):
            bare = next((field for field, part in shape.fields.items() if part.get("bare")), None)
            entry = {bare: entry} if bare else None
        if not isinstance(entry, dict):
            raise _invalid(name, spec, code=malformed)
        values = shape.values(entry)
        if values is not None:
            return values
        entry = known_fields(entry, shape.fields)
        values = {}
        for field, part in shape.fields.items():
            if field in entry or part.get("required"):
                value = _field(name, spec, field, part, entry.get(field))
            else:
                value = part.get("default")
            if value is not None:
                values[field] = value
        return values


def _shape(fields: Mapping[str, Spec]) -> Shape:
    return Shape(
        fields=fields,
        required=frozenset(field for field, spec in fields.items() if spec.get("required")),
        defaults={field: spec["default"] for field, spec in fields.items() if "default" in spec},
        stands={field: _stands(spec) for field, spec in fields.items()},
    )


def _stands(spec: Spec) -> Callable[[object], bool]:
    """What tells whether a field's raw value passes all of its spec without being converted."""
    if spec["type"] == "integer" and "clamp" not in spec:
        low, high = spec.get("bounds", _INT32)
        top = math.inf if high is None else high
        return lambda raw: type(raw) is int and low <= raw <= top
    if spec["type"] != "string":
        return lambda raw: False
    if "enum" in spec:
        words = frozenset(spec["enum"])
        return lambda raw: type(raw) is str and raw in words
    # What an empty text means is not for here to say.
    if "length" not in spec and "format" not in spec:
        return lambda raw: type(raw) is str and raw != "" and raw.isascii()
    shortest, longest = spec.get("length", (1, math.inf))
    shaped = FORMATS.get(spec.get("format", ""), str.isascii)
    return lambda raw: (
        type(raw) is str
        and raw != ""
        and raw.isascii()
        and shortest <= len(raw) <= longest
        and shaped(raw)
    )


def _is_given(name: str, spec: Spec, given: Mapping[str, str]) -> bool:
    if spec["type"] == "list":
        return any(wire_name.startswith(f"{name}.") and given[wire_name] for wire_name in given)
    return bool(given.get(name))


@cache
def table(product: str) -> Table:
    """The committed table of a product, by its file name."""
    source = resources.files("vservers.localcloud.tables") / f"{product}.json"
    return Table(json.loads(source.read_text(encoding="utf-8")))


def parse_boolean(text: str) -> bool | None:
    """True or False in any case, as both Python SDKs and the docs write it; else None."""
    return {"true": True, "false": False}.get(text.lower())


def _scalar(name: str, spec: Spec, text: str, field: str = "") -> Any:
    if spec["type"] == "boolean":
        flag = parse_boolean(text)
        if flag is None:
            raise _invalid(name, spec, field, "it must be true or false")
        return flag
    if spec["type"] == "integer":
        return _integer(name, spec, text, field)
    if "enum" in spec:
        if text in spec["enum"]:
            return text
        for word in spec["enum"] if spec.get("ignore_case") else ():
            if text.lower() == word.lower():
                return word
        raise _invalid(name, spec, field, f"it must be one of {', '.join(spec['enum'])}")
    if "length" in spec:
        low, high = spec["length"]
        if not low <= len(text) <= high:
            because = f"it must have {low} to {high} characters"
            raise _invalid(name, spec, field, because, spec.get("length_error", ""))
    if "format" in spec and not FORMATS[spec["format"]](text):
        raise _invalid(name, spec, field, "it contains characters that are not allowed")
    return text


def _integer(name: str, spec: Spec, text: str, field: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 10):
        raise _invalid(name, spec, field, "it must be an integer")
    return _within(name, spec, int(text), field)


def _within(name: str, spec: Spec, number: int, field: str) -> int:
    if "clamp" in spec:
        low, high = spec["clamp"]
        return int(min(max(number, low), high))
    low, high = spec.get("bounds", _INT32)
    if (low <= number and (high is None or number <= high)) or number in spec.get("also", ()):
        return number
    upper = "" if high is None else high
    raise _invalid(name, spec, field, f"the value should be in [{low}, {upper}]")


def _field(name: str, spec: Spec, field: str, part: Spec, raw: object) -> Any:
    """The value of a field that an entry has, or must have. part: the field's own spec."""
    if type(raw) is int and part["type"] == "integer":
        return _within(name, part, raw, field)
    text = _text(raw)
    if text is None:
        raise _invalid(name, spec, field, code=part.get("error", spec.get("malformed", "")))
    if text == "" and part.get("required"):
        code = part.get("missing") or spec.get("malformed") or "MissingParameter"
        raise _invalid(name, spec, field, "it is mandatory", code)
    # An empty text is an answer for a text (a rule without domain), but no number.
    if text == "" and part["type"] != "string":
        if raw == "":
            raise _invalid(name, part, field)
        return part.get("default")
    return _scalar(name, part, text, field)


def _check_count(name: str, spec: Spec, count: int) -> None:
    limit = spec.get("max_items")
    if limit is not None and count > limit:
        raise _invalid(name, spec, because=f"at most {limit}", code=spec.get("too_many", ""))


def _text(raw: object) -> str | None:
    """A JSON scalar as the text it would have as a parameter; None for anything deeper."""
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return str(raw).lower()
    if isinstance(raw, str):
        return raw if is_text(raw) else None
    if isinstance(raw, int):
        # Python refuses to write integers beyond 4300 digits; none of them is in any range.
        return str(raw) if raw.bit_length() <= 64 else "9" * 20
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < 2**53:
        return str(int(raw))
    return None


def _parse_list(text: str) -> list[object] | None:
    """The list in a text: JSON, or with single quotes as Terraform's provider writes it."""
    if len(text) > _MAX_JSON_CHARACTERS:
        return None
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        # literal_eval takes literals only, and never runs what it reads.
        try:
            parsed = ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            return None
    return parsed if isinstance(parsed, list) else None


def _invalid(name: str, spec: Spec, field: str = "", because: str = "", code: str = "") -> ApiError:
    code = code or spec.get("error", "InvalidParameter")
    reason = f": {because}" if because else ""
    if field:
        reason = f", as the {field} value is wrong{reason}"
        if because.startswith("the value should be"):
            reason = (
                f", as the {field} value should be{because.removeprefix('the value should be')}"
            )
    if code in ("TooManyBackendServers", "ObtainIpFail"):
        return ApiError(code)
    return ApiError(code, f"The specified {name} is invalid{reason}.")
