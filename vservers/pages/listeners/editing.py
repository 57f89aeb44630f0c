"""The edit of a listener that others may change meanwhile."""

from typing import Any

from django.http import QueryDict

from vservers.cloud.settings import HTTPSettings
from vservers.models import Listener
from vservers.pages.conflict_rows import listener_rows_of, settings_of
from vservers.pages.conflicts import Rows
from vservers.pages.editing import Edit
from vservers.selectors.fingerprints import listener_picture
from vservers.services.listeners import ListenerSpec

from .forms import ListenerForm


class ListenerEdit(Edit):
    form: ListenerForm

    def __init__(self, listener: Listener, data: QueryDict | None) -> None:
        super().__init__(data, listener_picture(listener))
        self.form = ListenerForm(data, load_balancer=listener.load_balancer, listener=listener)
        self._listener = listener

    def rows_of(self, picture: Any) -> Rows:
        return listener_rows_of(picture)

    def mine(self) -> Rows:
        return self.form.rows

    def arguments(self) -> dict[str, Any]:
        """Of change_listener."""
        rows = self.result
        groups = self._listener.load_balancer.vserver_groups
        group_id = rows.get("vserver_group_id")
        return {
            "spec": ListenerSpec(
                settings=HTTPSettings(**settings_of(rows)),
                vserver_group=groups.filter(pk=group_id).first(),
                description=rows.get("description", ""),
            ),
            "seen": self.seen.fingerprint,
        }
