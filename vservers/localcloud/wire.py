"""Answers as text: JSON, or XML for clients that ask for it."""

import json
import re
from collections.abc import Mapping
from xml.sax.saxutils import escape

import orjson

JSON_TYPE = "application/json"
XML_TYPE = "text/xml"
# What XML has no way to write, not even as a character reference.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def render(answer: Mapping[str, object], *, root: str, xml: bool) -> tuple[bytes, str]:
    """The body and its content type. root: the XML document's element."""
    if not xml:
        try:
            return orjson.dumps(answer), JSON_TYPE
        except orjson.JSONEncodeError:
            # What was sent to us and is said again may be no text, such as a host of odd bytes.
            text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
            return text.encode(errors="replace"), JSON_TYPE
    text = f'<?xml version="1.0" encoding="UTF-8"?>{_element(root, answer)}'
    return text.encode(), XML_TYPE


def _element(name: str, value: object) -> str:
    if isinstance(value, (list, tuple)):
        # A list has no element of its own: its name is repeated for each entry.
        return "".join(_element(name, entry) for entry in value)
    if isinstance(value, Mapping):
        inner = "".join(_element(str(key), entry) for key, entry in value.items())
    elif isinstance(value, bool):
        inner = str(value).lower()
    else:
        inner = escape(_NOT_IN_XML.sub("?", str(value)))
    return f"<{name}>{inner}</{name}>"
