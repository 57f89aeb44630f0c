"""What the group dialog shows for a draft, and what it makes of it on Confirm."""

from dataclasses import dataclass, replace
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from vservers.cloud.types import BackendServer
from vservers.models import Listener, LoadBalancer, Server, VServerGroup
from vservers.pages.answers import PLAN
from vservers.pages.conflict_rows import NAME, group_lines, group_rows, members_of
from vservers.pages.conflicts import Conflict, Rows, Seen
from vservers.pages.fields import is_number
from vservers.pages.preview import Preview
from vservers.selectors.fingerprints import group_picture
from vservers.selectors.group_lists import uses_of
from vservers.selectors.groups import shares
from vservers.selectors.member_health import listeners_using
from vservers.selectors.servers import (
    AvailableServer,
    NetworkRule,
    available_servers,
    joinable_servers,
    network_rule,
    servers_by_id,
)
from vservers.services.errors import CallFailed, InvalidMembers
from vservers.services.observing import held_members

from .draft import PREFIX, Draft
from .forms import MAX_ROWS, GroupForm, MemberForm, MemberFormSet
from .paste import paste


@dataclass(frozen=True, slots=True)
class SelectedRow:
    """A row of Selected Servers: its form, its server (None when unknown), its share."""

    form: MemberForm
    server_id: str
    server: Server | None
    share: float | None
    ticked: bool = False


class Dialog:
    """One rendering of the dialog. group: the one that is edited, None for a new one."""

    def __init__(
        self,
        balancer: LoadBalancer,
        data: QueryDict | None,
        *,
        group: VServerGroup | None = None,
    ) -> None:
        self.balancer = balancer
        self.group = group
        self.draft = draft = _draft(data, group)
        self.failed: CallFailed | None = None
        self.preview: Preview | None = None
        self.conflict: Conflict | None = None
        self.asked = False
        self.notice = ""
        # About the rows of Selected Servers, and about the lines in the paste box.
        self.row_notice = ""
        self.paste_errors: list[str] = []
        self.uses = uses_of([group.pk])[group.pk] if group else []
        self.starving = False
        self.sure = data is not None and data.get("sure") == "1"
        self._data = data if data is not None else QueryDict()
        if data is not None and "seen" in data:
            self.seen: Seen | None = Seen.from_post(data)
        else:
            self.seen = Seen.of(group_picture(group)) if group else None
        self._form = GroupForm(initial=draft.as_form_data())
        self._formset = MemberFormSet(
            initial=[row.as_initial() for row in draft.rows], prefix=PREFIX
        )

    def act_on(self, intent: str) -> bool:
        """Carry out a tool of the dialog; True when the person wants to confirm instead."""
        tool, _, argument = intent.partition(":")
        if tool in ("confirm", PLAN):
            return True
        before = list(self.draft.rows)
        if tool == "page":
            self.draft.page = argument
        elif tool == "search":
            self.draft.page = "1"
        elif tool == "tick-all":
            self._tick_all()
        elif tool == "add":
            self._add([argument] if argument else self.draft.ticks)
        elif tool == "paste":
            self._paste()
        elif tool == "weight-0-first":
            self._drain_first()
        elif tool == "undo":
            self.draft.take_back()
        else:
            self._change(tool, int(argument) if is_number(argument) else 0)
        if self.draft.rows != before and tool != "undo":
            self.draft.undo = before
            if len(self.draft.rows) != len(before):
                self.draft.row_ticks = set()
        self._formset = MemberFormSet(
            initial=[row.as_initial() for row in self.draft.rows], prefix=PREFIX
        )
        return False

    def _change(self, tool: str, index: int) -> None:
        draft = self.draft
        if tool in ("set-ticked", "remove-ticked") and not draft.row_ticks:
            self.row_notice = _("Tick the rows that it is for.")
        elif tool == "set-ticked" and not (draft.ticked_port or draft.ticked_weight):
            self.row_notice = _("Enter a port or a weight for the ticked rows.")
        else:
            draft.change(tool, index)

    def _paste(self) -> None:
        """Take over the lines that can be read; the others stay in the box, with a word why."""
        chosen = list(self._chosen().values())
        pasted = paste(self.balancer, self.draft.rows, chosen, self.draft.pasted)
        self.draft.rows = pasted.rows
        self.draft.pasted = "\n".join(pasted.left)
        self.paste_errors = pasted.errors

    def _drain_first(self) -> None:
        """Bring back what was to be removed, and give every server the weight 0 instead."""
        held = Draft.of_group(name="", members=held_members(self.group)) if self.group else Draft()
        here = {(row.server_id, row.server_ip, row.port) for row in self.draft.rows}
        back = [row for row in held.rows if (row.server_id, row.server_ip, row.port) not in here]
        self.draft.rows = [replace(row, weight="0") for row in [*self.draft.rows, *back]]
        self.sure = True
        self.row_notice = _(
            "Every server is here with weight 0: it takes no new requests, and open connections "
            "end by themselves. Confirm, and remove the servers when they are idle."
        )

    def starves(self) -> bool:
        """Whether the change would leave what uses the group without an answer, and nobody said so.

        The person is asked then.
        """
        group = self.group
        if group is None or self.sure or not self.uses:
            return False
        serving = any(member.weight for member in held_members(group))
        self.starving = serving and not any(member.weight for member in self.members)
        return self.starving

    def _tick_all(self) -> None:
        """Tick every server that the search finds and that can join, on whatever page."""
        rule, network_type = self._network(self._chosen())
        found, count = joinable_servers(
            load_balancer=self.balancer,
            rule=rule,
            network_type=network_type,
            query=self.draft.query,
            most=MAX_ROWS,
        )
        if count > MAX_ROWS:
            self.notice = _("%(count)d servers match; search for %(most)d at most.") % {
                "count": count,
                "most": MAX_ROWS,
            }
            return
        self.draft.ticks = list(dict.fromkeys([*self.draft.ticks, *found]))

    def _network(self, chosen: dict[str, Server]) -> tuple[NetworkRule, str]:
        """What the network allows beside the servers chosen, and the type that is shown."""
        rule = network_rule(self.balancer, chosen=list(chosen.values())[:1])
        wanted = self.draft.network_type
        return rule, wanted if wanted in rule.allowed else rule.allowed[0]

    def _add(self, server_ids: list[str]) -> None:
        """Move ticked servers over; those that cannot join stay behind, with a word why."""
        servers = servers_by_id(server_ids, load_balancer=self.balancer)
        chosen = list(self._chosen().values())
        joining: list[str] = []
        for server_id in server_ids:
            server = servers.get(server_id)
            if server is None:
                continue
            if why_not := network_rule(self.balancer, chosen=chosen).why_not(server):
                self.notice = _("%(server)s was not added. %(why_not)s") % {
                    "server": server,
                    "why_not": why_not,
                }
                continue
            joining.append(server_id)
            chosen = chosen or [server]
        self.draft.add(joining)
        self.draft.ticks = [tick for tick in self.draft.ticks if tick not in joining]

    def _take_in(self) -> bool:
        """Bring into the list what was ticked or pasted and not added; whether to look at it first.

        Who confirms means these servers, too, and would not notice that they are missing.
        """
        before = list(self.draft.rows)
        if self.draft.ticks:
            self._add(self.draft.ticks)
        if self.draft.pasted.strip():
            self._paste()
        if self.draft.rows != before:
            self.draft.undo = before
            self.draft.row_ticks = set()
            self.row_notice = _(
                "What was ticked or pasted is in the list now. Look at it, then confirm."
            )
        return self.draft.rows != before or bool(self.paste_errors)

    def is_valid(self) -> bool:
        """Judge what was typed; afterwards the errors stand beside the fields."""
        if self._take_in():
            self._form = GroupForm(self.draft.as_form_data())
            self._formset = MemberFormSet(
                initial=[row.as_initial() for row in self.draft.rows], prefix=PREFIX
            )
            return False
        data = self.draft.as_form_data()
        self._form = GroupForm(data)
        self._formset = MemberFormSet(data, prefix=PREFIX)
        return all([self._form.is_valid(), self._formset.is_valid()])

    def is_settled(self) -> bool:
        """Whether everything is chosen that both have changed."""
        self._compare()
        self.asked = self.conflict is not None and not self.conflict.is_settled
        return not self.asked

    @property
    def name(self) -> str:
        return str(self._result[NAME] if self.conflict else self._form.cleaned_data["name"])

    @property
    def members(self) -> list[BackendServer]:
        if self.conflict:
            return members_of(self._result)
        return [
            BackendServer(
                server_id=row["server_id"],
                port=row["port"],
                weight=row["weight"],
                type=row["type"] or "ecs",
                server_ip=row["server_ip"],
                description=row["description"],
            )
            for row in self._formset.cleaned_data
        ]

    @property
    def _result(self) -> Rows:
        return self.conflict.result if self.conflict else {}

    def _compare(self, earlier: Seen | None = None) -> None:
        """Set mine beside theirs, where somebody else was quicker."""
        if self.seen and self.seen.in_conflict:
            mine = self.draft.as_rows()
            self.conflict = Conflict.of(self.seen, group_rows, mine, self._data, earlier=earlier)

    def refuse_members(self, error: InvalidMembers) -> None:
        """Put the service's sentences beside the rows that they are about."""
        left = dict(error.errors)
        for form in self._formset.forms:
            row = form.cleaned_data
            if sentence := left.pop((row.get("server_id", ""), row.get("port") or 0), ""):
                form.add_error("port", sentence)
        for (server_id, port), sentence in left.items():
            # A row of theirs that was chosen.
            self._form.add_error(None, f"{server_id}:{port}: {sentence}")

    def be_overtaken(self, theirs: VServerGroup) -> None:
        """Somebody else was quicker: the next Confirm is one in sight of theirs."""
        if self.seen:
            earlier, self.seen = self.seen, self.seen.overtaken_by(group_picture(theirs))
            self.group = theirs
            self._compare(earlier)

    def continue_with(self, group: VServerGroup) -> None:
        """After a part was done: what was typed goes on as an edit of the group as it is now."""
        self.group = group
        self.seen = Seen.of(group_picture(group))
        self.conflict = None

    def _chosen(self) -> dict[str, Server]:
        return servers_by_id(
            {row.server_id for row in self.draft.rows}, load_balancer=self.balancer
        )

    def _selected(self, servers: dict[str, Server]) -> list[SelectedRow]:
        weights = [int(row.weight) if is_number(row.weight) else 0 for row in self.draft.rows]
        return [
            SelectedRow(
                form, row.server_id, servers.get(row.server_id), share, i in self.draft.row_ticks
            )
            for i, (form, row, share) in enumerate(
                zip(self._formset.forms, self.draft.rows, shares(weights), strict=True)
            )
        ]

    def _available(self, rule: NetworkRule, network_type: str) -> tuple[list[AvailableServer], Any]:
        return available_servers(
            load_balancer=self.balancer,
            rule=rule,
            network_type=network_type,
            query=self.draft.query,
            page=self.draft.page,
            selected=[
                (row.server_id, int(row.port) if is_number(row.port) else None)
                for row in self.draft.rows
            ],
        )

    def context(self) -> dict[str, Any]:
        """Everything the template shows."""
        balancer, group = self.balancer, self.group
        if not self.conflict:
            self._compare()
        chosen = self._chosen()
        rule, network_type = self._network(chosen)
        available, page = self._available(rule, network_type)
        on_page = {row.server.pk for row in available}
        place = [balancer.region_id, balancer.pk]
        return {
            "title": _("Edit %(group)s") % {"group": group} if group else _("Create VServer Group"),
            "balancer": balancer,
            "group": group,
            "uses": self.uses,
            "copy_url": reverse("groups-copy", args=[*place, group.pk]) if group else "",
            "ignoring_weights": _round_robin(group) if group else [],
            "starving": self.starving,
            "sure": self.sure,
            "draft": self.draft,
            "row_notice": self.row_notice,
            "paste_errors": self.paste_errors,
            "action": reverse("groups-edit", args=[*place, group.pk])
            if group
            else reverse("groups-new", args=place),
            "back_url": reverse("groups-list", args=place),
            "form": self._form,
            "formset": self._formset,
            "networks": [
                (value, label, rule.reasons.get(value, ""))
                for value, label in LoadBalancer.NetworkType.choices
            ],
            "network_type": network_type,
            "query": self.draft.query,
            "available": available,
            "page": page,
            "may_tick_all": page.paginator.num_pages > 1,
            "ticks": set(self.draft.ticks),
            "ticks_elsewhere": [tick for tick in self.draft.ticks if tick not in on_page],
            "selected": self._selected(chosen),
            "notice": self.notice,
            "error": self.failed,
            "preview": self.preview,
            "plannable": True,
            "seen": self.seen,
            "conflict": self.conflict,
            "lines": group_lines(self.conflict) if self.conflict else [],
            "asked": self.asked,
        }


def _round_robin(group: VServerGroup) -> list[Listener]:
    """The listeners that give every server of the group the same, whatever its weight."""
    return [one for one in listeners_using(group) if one.scheduler == "rr"]


def _draft(data: QueryDict | None, group: VServerGroup | None) -> Draft:
    if data is not None:
        return Draft.from_post(data)
    return Draft.of_group(name=group.name, members=held_members(group)) if group else Draft()
