"""The edit of a listener that others may change meanwhile."""

from typing import Any

from django.http import QueryDict

from vservers.cloud.settings import settings_of
from vservers.models import Listener
from vservers.pages import conflict_rows
from vservers.pages.conflicts import Rows
from vservers.pages.editing import Edit
from vservers.selectors.fingerprints import listener_picture
from vservers.services.listeners import ListenerSpec

from .forms import ListenerForm


class ListenerEdit(Edit):
    form: ListenerForm

    def __init__(self, listener: Listener, data: QueryDict | None) -> None:
        super().__init__(data, listener_picture(listener))
        self.form = ListenerForm(
            data,
            load_balancer=listener.load_balancer,
            protocol=listener.protocol,
            listener=listener,
        )
        self._listener = listener

    def rows_of(self, picture: Any) -> Rows:
        return conflict_rows.listener_rows_of(picture)

    def mine(self) -> Rows:
        return self.form.rows

    def arguments(self) -> dict[str, Any]:
        """Of change_listener."""
        rows = self.result
        group_id, pair_id = rows["target"]
        groups = self._listener.load_balancer.vserver_groups
        settings = conflict_rows.settings_of(rows)
        return {
            "spec": ListenerSpec(
                settings=settings_of(self._listener.protocol, settings),
                vserver_group=groups.filter(pk=group_id).first(),
                master_slave_server_group_id=pair_id,
                description=rows.get("description", ""),
            ),
            "seen": self.seen.fingerprint,
        }
