"""A domain of an HTTPS listener and its certificate."""

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vservers.models import Listener, ServerCertificate

MAX_DOMAIN = 253
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"\A(?:\*\.)?{_LABEL}(?:\.{_LABEL})+\Z")


class CertificateForm(forms.Form):
    """Which certificate is shown."""

    use_required_attribute = False

    certificate = forms.ChoiceField(
        label=gettext_lazy("Server certificate"),
        error_messages={"required": gettext_lazy("Choose a certificate.")},
    )

    def __init__(
        self, *args: Any, certificates: Sequence[ServerCertificate], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.certificates = {one.pk: one for one in certificates}
        field = self.fields["certificate"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - as declared above
        field.choices = [("", _("Choose…")), *((one.pk, _label(one)) for one in certificates)]

    @property
    def chosen(self) -> ServerCertificate:
        """Of a valid form."""
        return self.certificates[self.cleaned_data["certificate"]]


class ExtensionForm(CertificateForm):
    """A further domain."""

    domain = forms.CharField(
        label=gettext_lazy("Domain"),
        max_length=MAX_DOMAIN,
        error_messages={"required": gettext_lazy("Enter a domain.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "placeholder": "shop.example.com"}
        ),
        help_text=gettext_lazy("www.example.com, or *.example.com for all of its subdomains."),
    )

    field_order = ("domain", "certificate")

    def __init__(self, *args: Any, listener: Listener, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._listener = listener

    def clean_domain(self) -> str:
        domain = str(self.cleaned_data["domain"]).lower()
        if not _DOMAIN.match(domain):
            raise ValidationError(
                _("Enter a domain of letters, digits, hyphens and dots, such as www.example.com.")
            )
        if self._listener.extensions.filter(domain=domain).exists():
            raise ValidationError(_("This listener has the domain already."))
        return domain


def _label(certificate: ServerCertificate) -> str:
    names = ", ".join(certificate.names[:2])
    return f"{certificate} ({names})" if names else str(certificate)
