"""Rows by Jinja2: escaped, translated, found by the catalogue, and one with Django's components."""

from dataclasses import replace

import pytest
from django.template import engines
from django.utils.translation import override
from jinja2 import UndefinedError

from console.shell.catalogue import in_jinja
from console.shell.jinja import draw_rows
from console.shell.kept import component, picked
from vservers.selectors.group_lists import GroupRow


def drawn(source: str, **context) -> str:
    return engines["jinja2"].from_string(source).render(context)


def test_what_people_typed_is_escaped_also_in_a_slot():
    rows = (
        '{% set drawing %}<b title="{{ slot("name") }}">{{ slot("name") }}</b>{% endset %}'
        "{% set row_of = stencil(drawing) %}{{ row_of(name=name) }}{{ row_of(name=mark) }}"
    )
    html = drawn(rows, name='<i>"', mark="a")
    escaped = "&lt;i&gt;&#34;"
    assert html == f'<b title="{escaped}">{escaped}</b><b title="a">a</b>'


def test_words_are_those_of_the_reader():
    source = (
        '{{ _("Edit") }} {{ ngettext("%(servers)s server", "%(servers)s servers", 2, servers=2) }}'
    )
    assert drawn(source) == "Edit 2 servers"
    with override("zh-hans"):
        assert drawn(source).startswith("编辑 2")


def test_the_catalogue_finds_the_words():
    source = '{% set a = _("Edit") %}{{ ngettext("%(n)s one", "%(n)s many", n, n=n) }}{{ _(name) }}'
    assert list(in_jinja(source)) == [("Edit", ""), ("%(n)s one", "%(n)s many")]


def test_a_component_is_that_of_django_in_each_language():
    one = component("vservers/owner.html", owner="<me>")
    assert "&lt;me&gt;" in one
    assert one is component("vservers/owner.html", owner="<me>")
    with override("zh-hans"):
        assert component("vservers/owner.html", owner="<me>") != one


def test_a_row_is_kept_by_what_it_shows(settings):
    settings.ROOT_URLCONF = "console.urls"
    row = GroupRow("rsp-1", "<web>", "", (), "lb-1", "shop", "r", (), 2, 2, 0, 0, 0, 2)
    shared = {"with_instance": True, "columns": 9, "may_change": True}

    def drawn(row):
        return draw_rows("vservers/groups/rows.jinja", [row], **shared)

    first = drawn(row)
    assert "&lt;web&gt;" in first
    assert "2 normal" in first
    assert drawn(replace(row)) == first
    assert "1 normal" in drawn(replace(row, normal=1))
    with override("zh-hans"):
        assert drawn(row) != first
    shared["may_change"] = False
    assert drawn(row).count("<a ") == first.count("<a ") - 3


def test_a_component_sees_only_what_was_picked():
    tags = component("vservers/tags.html", tags=picked({"env": "<p>"}), url_region="")
    assert "env: &lt;p&gt;" in tags


def test_addresses_are_quoted_as_reverse_does_it(settings):
    settings.ROOT_URLCONF = "console.urls"
    source = (
        '{{ places("groups-detail", "r", slots=2)(a, b) }} {{ url("groups-detail", "r", a, b) }}'
    )
    one, other = drawn(source, a="lb 1?", b="ü~:@").split(" ")
    assert one == other


def test_a_name_that_is_not_there_is_an_error():
    with pytest.raises(UndefinedError):
        drawn("{{ nobody }}")
