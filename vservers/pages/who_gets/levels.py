"""An answer of `who_gets` as its page shows it: level by level, then what becomes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from vservers.models import LoadBalancer
from vservers.selectors.routing import Answer, Candidate, Outcome, Reason, Routing, host_name
from vservers.selectors.rules import domain_matches
from vservers.selectors.samples import Fit, Verdict, judge
from vservers.services.sampling import Sample


class State(StrEnum):
    """passed: asked and not the one. absent: there is nothing of the kind. later: not asked."""

    TAKES = "takes"
    PASSED = "passed"
    ABSENT = "absent"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the order. why: of its only candidate, or of there being none."""

    title: str
    state: State
    why: str
    candidates: Sequence[Candidate] = ()

    @property
    def matching(self) -> list[Candidate]:
        return [one for one in self.candidates if one.reason in {Reason.TAKES, Reason.TRIED_LATER}]

    @property
    def others(self) -> list[Candidate]:
        return [one for one in self.candidates if one not in self.matching]


def levels_of(answer: Answer) -> list[Level]:
    """Forwarding rules, the listener's VServer group, the default server pool."""
    rules = [one for one in answer.candidates if one.rule]
    group = next((o for o in answer.candidates if not o.rule and o.vserver_group_id), None)
    pool = next((o for o in answer.candidates if not o.rule and not o.vserver_group_id), None)
    by_rule = next((one for one in rules if one.reason is Reason.TAKES), None)
    if by_rule:
        why = _("The first rule that matches takes the request.")
    elif rules:
        why = ngettext(
            "There is one rule, and it does not take the request.",
            "None of %(count)s rules takes the request.",
            len(rules),
        ) % {"count": len(rules)}
    else:
        why = _("The listener has no forwarding rule.")
    first = State.TAKES if by_rule else State.PASSED if rules else State.ABSENT
    return [
        Level(_("Forwarding rules"), first, why, rules),
        _single(_("The listener's VServer group"), group, _("The listener has no VServer group.")),
        _single(_("Default server pool"), pool, ""),
    ]


def _single(title: str, candidate: Candidate | None, absent: str) -> Level:
    if candidate is None:
        return Level(title, State.ABSENT, absent)
    state = {
        Reason.TAKES: State.TAKES,
        Reason.TRIED_LATER: State.LATER,
        Reason.LISTENER_HAS_GROUP: State.LATER,
    }.get(candidate.reason, State.PASSED)
    return Level(title, state, candidate.why, [candidate])


@dataclass(frozen=True, slots=True)
class End:
    """What becomes of the request. level: as components/status.html has it."""

    level: str
    headline: str
    detail: str


def end_of(routing: Routing, answer: Answer, groups: Mapping[str, str]) -> End:
    """The end in words."""
    match answer.outcome:
        case Outcome.REDIRECTED:
            return End(
                "warn",
                _("The client is redirected to %(address)s") % {"address": answer.redirect_to},
                _("The listener only redirects. No server of it gets the request."),
            )
        case Outcome.CLOSED:
            stopped = routing.listener.load_balancer.status != LoadBalancer.Status.ACTIVE
            return End(
                "bad",
                _("Nobody answers: the instance is stopped")
                if stopped
                else _("Nobody answers: the listener is not running"),
                _("What is shown here would hold once it is started."),
            )
        case Outcome.UNKNOWN:
            return End(
                "warn",
                _("It is not known who answers"),
                _("The console has not read the group yet. Press Refresh on the listeners' page."),
            )
        case Outcome.NOBODY:
            return End("bad", _("The client gets 503"), _why_nobody(answer))
    able = [one for one in answer.servers if one.share]
    target = _target(answer, groups)
    if len(able) == 1:
        server = able[0].backend
        words = _("%(server)s of %(group)s answers") % {
            "server": f"{server.name or server.server_id}:{server.port}",
            "group": target,
        }
    else:
        words = ngettext(
            "%(count)s server of %(group)s answers",
            "%(count)s servers of %(group)s answer",
            len(able),
        ) % {"count": len(able), "group": target}
    return End("ok", words, "")


def _target(answer: Answer, groups: Mapping[str, str]) -> str:
    taken = answer.taken
    if taken is None or not taken.vserver_group_id:
        return _("the default server pool")
    return groups.get(taken.vserver_group_id, taken.vserver_group_id)


def _why_nobody(answer: Answer) -> str:
    backends = [one.backend for one in answer.servers]
    if not backends:
        return _("There is no server in it, and nothing falls through to the next level.")
    if not any(backend.weight for backend in backends):
        return _("Every weight in it is 0, and nothing falls through to the next level.")
    return _("Every server with a weight is abnormal, and nothing falls through to the next level.")


def domain_left(routing: Routing, answer: Answer, host: str) -> str:
    """A domain that has rules for other URLs of the host, while none of its rules takes this one.

    The vendor documents 404 for such a request.
    """
    taken = answer.taken.rule if answer.taken else None
    if taken and taken.domain:
        return ""
    name = host_name(host)
    for rule in routing.rules:
        if rule.domain and domain_matches(rule.domain, name):
            return rule.domain
    return ""


@dataclass(frozen=True, slots=True)
class Share:
    """One server of a sample. expected, seen: percent; count: its answers."""

    name: str
    server_id: str
    port: int
    weight: int
    health: str
    expected: float
    count: int
    seen: float


@dataclass(frozen=True, slots=True)
class Split:
    """A sample beside what was expected. failures: (what came instead, how often)."""

    sample: Sample
    rows: list[Share]
    failures: list[tuple[str, int]]
    verdict: Verdict
    level: str
    words: str


def split_of(routing: Routing, sample: Sample) -> Split:
    """The real split beside the expected one, with a verdict in words."""
    chances = sample.answer.servers
    known = {(one.backend.server_id, one.backend.port) for one in chances}
    counts = dict.fromkeys(known, 0)
    strangers: dict[tuple[str, int], int] = {}
    for (server_id, port), count in sample.servers.items():
        key = _known_as(server_id, port, known)
        if key is None:
            strangers[server_id, port] = strangers.get((server_id, port), 0) + count
        else:
            counts[key] += count
    total = sum(sample.servers.values()) or 1
    rows = [
        Share(
            one.backend.name or one.backend.server_id,
            one.backend.server_id,
            one.backend.port,
            one.backend.weight,
            one.backend.health,
            one.share,
            counts[one.backend.server_id, one.backend.port],
            counts[one.backend.server_id, one.backend.port] * 100 / total,
        )
        for one in chances
    ] + [
        Share(server_id, server_id, port, 0, "", 0.0, count, count * 100 / total)
        for (server_id, port), count in strangers.items()
    ]
    verdict = judge([row.count for row in rows], [row.expected for row in rows])
    idle = routing.listener.scheduler == "wlc"
    level, words = _in_words(verdict, sample, idle=idle)
    return Split(sample, rows, _failures(sample), verdict, level, words)


def _known_as(server_id: str, port: int, known: set[tuple[str, int]]) -> tuple[str, int] | None:
    """Whose answer it is; a port that is served elsewhere is told by the server alone."""
    if (server_id, port) in known:
        return server_id, port
    same = [key for key in known if key[0] == server_id]
    return same[0] if len(same) == 1 else None


def _failures(sample: Sample) -> list[tuple[str, int]]:
    return [(status or _("no answer"), count) for status, count in sorted(sample.others.items())]


def _in_words(verdict: Verdict, sample: Sample, *, idle: bool) -> tuple[str, str]:
    if not sum(sample.servers.values()):
        expected = sample.answer.outcome is not Outcome.SERVED
        words = _("No server answered, as expected.") if expected else _("No server answered.")
        return ("ok" if expected else "bad"), words
    if verdict.fit is Fit.WRONG:
        return "bad", _(
            "A server answered that should get nothing. Refresh the page: the state may have "
            "changed meanwhile."
        )
    if idle:
        return "off", _(
            "The listener looks for the server with the fewest connections. Requests sent one "
            "after another find every server idle, so the weights show only under load."
        )
    if verdict.p_value is None:
        return "ok", _("All answers came from the only server that can answer.")
    chance = {"percent": f"{verdict.p_value * 100:.1f}"}
    if verdict.fit is Fit.FITS:
        return "ok", _(
            "The split fits the expected shares: chance alone deviates as much in %(percent)s %% "
            "of such samples."
        ) % chance
    return "warn", _(
        "The split deviates from the expected shares more than chance explains: as much happens "
        "in %(percent)s %% of such samples only. Session persistence, a check that comes and "
        "goes, or a change meanwhile may be the reason."
    ) % chance
