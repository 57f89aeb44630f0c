"""Weights of the servers in the pool, and of those that join it."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vservers.pages.fields import whole_number
from vservers.selectors.groups import PoolRow


class WeightsForm(forms.Form):
    """One weight for each server of the pool."""

    use_required_attribute = False

    def __init__(self, data: Any = None, *, rows: Sequence[PoolRow]) -> None:
        present = {_name(row): row.pool_server.weight for row in rows}
        # A server that came into the pool meanwhile was not on the page: it keeps its weight.
        super().__init__({**present, **data.dict()} if data else None, initial=present)
        self._rows = rows
        for row in rows:
            self.fields[_name(row)] = whole_number(
                0, 100, label=_("Weight"), widget=forms.NumberInput(attrs={"data-weight": True})
            )

    @property
    def rows(self) -> list[tuple[PoolRow, forms.BoundField]]:
        """The servers, each with its field."""
        return [(row, self[_name(row)]) for row in self._rows]

    @property
    def weights(self) -> dict[str, int]:
        """{server_id: weight}"""
        return {
            row.pool_server.server_id or "": self.cleaned_data[_name(row)] for row in self._rows
        }


def _name(row: PoolRow) -> str:
    return f"weight-{row.pool_server.server_id}"


class JoinForm(forms.Form):
    """The weight that the ticked servers join with."""

    use_required_attribute = False

    weight = whole_number(
        0,
        100,
        label=gettext_lazy("Weight"),
        initial=100,
        help_text=gettext_lazy("0 to 100, for every server that is added. 0: no new requests."),
    )
