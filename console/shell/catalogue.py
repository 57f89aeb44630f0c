"""The catalogue of translations: which words code and templates hold, and the files of them.

Django's own `makemessages` asks for the gettext programs; this needs none. It finds the calls of
gettext in Python by their syntax, and in templates the same tags that Django translates, and beside
them what a pager counts. Files: locale/<language>/LC_MESSAGES/django.po, compiled beside it.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.template.base import Lexer, Token, TokenType
from django.utils.text import smart_split
from django.utils.translation import trim_whitespace
from jinja2 import Environment

# A message: what gettext is asked for, and its plural, "" where it has none.
type Message = tuple[str, str]

DOMAIN = "django"
# Of no page: a program of its own, and what a build leaves behind.
NOT_SEARCHED = frozenset({"localcloud", "migrations", "__pycache__"})
_ONE = frozenset({"_", "gettext", "gettext_lazy", "gettext_noop"})
_COUNTED = frozenset({"ngettext", "ngettext_lazy"})
_JINJA = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
_CONSTANT = re.compile(r"""\b_\((?:"([^"]*)"|'([^']*)')\)""")


def counted_forms(noun: str, plural: str = "") -> Message:
    """The message by which {% pager %} counts: ("%(number)s group", "%(number)s groups")."""
    return f"%(number)s {noun}", f"%(number)s {plural or noun + 's'}"


def messages(root: Path) -> dict[Message, list[str]]:
    """All messages of a checkout, with the files that hold each."""
    found: dict[Message, list[str]] = {}
    for folder in ("console", "vservers"):
        for path in sorted((root / folder).rglob("*.py")):
            if not NOT_SEARCHED & set(path.relative_to(root).parts):
                _note(found, path.relative_to(root), in_python(path.read_text()))
    for path in sorted((root / "templates").rglob("*.html")):
        _note(found, path.relative_to(root), in_template(path.read_text()))
    for path in sorted((root / "templates").rglob("*.jinja")):
        _note(found, path.relative_to(root), in_jinja(path.read_text()))
    return found


def _note(found: dict[Message, list[str]], path: Path, some: Iterator[Message]) -> None:
    for message in some:
        places = found.setdefault(message, [])
        if path.as_posix() not in places:
            places.append(path.as_posix())


def in_python(source: str) -> Iterator[Message]:
    """The literal arguments of each call of gettext and its kin."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        literals = [
            argument.value
            for argument in node.args
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
        ]
        if node.func.id in _ONE and literals:
            yield literals[0], ""
        elif node.func.id in _COUNTED and len(literals) > 1:
            yield literals[0], literals[1]


def in_template(source: str) -> Iterator[Message]:
    """What translate, blocktranslate, _("…") and pager hold."""
    block: list[Token] | None = None
    for token in Lexer(source).tokenize():
        words = list(smart_split(token.contents)) if token.token_type is TokenType.BLOCK else []
        tag = words[0] if words else ""
        if block is not None:
            if tag.startswith("endblocktrans"):
                yield _of_block(block)
                block = None
            else:
                block.append(token)
        elif tag.startswith("blocktrans"):
            block = [token]
        elif tag in {"translate", "trans"}:
            if words[1][0] in "\"'":
                yield words[1][1:-1].replace("%", "%%"), ""
        elif token.token_type in {TokenType.BLOCK, TokenType.VAR}:
            for double, single in _CONSTANT.findall(token.contents):
                yield (double or single), ""
            if tag == "pager":
                yield _of_pager(words)


def in_jinja(source: str) -> Iterator[Message]:
    """The literal arguments of _() and ngettext()."""
    for _line, function, words in _JINJA.extract_translations(source):  # type: ignore[attr-defined]
        one, many = words[:2] if isinstance(words, tuple) else (words, "")
        if one:
            yield one, (many or "") if function == "ngettext" else ""


def _of_block(tokens: list[Token]) -> Message:
    head, *body = tokens
    forms = [""]
    for token in body:
        if token.token_type is TokenType.BLOCK:  # plural
            forms.append("")
        elif token.token_type is TokenType.VAR:
            forms[-1] += f"%({token.contents.strip()})s"
        elif token.token_type is TokenType.TEXT:
            forms[-1] += token.contents.replace("%", "%%")
    if "trimmed" in head.contents.split():
        forms = [trim_whitespace(form) for form in forms]
    return forms[0], forms[1] if len(forms) > 1 else ""


def _of_pager(words: list[str]) -> Message:
    plural = next((word.partition("=")[2] for word in words if word.startswith("plural=")), "")
    noun = words[2] if len(words) > 2 and "=" not in words[2] else '"row"'
    return counted_forms(noun.strip("\"'"), plural.strip("\"'"))


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, domain=DOMAIN)


def merge(path: Path, root: Path) -> None:
    """Bring a catalogue up to date: new messages come in empty, those that are gone go."""
    old = read(path)
    fresh = Catalog(
        locale=old.locale, domain=DOMAIN, header_comment="", fuzzy=False, charset="utf-8"
    )
    for (one, many), places in sorted(messages(root).items()):
        known = old.get(one)
        empty: str | tuple[str, ...] = ("",) * fresh.num_plurals if many else ""
        string = known.string if known and isinstance(known.string, str) != bool(many) else empty
        fresh.add((one, many) if many else one, string, [(place, 0) for place in places])
    with path.open("wb") as file:
        write_po(file, fresh, width=100, omit_header=False, include_lineno=False)


def compile_catalogue(path: Path) -> None:
    """Write the .mo beside a .po, as gettext reads it."""
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, read(path))


def untranslated(path: Path) -> list[str]:
    """The messages of a catalogue that have no translation yet."""
    found = []
    for message in read(path):
        said = [message.string] if isinstance(message.string, str) else message.string or [""]
        if message.id and not all(said):
            found.append(str(message.id))
    return found
