"""What the pages of a region's own objects share: whose account, and reading them anew."""

from collections.abc import Callable, Sequence

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.shell.htmx import done
from console.shell.request import ConsoleRequest
from vservers.cloud import CloudError
from vservers.models import AccountRegion, Region
from vservers.pages.answers import next_url, not_read
from vservers.pages.fields import taken_from
from vservers.selectors.places import places_of


class PlaceForm(forms.Form):
    """A form for a new object of a region: with the account, where several have that region."""

    use_required_attribute = False

    account = forms.TypedChoiceField(label=gettext_lazy("Account"))

    field_order: Sequence[str] = ()

    def __init__(self, *args: object, region: Region, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.places = {str(place.pk): place for place in places_of(region)}
        if len(self.places) < 2:
            del self.fields["account"]
            return
        field = self.fields["account"]
        assert isinstance(field, forms.TypedChoiceField)  # noqa: S101 - as declared above
        field.choices = [(pk, place.account.name) for pk, place in self.places.items()]
        field.coerce = taken_from(self.places)

    def clean(self) -> None:
        super().clean()
        if not self.places:
            self.add_error(None, _("No account that is enabled has this region."))

    @property
    def place(self) -> AccountRegion:
        """Of a valid form."""
        chosen: AccountRegion | None = self.cleaned_data.get("account")
        return chosen or next(iter(self.places.values()))


def refresh_places(
    request: ConsoleRequest,
    region: Region,
    refresh: Callable[[AccountRegion], object],
    *,
    back: str,
) -> HttpResponse:
    """Read something of a region for each account, and go back."""
    back = next_url(request, back)
    try:
        for place in places_of(region):
            refresh(place)
    except CloudError as error:
        return not_read(request, error, back=back)
    message = _("%(region)s was read from the cloud.") % {"region": _(region.name)}
    return done(request, to=back, message=message)
