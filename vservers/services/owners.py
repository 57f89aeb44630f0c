"""Who else manages an object: a cluster's controller, a scaling group, Terraform.

Their programs put things back as they want them, so a person's edit does not last. They are told by
the marks that they leave: names, tags, and descriptions of servers.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from django.conf import settings
from django.utils.translation import gettext as _

_PAIR = re.compile(r"([\w./:-]+)\s*[=:]\s*([^,;\s]*)")


def owner_of(
    *, name: str = "", tags: Mapping[str, str] | None = None, descriptions: Iterable[str] = ()
) -> str:
    """The owner by the first rule of settings.OWNER_RULES that fits, "" where none does.

    A rule: {"owner": words, "names": patterns, "tags": patterns, "descriptions": patterns}, each
    with * and ?. Tags and descriptions are compared as "key" and as "key=value", a description as a
    whole too.
    """
    marks: dict[str, set[str]] | None = None
    for rule in settings.OWNER_RULES:
        if any(fnmatchcase(name, pattern) for pattern in rule.get("names", ())):
            return str(rule["owner"])
        if marks is None:
            marks = {
                "tags": set(_spelled((tags or {}).items())),
                "descriptions": {
                    mark for text in set(descriptions) if text for mark in _marks_of(text)
                },
            }
        for kind, present in marks.items():
            patterns = rule.get(kind, ())
            if any(fnmatchcase(mark, pattern) for mark in present for pattern in patterns):
                return str(rule["owner"])
    return ""


def _marks_of(description: str) -> Iterator[str]:
    """What a description says: itself, and its keys where it is JSON or key=value pairs."""
    yield description
    try:
        found = json.loads(description)
    except ValueError:
        found = None
    pairs = found.items() if isinstance(found, dict) else _PAIR.findall(description)
    yield from _spelled((str(key), str(value)) for key, value in pairs)


def _spelled(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for key, value in pairs:
        yield key
        yield f"{key}={value}"


def owner_warning(owner: str) -> list[str]:
    """What to know before a person edits what somebody else manages; nothing without an owner."""
    if not owner:
        return []
    return [
        _("%(owner)s manages this and may put it back as it wants it, or make it anew.")
        % {"owner": owner}
    ]
