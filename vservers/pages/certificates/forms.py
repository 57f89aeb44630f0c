"""Uploading certificates. A private key never goes back to the browser in the clear."""

import json
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.accounts.actor import Actor
from console.shell.redaction import keep_out
from console.shell.sealing import Unreadable, seal, unseal
from vservers.models import CACertificate, Region, ServerCertificate
from vservers.pages.fields import name_field
from vservers.pages.places import PlaceForm
from vservers.services.pem import BadPem, Pem, read_ca_certificate, read_server_certificate


class WriteOnly(forms.Textarea):
    """A text that is never sent back to the browser, not even what was typed a moment ago."""

    def format_value(self, value: Any) -> None:
        return None


# The cloud's limit of each kind in a region.
MAX_CERTIFICATES = 100
# Far above a chain of five and any key that is in use.
_MOST_LETTERS = 40_000


def _pem(
    label: Any,
    placeholder: str,
    rows: int,
    help_text: Any,
    widget: type[forms.Textarea] = forms.Textarea,
    **options: Any,
) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=_MOST_LETTERS,
        widget=widget(
            attrs={
                "rows": rows,
                "spellcheck": "false",
                "autocomplete": "off",
                "placeholder": placeholder,
            }
        ),
        help_text=help_text,
        **options,
    )


class NameForm(PlaceForm):
    """What every upload has."""

    name = name_field(
        gettext_lazy("Certificate name"),
        help_text=gettext_lazy("1 to 80 letters, Chinese characters, digits, and - / . _"),
    )

    model: type[ServerCertificate | CACertificate]
    pem: Pem | None = None

    def clean(self) -> None:
        super().clean()
        if not self.errors:
            here = self.model._default_manager.filter(
                account=self.place.account_id, region=self.place.region_id
            )
            if here.count() >= MAX_CERTIFICATES:
                self.add_error(
                    None,
                    _("This region has %s of them already, which is the limit.") % MAX_CERTIFICATES,
                )

    def read(self, reading: Any, *texts: str) -> None:
        """Put what is wrong with the texts beside its field."""
        try:
            self.pem = reading(*texts)
        except BadPem as error:
            self.add_error(error.field, str(error))


class ServerCertificateForm(NameForm):
    """A server certificate with its key.

    `kept` carries the key from one rendering of the form to the next, sealed for this person, so
    that it need not be pasted again, and no page holds it.
    """

    model = ServerCertificate

    certificate = _pem(
        gettext_lazy("Certificate"),
        "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----",
        8,
        gettext_lazy("PEM. First the server's own, then each certificate's issuer."),
    )
    private_key = _pem(
        gettext_lazy("Private key"),
        "-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----",
        6,
        gettext_lazy(
            "PEM without a password. It is sent to the cloud once and never shown or kept."
        ),
        widget=WriteOnly,
        required=False,
    )
    kept = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, region: Region, actor: Actor) -> None:
        super().__init__(data, region=region)
        self._actor = actor
        self.key = ""
        if data is not None and not data.get("private_key", "").strip():
            self.key = self._unsealed(data.get("kept", ""))
        elif data is not None:
            self.key = data["private_key"].strip().replace("\r\n", "\n") + "\n"
        # Whatever fails from here on, no page and no log shows it.
        for spelling in (self.key, self.key.replace("\n", "\r\n"), self.key.strip()):
            keep_out(spelling)

    def _unsealed(self, kept: str) -> str:
        try:
            held = json.loads(unseal(kept)) if kept else {}
        except (Unreadable, ValueError):
            return ""
        return str(held["key"]) if held.get("user") == self._actor.user_id else ""

    @property
    def is_kept(self) -> bool:
        """Whether the next rendering of the form carries a key, so that the field may be empty."""
        return bool(self.key) and "private_key" not in self.errors

    @property
    def sealed_key(self) -> str:
        if not self.is_kept:
            return ""
        return seal(json.dumps({"user": self._actor.user_id, "key": self.key}))

    def clean(self) -> None:
        if not self.key:
            self.add_error("private_key", _("Paste the key that belongs to the certificate."))
        elif "certificate" in self.cleaned_data:
            self.read(read_server_certificate, self.cleaned_data["certificate"], self.key)
        super().clean()


class CACertificateForm(NameForm):
    """A certificate authority's own certificate."""

    model = CACertificate

    certificate = _pem(
        gettext_lazy("Certificate"),
        "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----",
        10,
        gettext_lazy("PEM. Clients whose certificate it issued get through."),
    )

    def clean(self) -> None:
        if "certificate" in self.cleaned_data:
            self.read(read_ca_certificate, self.cleaned_data["certificate"])
        super().clean()


class RenameForm(forms.Form):
    """Another name for a certificate."""

    use_required_attribute = False

    name = name_field(gettext_lazy("Certificate name"))
