"""What is asked: a host and a path, as a browser would send them."""

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

_host = RegexValidator(
    r"\A[A-Za-z0-9_]([A-Za-z0-9_.-]*)(:[0-9]{1,5})?\Z",
    _("Enter a domain or an address, with or without port: letters, digits, hyphens, periods."),
)
_path = RegexValidator(
    r"\A/[!-~]*\Z",
    _("Start with /; write blanks and letters beyond ASCII as percent codes."),
)
_plain = {"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}


class RequestForm(forms.Form):
    """A whole URL typed as the host is taken apart; without host it is the service address."""

    use_required_attribute = False

    host = forms.CharField(
        label=_("Host"),
        max_length=253,
        required=False,
        validators=[_host],
        widget=forms.TextInput(attrs={**_plain, "list": "hosts"}),
    )
    path = forms.CharField(
        label=_("Path"),
        max_length=1024,
        required=False,
        validators=[_path],
        widget=forms.TextInput(attrs={**_plain, "list": "paths", "placeholder": "/"}),
    )

    def __init__(self, data: Any) -> None:
        typed = {name: data.get(name, "").strip() for name in ("host", "path")}
        if "/" in typed["host"]:
            whole = typed["host"] if "//" in typed["host"] else f"//{typed['host']}"
            try:
                parts = urlsplit(whole)
            except ValueError:
                parts = None
            if parts is not None:
                query = f"?{parts.query}" if parts.query else ""
                typed["host"] = parts.netloc
                typed["path"] = typed["path"] or f"{parts.path or '/'}{query}"
        super().__init__(typed)

    def clean_path(self) -> str:
        path: str = self.cleaned_data["path"]
        return path or "/"
