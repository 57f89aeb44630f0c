"""The kit's tags: icons, form controls, menus, table headings, pager."""

import json
import re
from collections.abc import Hashable, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

from django import forms, template
from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.paginator import Page, Paginator
from django.forms.boundfield import BoundField, BoundWidget
from django.forms.utils import flatatt
from django.http import HttpRequest, QueryDict
from django.template import Context, engines
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.accounts.permissions import Action, may
from console.shell import frame, navigation
from console.shell.catalogue import counted_forms
from console.shell.jinja import draw_rows
from console.shell.kept import component, kept, lean
from console.shell.once import FIELD, new_mark

register = template.Library()
# {% component "vservers/owner.html" owner=row.owner %}: a template of values alone, drawn once.
register.simple_tag(component, name="component")

_ICONS = settings.BASE_DIR / "node_modules" / "@tabler" / "icons" / "icons" / "outline"
# How a verb begins that takes another one back, and one that takes that back.
UNDO, REDO = "undo ", "redo "
_INVISIBLE = re.compile(r'<path stroke="none" d="M0 0h24v24H0z" fill="none" ?/>')
_BETWEEN = re.compile(r">\s+<")
_ICON_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@lru_cache(maxsize=256)
def _drawing(name: str) -> str:
    """The inside of one icon of @tabler/icons."""
    if not _ICON_NAME.fullmatch(name):
        raise template.TemplateSyntaxError(f"{name!r} is no icon's name")
    svg = (_ICONS / f"{name}.svg").read_text()
    inside = svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")]
    # Each has an invisible square behind it, and a line for each stroke.
    return _INVISIBLE.sub("", _BETWEEN.sub("><", inside)).strip()


@register.simple_tag
def once_mark() -> SafeString:
    """{% once_mark %} in a form: it is carried out once, however often it is sent."""
    return format_html('<input type="hidden" name="{}" value="{}">', FIELD, new_mark())


@register.simple_tag
@lru_cache(maxsize=512)
def icon(name: str, extra: str = "") -> SafeString:
    """{% icon "server" %}: the drawing inline, hidden from screen readers; put a word beside it.

    extra: more classes, e.g. "icon-lg".
    """
    drawing = mark_safe(_drawing(name))  # noqa: S308 — a file of a locked package
    return format_html(
        '<svg class="icon {}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        'stroke-width="2" stroke-linecap="round" stroke-linejoin="round" '
        'aria-hidden="true" focusable="false">{}</svg>',
        extra,
        drawing,
    )


@register.simple_tag
def jinja(name: str, **context: Any) -> SafeString:
    """{% jinja "vservers/groups/rows.jinja" page=page %}: a Jinja template with these values."""
    drawn = engines["jinja2"].get_template(name).render(context)
    return mark_safe(drawn)  # noqa: S308 - it escapes by itself


@register.simple_tag
def rows(name: str, rows: Iterable[Hashable], **shared: Any) -> SafeString:
    """{% rows "vservers/groups/rows.jinja" page columns=9 %}: by its macro `draw`."""
    return draw_rows(name, rows, **shared)


@register.filter
def control(field: BoundField, extra: str = "") -> SafeString:
    """{{ field|control }}: the widget with the classes that its kind needs; `extra` adds more."""
    widget = field.field.widget
    if isinstance(widget, forms.CheckboxInput):
        css = "form-check-input"
    elif isinstance(widget, forms.Select) and not isinstance(widget, forms.RadioSelect):
        css = "form-select"
    else:
        css = "form-control"
    if field.errors:
        css += " is-invalid"
    given = widget.attrs.get("class", "")
    if widget.attrs.get("placeholder") == field.label:
        del widget.attrs["placeholder"]  # allauth's: it says nothing that the label does not
    return field.as_widget(attrs={"class": " ".join(filter(None, [css, given, extra]))})


@register.filter
def choice_input(choice: BoundWidget) -> SafeString:
    """{% for choice in field %}{{ choice|choice_input }}: one radio button, without its words."""
    data = choice.data
    given = {
        "type": data["type"],
        "name": data["name"],
        "value": data["value"],
        "class": "form-check-input",
    }
    return format_html("<input{}>", flatatt({**data["attrs"], **given}))


@register.filter
def kind(field: BoundField) -> str:
    """How components/field.html lays the field out: check, group (radios) or plain."""
    widget = field.field.widget
    if isinstance(widget, forms.CheckboxInput):
        return "check"
    return "group" if isinstance(widget, forms.RadioSelect) else "plain"


@register.filter
def allows(actor: Any, action: str) -> bool:
    """{% if shell.actor|allows:"CHANGE_GROUPS" %}: whether to offer it; services check again."""
    return may(actor, Action[action])


@register.filter
def spoken(words: str) -> str:
    """What a row holds in English, in the reader's language: {{ entry.verb|spoken }}.

    A sentence that is not in the catalogue, as one with a name in it, stays as it is.
    """
    if words.startswith(UNDO):
        return _("undo %(act)s") % {"act": spoken(words.removeprefix(UNDO))}
    if words.startswith(REDO):
        return _("redo %(act)s") % {"act": spoken(words.removeprefix(REDO))}
    return _(words) if words else ""


@register.filter
def pretty(value: Any) -> str:
    """JSON, readable: {{ entry.before|pretty }}; a dash for None."""
    return "—" if value is None else json.dumps(value, indent=2, ensure_ascii=False)


@register.simple_tag(takes_context=True)
def menu(context: Context) -> SafeString:
    """The left navigation of this page and person; `balancer` in the context opens its part."""
    shell, match = context["shell"], context["request"].resolver_match
    page = (match and match.url_name) or ""
    balancer = context.get("balancer")
    if not balancer:
        return frame.global_menu(shell, region=shell.region, page=page)
    parts = navigation.balancer_menu(actor=shell.actor, balancer=balancer, page=page)
    inside = render_to_string("console/menu.html", {"balancer": balancer, "menus": parts})
    return inside + frame.global_menu(shell, region=balancer.region_id, page="")


@register.simple_tag(takes_context=True)
def top_bar(context: Context) -> SafeString:
    """The bar on top, of this person."""
    return frame.top_bar(context["shell"], csrf_token=str(context.get("csrf_token", "")))


@register.simple_tag(takes_context=True)
def overlays(context: Context) -> SafeString:
    """Dialog, the question about unsaved changes, toasts."""
    return frame.overlays(context.get("messages"))


def _address(request: HttpRequest, url: str = "", **changes: Any) -> str:
    """This page's address with other parameters; None takes one away."""
    return _changed(url or request.path, request.GET.urlencode(), **changes)


def _changed(path: str, query: str, **changes: Any) -> str:
    given = QueryDict(query, mutable=True)
    for name, value in changes.items():
        given.pop(name, None)
        if value is not None:
            given[name] = value
    return f"{path}?{given.urlencode()}"


@register.simple_tag(takes_context=True)
def set_address(context: Context, **changes: Any) -> str:
    """{% set_address size=50 page=None as url %}: this address with other parameters."""
    return _address(context["request"], **changes)


@register.simple_tag(takes_context=True)
def pager(
    context: Context,
    page: Page,
    noun: str = "row",
    plural: str = "",
    parameter: str = "page",
    url: str = "",
) -> SafeString:
    """{% pager page "group" %}: how many there are, and links that keep the rest of the address.

    The links fetch the nearest `data-part` around them. parameter: the name in the address, where
    one page has two tables. url: the address that answers with the part when it is not this
    page's; the browser's address then stays as it is.
    """
    request, paginator = context["request"], page.paginator
    return _pager(
        url or request.path,
        request.GET.urlencode(),
        page.number,
        paginator.count,
        paginator.per_page,
        counted_forms(noun, plural),
        parameter,
        push=not url,
    )


@kept(maxsize=512)
def _pager(
    path: str,
    query: str,
    number: int,
    count: int,
    per_page: int,
    forms: tuple[str, str],
    parameter: str,
    *,
    push: bool,
) -> SafeString:
    page = Paginator(range(count), per_page).page(number)
    shown = page.paginator.get_elided_page_range(number, on_each_side=1, on_ends=1)

    def link(number: int | str) -> str:
        return _changed(path, query, **{parameter: number})

    values = {
        "page": page,
        "counted": ngettext(*forms, count) % {"number": intcomma(count)},
        "push": "true" if push else "false",
        "numbers": [(number, link(number) if isinstance(number, int) else "") for number in shown],
        "previous": link(page.previous_page_number()) if page.has_previous() else "",
        "next": link(page.next_page_number()) if page.has_next() else "",
    }
    return lean(render_to_string("components/pager.html", values))


@register.simple_tag(takes_context=True)
def page_sizes(
    context: Context, page: Page, sizes: Iterable[int], size: int, target: str
) -> SafeString | str:
    """{% page_sizes page sizes size "#groups" %}: how many rows a page has, where that matters.

    target: the part of the page that is fetched anew.
    """
    sizes = tuple(sizes)
    if page.paginator.count <= sizes[0]:
        return ""
    links = tuple((one, _address(context["request"], size=one, page=None)) for one in sizes)
    return component("components/page_sizes.html", links=links, size=size, target=target)


@register.simple_tag(takes_context=True)
def sort_heading(context: Context, label: str, key: str, current: str) -> SafeString:
    """{% sort_heading "Name" "name" sort %}: a <th> whose link sorts by `key`, then backwards.

    current: the sort of the page, as in its address: "name" or "-name".
    """
    ascending, descending = current == key, current == f"-{key}"
    return component(
        "components/sort_heading.html",
        label=str(label),
        url=_address(context["request"], sort=f"-{key}" if ascending else key, page=None),
        aria_sort="ascending" if ascending else "descending" if descending else "",
    )


@register.inclusion_tag("components/age.html")
def age(at: datetime | None, prefix: str | None = None) -> dict[str, Any]:
    """{% age group.synced_at %}: "as of 3 minutes ago", with the moment itself on hover."""
    return {
        "at": at,
        "prefix": _("as of") if prefix is None else prefix,
        "zone": timezone.get_current_timezone_name(),
    }
