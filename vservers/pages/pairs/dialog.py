"""The dialog of a new primary/secondary group: the picker of groups, for exactly two servers."""

from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from vservers.cloud.types import BackendServer
from vservers.models import LoadBalancer
from vservers.pages.fields import is_number
from vservers.pages.group_dialog.dialog import Dialog

SIZE = 2


class PairDialog(Dialog):
    """As the dialog of a VServer group, and which row is the primary server."""

    def __init__(self, balancer: LoadBalancer, data: QueryDict | None) -> None:
        super().__init__(balancer, data)
        chosen = data.get("primary") if data is not None else "0"
        self._primary = 1 if chosen == "1" else 0

    def act_on(self, intent: str) -> bool:
        """As there; the primary server stays the primary one when rows before it come or go."""
        tool, _colon, argument = intent.partition(":")
        index = int(argument) if is_number(argument) else -1
        confirms = super().act_on(intent)
        if tool == "remove" and index == 0 and self._primary == 1:
            self._primary = 0
        if tool == "add-port" and index < self._primary:
            self._primary = 1
        return confirms

    def is_valid(self) -> bool:
        valid = super().is_valid()
        if self.row_notice or self.paste_errors:
            return False
        if (count := len(self.draft.rows)) != SIZE:
            self._form.add_error(
                None,
                _("Choose exactly two servers, a primary and a secondary one; now it is %s.")
                % count,
            )
            return False
        return valid

    @property
    def primary(self) -> BackendServer:
        return self.members[self._primary]

    @property
    def secondary(self) -> BackendServer:
        return self.members[1 - self._primary]

    def context(self) -> dict[str, Any]:
        place = [self.balancer.region_id, self.balancer.pk]
        return {
            **super().context(),
            "title": _("Create primary/secondary group"),
            "action": reverse("pairs-new", args=place),
            "back_url": reverse("pairs-list", args=place),
            "primary": self._primary,
            "is_full": len(self.draft.rows) >= SIZE,
        }
