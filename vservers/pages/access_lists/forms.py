"""Names of access control lists, and their networks: one, or many with one on a line."""

import ipaddress
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vservers.models import AccessControlList
from vservers.pages.fields import name_field
from vservers.pages.places import PlaceForm
from vservers.services.access_lists import Entry

# The cloud's limits: lists of a region, networks of a list, letters of a description.
MAX_LISTS = 50
MAX_ENTRIES = 300
MAX_COMMENT = 256
# So many bad lines are named; who has more looks at these first.
MOST_NAMED = 20


def _name_field() -> forms.CharField:
    return name_field(
        gettext_lazy("Name"),
        help_text=gettext_lazy("1 to 80 letters, Chinese characters, digits, and - / . _"),
    )


class RenameForm(forms.Form):
    """Another name for a list."""

    use_required_attribute = False

    name = _name_field()


class EntryForm(forms.Form):
    """One network."""

    use_required_attribute = False

    network = forms.CharField(
        label=gettext_lazy("Address or CIDR block"),
        max_length=64,
        error_messages={"required": gettext_lazy("Enter an address or a CIDR block.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("10.0.0.0/8, or a single address such as 192.0.2.7."),
    )
    comment = forms.CharField(
        label=gettext_lazy("Description"), max_length=MAX_COMMENT, required=False
    )

    def __init__(self, *args: Any, access_list: AccessControlList, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._access_list = access_list

    def clean_network(self) -> str:
        network = as_network(self.cleaned_data["network"], self._access_list.ip_version)
        if self._access_list.entries.filter(network=network).exists():
            raise ValidationError(_("%s is in the list already.") % network)
        return network

    @property
    def entries(self) -> list[Entry]:
        """Of a valid form."""
        return [(self.cleaned_data["network"], self.cleaned_data["comment"])]


class EntriesField(forms.CharField):
    """Lines of `CIDR|description`; cleans to [(network, description)], each network once."""

    def __init__(self, **kwargs: Any) -> None:
        self.ip_version = AccessControlList.IPVersion.IPV4.value
        super().__init__(
            label=gettext_lazy("Networks"),
            widget=forms.Textarea(
                attrs={
                    "rows": 10,
                    "spellcheck": "false",
                    "placeholder": "10.0.0.0/8|office\n192.0.2.7",
                }
            ),
            help_text=gettext_lazy(
                "One on a line: an address or a CIDR block, and after a | its description."
            ),
            **kwargs,
        )

    def clean(self, value: Any) -> Any:
        found: dict[str, str] = {}
        errors = []
        lines: dict[str, int] = {}
        for number, line in enumerate(str(super().clean(value)).splitlines(), 1):
            if not line.strip():
                continue
            written, _bar, comment = (part.strip() for part in line.partition("|"))
            try:
                network = as_network(written, self.ip_version)
                if network in lines:
                    raise ValidationError(
                        _("%(network)s is on line %(line)s already.")
                        % {"network": network, "line": lines[network]}
                    )
                if len(comment) > MAX_COMMENT:
                    raise ValidationError(
                        _("The description has more than %s characters.") % MAX_COMMENT
                    )
            except ValidationError as error:
                sentence = " ".join(error.messages)
                errors.append(_("Line %(line)s: %(why)s") % {"line": number, "why": sentence})
                continue
            found[network], lines[network] = comment, number
        if errors:
            more = len(errors) - MOST_NAMED
            named = errors[:MOST_NAMED]
            if more > 0:
                named.append(_("And %s more lines.") % more)
            raise ValidationError(named)
        return list(found.items())


class EntriesForm(forms.Form):
    """Many networks for a list that is there."""

    use_required_attribute = False

    entries_text = EntriesField()

    def __init__(self, *args: Any, access_list: AccessControlList, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._access_list = access_list
        field = self.fields["entries_text"]
        assert isinstance(field, EntriesField)  # noqa: S101 - as declared above
        field.ip_version = access_list.ip_version

    def clean_entries_text(self) -> list[Entry]:
        entries: list[Entry] = self.cleaned_data["entries_text"]
        held = set(self._access_list.entries.values_list("network", flat=True))
        new = sum(network not in held for network, _comment in entries)
        if len(held) + new > MAX_ENTRIES:
            raise ValidationError(
                _(
                    "A list holds %(most)s networks at most. This one has %(held)s, so there is "
                    "room for %(room)s of these %(new)s."
                )
                % {
                    "most": MAX_ENTRIES,
                    "held": len(held),
                    "room": max(0, MAX_ENTRIES - len(held)),
                    "new": new,
                }
            )
        return entries

    @property
    def entries(self) -> list[Entry]:
        """Of a valid form."""
        entries: list[Entry] = self.cleaned_data["entries_text"]
        return entries


class NewListForm(PlaceForm):
    """A new list, with its first networks if there are any yet."""

    name = _name_field()
    ip_version = forms.ChoiceField(
        label=gettext_lazy("IP version"),
        choices=AccessControlList.IPVersion,
        initial=AccessControlList.IPVersion.IPV4,
        widget=forms.RadioSelect,
        help_text=gettext_lazy("IPv4 instances take IPv4 lists only. It cannot be changed later."),
    )
    entries_text = EntriesField(required=False)

    def full_clean(self) -> None:
        field = self.fields["entries_text"]
        assert isinstance(field, EntriesField)  # noqa: S101 - as declared above
        chosen = self.data.get("ip_version")
        if chosen in AccessControlList.IPVersion.values:
            field.ip_version = str(chosen)
        super().full_clean()

    def clean_entries_text(self) -> list[Entry]:
        entries: list[Entry] = self.cleaned_data["entries_text"]
        if len(entries) > MAX_ENTRIES:
            raise ValidationError(
                _("A list holds %(most)s networks at most; these are %(new)s.")
                % {"most": MAX_ENTRIES, "new": len(entries)}
            )
        return entries

    def clean(self) -> None:
        super().clean()
        if self.errors:
            return
        place = self.place
        here = AccessControlList.objects.filter(account=place.account_id, region=place.region_id)
        if here.count() >= MAX_LISTS:
            self.add_error(
                None, _("This region has %s lists already, which is the limit.") % MAX_LISTS
            )

    @property
    def entries(self) -> list[Entry]:
        """Of a valid form."""
        entries: list[Entry] = self.cleaned_data["entries_text"]
        return entries


def as_network(text: str, ip_version: str) -> str:
    """A network in the one spelling that the lists have. Raises ValidationError.

    An address stands for itself alone; a network with bits set behind its mask is no network, and
    may well be a slip, so that it is asked about.
    """
    text = text.strip()
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        try:
            meant = ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise ValidationError(
                _("“%s” is neither an address nor a CIDR block.") % text
            ) from error
        raise ValidationError(
            _("“%(text)s” is an address inside of a network. Write %(network)s or %(address)s.")
            % {"text": text, "network": meant, "address": text.partition("/")[0]}
        ) from error
    if f"ipv{network.version}" != ip_version:
        version = AccessControlList.IPVersion(ip_version).label
        raise ValidationError(
            _("“%(text)s” is not %(version)s, as this list is.")
            % {"text": text, "version": version}
        )
    return str(network)
