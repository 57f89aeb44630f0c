"""A VServer group made on the way, in the wizard of a listener: a name, servers, one port."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from vservers.cloud.types import BackendServer
from vservers.models import LoadBalancer, Server, VServerGroup
from vservers.pages.fields import name_field, whole_number
from vservers.selectors.servers import available_servers, network_rule, servers_by_id


class NewGroupForm(forms.Form):
    """All servers join with the same port and weight; the group's own page tells them apart."""

    use_required_attribute = False

    group_name = name_field(_("Group Name"))
    group_port = whole_number(
        1, 65535, label=_("Port"), help_text=_("1 to 65535, of every server.")
    )
    group_weight = whole_number(
        0, 100, label=_("Weight"), initial=100, help_text=_("0 to 100, of every server.")
    )


class NewGroup:
    """The part of the wizard in which a group is made. It is open where the form says so."""

    def __init__(self, balancer: LoadBalancer, data: QueryDict) -> None:
        self.balancer = balancer
        self._data = data
        self.is_open = data.get("new_group") == "on"
        self.form = NewGroupForm(
            initial={name: data[name] for name in NewGroupForm.base_fields if name in data}
        )
        self.ticks = list(dict.fromkeys(data.getlist("tick")))
        self.query = data.get("q", "")

    def act_on(self, intent: str) -> bool:
        """Carry out a button of this part; True where the person wants the group to be made."""
        if intent == "group-open":
            self.is_open = True
        elif intent == "group-close":
            self.is_open = False
        return intent == "group-make"

    def judge(self) -> bool:
        self.form = NewGroupForm(self._data)
        return self.form.is_valid()

    @property
    def members(self) -> list[BackendServer]:
        values = self.form.cleaned_data
        return [
            BackendServer(server_id, port=values["group_port"], weight=values["group_weight"])
            for server_id in self.ticks
        ]

    @property
    def arguments(self) -> dict[str, Any]:
        """Of create_group."""
        return {
            "load_balancer": self.balancer,
            "name": self.form.cleaned_data["group_name"],
            "members": self.members,
        }

    def done(self, group: VServerGroup) -> None:
        """The group is there: the part closes and forgets what was typed."""
        self.is_open = False
        self.form, self.ticks, self.query = NewGroupForm(), [], ""
        self.made = group

    def context(self) -> dict[str, Any]:
        """What the template shows while the part is open."""
        if not self.is_open:
            # What was typed waits, should the part be opened again.
            kept = [(bound.name, bound.value()) for bound in self.form if bound.value()]
            return {"new_group": self, "kept": [*kept, *(("tick", one) for one in self.ticks)]}
        chosen = servers_by_id(self.ticks, load_balancer=self.balancer)
        rule = network_rule(self.balancer, chosen=chosen.values())
        wanted = self._data.get("network_type", "")
        network_type = wanted if wanted in rule.allowed else rule.allowed[0]
        intent, _colon, number = self._data.get("intent", "").partition(":")
        page = {"page": number, "search": "1"}.get(intent, self._data.get("page", "1"))
        rows, found = available_servers(
            load_balancer=self.balancer,
            rule=rule,
            network_type=network_type,
            query=self.query,
            page=page,
        )
        shown = {row.server.pk for row in rows}
        elsewhere: list[Server] = [one for pk, one in chosen.items() if pk not in shown]
        return {
            "new_group": self,
            "rows": rows,
            "page": found,
            "query": self.query,
            "ticks": self.ticks,
            "elsewhere": elsewhere,
            "network_type": network_type,
            "networks": [
                (value, label, rule.reasons.get(value, ""))
                for value, label in LoadBalancer.NetworkType.choices
            ],
        }
