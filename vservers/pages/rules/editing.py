"""The edit of a forwarding rule that others may change meanwhile."""

from typing import Any

from django.http import QueryDict

from vservers.cloud.settings import RuleSettings
from vservers.models import Rule
from vservers.pages.conflict_rows import rule_rows_of
from vservers.pages.conflicts import Rows
from vservers.pages.editing import Edit
from vservers.selectors.fingerprints import rule_picture

from .rule_form import RuleForm


class RuleEdit(Edit):
    form: RuleForm

    def __init__(self, rule: Rule, data: QueryDict | None) -> None:
        super().__init__(data, rule_picture(rule))
        self.form = RuleForm(data, rule=rule)
        self._rule = rule

    def rows_of(self, picture: Any) -> Rows:
        return rule_rows_of(picture)

    def mine(self) -> Rows:
        return self.form.rows

    def arguments(self) -> dict[str, Any]:
        """Of change_rule."""
        rows = self.result
        groups = self._rule.listener.load_balancer.vserver_groups
        chosen = groups.filter(pk=rows["vserver_group_id"]).first()
        return {
            "name": rows["name"],
            # Theirs may be gone by now; then the rule has changed too, and the service says so.
            "vserver_group": chosen or self.form.cleaned_data["vserver_group"],
            "settings": RuleSettings.of(rows["own"]) if rows.get("own") else None,
            "seen": self.seen.fingerprint,
        }
