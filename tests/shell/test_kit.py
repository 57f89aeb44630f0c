"""The kit's tags."""

import pytest
from django import forms
from django.core.paginator import Paginator
from django.template import Context, Template, TemplateSyntaxError
from django.test import RequestFactory


def drawn(source: str, **context) -> str:
    request = RequestFactory().get("/groups/?q=web&sort=name&page=2")
    return Template("{% load kit %}" + source).render(Context({"request": request, **context}))


def test_an_icon_is_drawn_inline_and_hidden_from_screen_readers():
    svg = drawn('{% icon "server" "icon-lg" %}')
    assert svg.startswith('<svg class="icon icon-lg"')
    assert 'aria-hidden="true"' in svg
    assert "<rect" in svg or "<path" in svg


@pytest.mark.parametrize("name", ["../server", "no-such-icon", "Server", ""])
def test_only_an_icon_of_the_package_is_drawn(name):
    with pytest.raises((TemplateSyntaxError, FileNotFoundError)):
        drawn(f'{{% icon "{name}" %}}')


def test_the_pager_keeps_the_rest_of_the_address():
    page = Paginator(range(95), 10).get_page(2)
    html = drawn('{% pager page "group" %}', page=page)
    assert "of 95 groups" in html
    assert "?q=web&amp;sort=name&amp;page=3" in html
    assert 'aria-current="page"' in html


def test_a_single_page_has_only_its_count():
    html = drawn('{% pager page "entry" plural="entries" %}', page=Paginator([1], 10).get_page(1))
    assert "1 entry" in html
    assert "<nav" not in html


def test_a_sort_heading_turns_round():
    html = drawn('{% sort_heading "Name" "name" sort %}', sort="name")
    assert 'aria-sort="ascending"' in html
    assert "?q=web&amp;sort=-name" in html


class Example(forms.Form):
    name = forms.CharField(help_text="1 to 80 characters.")
    kind = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)


def test_a_field_ties_label_help_and_error_together():
    html = drawn('{% include "components/field.html" with field=form.name %}', form=Example({}))
    assert '<label class="form-label" for="id_name">' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html


def test_radios_stand_in_a_named_group():
    html = drawn(
        '{% include "components/field.html" with field=form.kind %}', form=Example({"kind": "b"})
    )
    assert '<legend class="form-label">Kind</legend>' in html
    assert html.count('type="radio"') == 2
    assert html.count("checked") == 1
