"""The form of an account of the cloud."""

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vservers.models import CloudAccount
from vservers.pages.fields import printable

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_PLACES = re.compile(r"\{(?:product|region)\}")
# What a header of HTTP can carry.
_visible = RegexValidator(
    r"\A[!-~]+\Z", gettext_lazy("Use Latin letters, digits and signs, without blanks.")
)
_PACES = {
    "reads": "read",
    "writes": "write",
    "creates": "CreateVServerGroup",
}


def _pace(label: "StrOrPromise", help_text: "StrOrPromise") -> forms.FloatField:
    return forms.FloatField(
        label=label, required=False, min_value=0, max_value=10_000, help_text=help_text
    )


class AccountForm(forms.Form):
    """Where an account is, its key, and how often it may be called."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=60,
        validators=[printable],
        help_text=gettext_lazy("For people: “Production”, “Team shop”."),
        error_messages={"required": gettext_lazy("Enter a name for the account.")},
    )
    endpoint = forms.CharField(
        label=gettext_lazy("Endpoint"),
        max_length=300,
        initial="https://{product}.{region}.aliyuncs.com",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy(
            "A URL for every product, or one with {product} and {region} in it."
        ),
    )
    access_key_id = forms.CharField(
        label=gettext_lazy("AccessKey ID"),
        max_length=128,
        validators=[_visible],
        error_messages={"required": gettext_lazy("Enter the ID of its access key.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    secret = forms.CharField(
        label=gettext_lazy("AccessKey secret"),
        max_length=256,
        error_messages={"required": gettext_lazy("Enter the secret of its access key.")},
        strip=True,
        # Never sent back to the browser, not even what was typed a moment ago.
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("It is encrypted and never shown again."),
    )
    enabled = forms.BooleanField(
        label=gettext_lazy("Enabled"),
        required=False,
        initial=True,
        help_text=gettext_lazy(
            "A disabled account is neither read nor changed; what was read stays."
        ),
    )
    reads = _pace(
        gettext_lazy("Reads a second"), gettext_lazy("Empty: as the settings say. 0: no limit.")
    )
    writes = _pace(gettext_lazy("Writes a second"), gettext_lazy("As above."))
    creates = _pace(
        gettext_lazy("New groups a second"), gettext_lazy("The vendor allows 90 a minute.")
    )

    def __init__(self, *args: Any, account: CloudAccount | None = None, **kwargs: Any) -> None:
        if account:
            kwargs["initial"] = {
                "name": account.name,
                "endpoint": account.endpoint,
                "access_key_id": account.access_key_id,
                "enabled": account.enabled,
                **{field: account.paces.get(family) for field, family in _PACES.items()},
            }
        super().__init__(*args, **kwargs)
        self.account = account
        if account is None:
            del self.fields["enabled"]
            return
        self.fields["secret"].required = False
        self.fields["secret"].label = _("New AccessKey secret")
        self.fields["secret"].help_text = _("Leave empty to keep the present one.")
        if account.from_environment:
            for field in ("endpoint", "access_key_id", *_PACES):
                self.fields[field].disabled = True
            del self.fields["secret"]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        same = CloudAccount.objects.filter(name__iexact=name)
        if self.account:
            same = same.exclude(pk=self.account.pk)
        if same.exists():
            raise ValidationError(_("Another account has this name."))
        return name

    def clean_endpoint(self) -> str:
        endpoint: str = self.cleaned_data["endpoint"]
        plain = _PLACES.sub("x", endpoint)
        if "{" in plain or "}" in plain:
            raise ValidationError(_("Only {product} and {region} can stand in braces."))
        if not _is_endpoint(plain):
            raise ValidationError(_("Enter a URL such as https://{product}.{region}.aliyuncs.com."))
        return endpoint

    @property
    def values(self) -> dict[str, Any]:
        """What the services take; of a valid form."""
        data = dict(self.cleaned_data)
        paces = {family: data.pop(field) for field, family in _PACES.items()}
        data["paces"] = {family: rate for family, rate in paces.items() if rate is not None}
        return data


def _is_endpoint(text: str) -> bool:
    try:
        url = urlsplit(text)
        named = bool(url.hostname) and not url.username and url.port != 0
    except ValueError:
        # A bracket that nobody closes, a port beyond 65535.
        return False
    return named and url.scheme in {"http", "https"} and text.isprintable() and " " not in text
