"""Choosing a language, and the page of what a person prefers."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.forms.utils import flatatt
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django.views.decorators.http import require_http_methods, require_POST

from console.accounts.models import User

from .preferences import LANGUAGES, keep, time_zones


class LongSelect(forms.Select):
    """A choice among hundreds, without a template for each of them."""

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: object = None
    ) -> SafeString:
        chosen = self.format_value(value)
        options = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            (
                (key, mark_safe(" selected") if str(key) in chosen else "", words)
                for key, words in self.choices
            ),
        )
        own = self.build_attrs(self.attrs, {**(attrs or {}), "name": name})
        return format_html("<select{}>{}</select>", flatatt(own), options)


class PreferencesForm(forms.ModelForm):
    """How the console speaks to a person, and in which zone it shows times."""

    language = forms.ChoiceField(label=gettext_lazy("Language"), required=False)
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        required=False,
        widget=LongSelect,
        help_text=gettext_lazy("In which the console shows times. The record keeps them in UTC."),
    )

    class Meta:
        model = User
        fields = ("language", "time_zone")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        by_browser = ("", _("As the browser says"))
        languages: forms.ChoiceField = self.fields["language"]  # type: ignore[assignment]
        zones: forms.ChoiceField = self.fields["time_zone"]  # type: ignore[assignment]
        languages.choices = [by_browser, *settings.LANGUAGES]
        zones.choices = [by_browser, *((name, name) for name in time_zones())]


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    assert request.user.is_authenticated  # noqa: S101 - SignInMiddleware lets nobody else in
    form = PreferencesForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        person = form.save()
        response = HttpResponseRedirect(reverse("preferences"))
        keep(response, settings.LANGUAGE_COOKIE_NAME, person.language)
        with override(person.language or None):
            messages.success(request, _("Your preferences were saved."))
        return response
    context = {"title": _("Preferences"), "form": form}
    status = 422 if form.errors else 200
    return render(request, "console/preferences.html", context, status=status)


@login_not_required
@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Keep a language for the person, in a cookie for the sign-in page too, and go back."""
    language, back = request.POST.get("language", ""), request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure())
    response = HttpResponseRedirect(back if safe else "/")
    if language in LANGUAGES:
        keep(response, settings.LANGUAGE_COOKIE_NAME, language)
        if request.user.is_authenticated:
            User.objects.filter(pk=request.user.pk).update(language=language)
    return response
