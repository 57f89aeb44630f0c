"""The edit of the pool's weights, which others may change meanwhile."""

from typing import Any, Self

from django.http import QueryDict

from vservers.models import LoadBalancer
from vservers.pages.conflict_rows import Line, pool_lines, pool_rows_of
from vservers.pages.conflicts import Conflict, Rows
from vservers.pages.editing import Edit
from vservers.selectors.fingerprints import pool_picture
from vservers.selectors.groups import pool_rows

from .forms import WeightsForm


class PoolEdit(Edit):
    form: WeightsForm

    def __init__(self, load_balancer: LoadBalancer, data: QueryDict | None) -> None:
        super().__init__(data, pool_picture(load_balancer))
        self._load_balancer = load_balancer
        self.form = WeightsForm(data, rows=pool_rows(load_balancer))

    def rows_of(self, picture: Any) -> Rows:
        return pool_rows_of(picture)

    def mine(self) -> Rows:
        """What was typed for the servers that are in the pool; who joined or left is no edit."""
        typed = self.form.weights
        if not self.seen.in_conflict:
            return typed
        theirs = pool_rows_of(self.seen.picture)
        return {server_id: typed.get(server_id, weight) for server_id, weight in theirs.items()}

    def lines(self, conflict: Conflict) -> list[Line]:
        return pool_lines(conflict)

    def arguments(self) -> dict[str, Any]:
        """Of set_pool_weights."""
        return {"weights": dict(self.result), "seen": self.seen.fingerprint}

    def renewed(self) -> Self:
        """The same with the rows that are in the pool since the cloud was read."""
        self.form = WeightsForm(self._data, rows=pool_rows(self._load_balancer))
        return self
