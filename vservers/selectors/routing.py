"""Who gets a request for a host and path on a listener, and why nobody else does.

Source: on layer 7 the forwarding rule that matches best takes a request, else the listener's
VServer group, else the default server pool. One that finds no server there fails: nothing falls
through to the next. Rules are tried in the order of `rules.match_order`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _

from vservers.models import Listener, LoadBalancer, Member, PoolServer, Rule, ServerHealth

from .groups import shares
from .rules import domain_matches, match_order

HTTPS_PORT = 443


@dataclass(frozen=True, slots=True)
class Backend:
    """A server and port behind a listener. weight 0..100; health "" where nothing checks it."""

    server_id: str
    port: int
    weight: int
    health: str = ""
    name: str = ""

    @property
    def takes_requests(self) -> bool:
        """A check without result yet keeps nobody away."""
        return self.weight > 0 and self.health != ServerHealth.Status.ABNORMAL


@dataclass(frozen=True, slots=True)
class Routing:
    """All that decides who gets a request of one listener.

    listener: with its load balancer. rules: in any order. groups: the servers of the listener's
    group and of its rules' groups, by group ID. pool: the default server pool, on the listener's
    backend port.
    """

    listener: Listener
    rules: Sequence[Rule]
    groups: Mapping[str, Sequence[Backend]]
    pool: Sequence[Backend]


class Outcome(StrEnum):
    """What becomes of a request.

    nobody: it fails, with 503 on layer 7. closed: nothing listens; the rest of the answer is what
    would be, were it started. unknown: the mirror does not hold the group yet, or the listener has
    a primary/secondary group, which the mirror never holds.
    """

    SERVED = "served"
    NOBODY = "nobody"
    REDIRECTED = "redirected"
    CLOSED = "closed"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why a candidate takes the request, or does not."""

    TAKES = "takes"
    OTHER_DOMAIN = "other domain"
    OTHER_URL = "other url"
    TRIED_LATER = "tried later"
    LISTENER_HAS_GROUP = "listener has group"
    NO_BACKEND_PORT = "no backend port"
    REDIRECTED = "redirected"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rule, or the listener itself (rule None). vserver_group_id "": the default server pool."""

    rule: Rule | None
    vserver_group_id: str
    reason: Reason
    why: str


@dataclass(frozen=True, slots=True)
class Chance:
    """A server of whom the request may reach. share: percent of such requests that it gets."""

    backend: Backend
    share: float


@dataclass(frozen=True, slots=True)
class Answer:
    """Who gets the request. candidates: rules in match order, listener's group, pool.

    taken: None when no candidate takes it. servers: every server of the taken candidate.
    redirect_to: address that the client is sent to, "" where it is not.
    """

    outcome: Outcome
    taken: Candidate | None
    servers: tuple[Chance, ...]
    candidates: tuple[Candidate, ...]
    redirect_to: str = ""


def who_gets(routing: Routing, *, host: str, path: str) -> Answer:
    """Who gets a request; without any reading, so that a page may ask what-if as well.

    host: as the Host header has it, with or without port, in any case. path: as it is sent, with
    the query string, which counts only for rules whose URL has a question mark. Neither counts
    where the listener is not of layer 7.
    """
    path = path or "/"
    listener = routing.listener
    forward_port = listener.forward_port
    candidates = tuple(_judged(routing, host_name(host), path))
    taken = next((one for one in candidates if one.reason is Reason.TAKES), None)
    servers: tuple[Chance, ...] = ()
    if forward_port is not None:
        outcome = Outcome.REDIRECTED
    elif taken is None or (backends := _backends(routing, taken)) is None:
        outcome = Outcome.UNKNOWN
    else:
        servers = _chances(backends, scheduler=_scheduler(listener, taken))
        outcome = Outcome.SERVED if any(one.share for one in servers) else Outcome.NOBODY
    return Answer(
        outcome=outcome if _is_open(listener) else Outcome.CLOSED,
        taken=taken,
        servers=servers,
        candidates=candidates,
        redirect_to=_redirect(listener, host, path, forward_port) if forward_port else "",
    )


def routing_of(listener: Listener) -> Routing:
    """What the mirror holds of a listener and all that is behind it, in five queries at most."""
    listener = Listener.objects.select_related("load_balancer", "vserver_group").get(pk=listener.pk)
    rules = list(listener.rules.select_related("vserver_group"))
    health = {
        (server_id, port): status
        for server_id, port, status in listener.health.values_list("server_id", "port", "status")
    }
    groups: dict[str, list[Backend]] = {
        group_id: []
        for group_id in (listener.vserver_group_id, *(rule.vserver_group_id for rule in rules))
        if group_id
    }
    for member in Member.objects.filter(group__in=groups).select_related("server"):
        groups[member.group_id].append(_backend(member, member.port, health))
    port = listener.backend_server_port
    pool = listener.load_balancer.pool_servers.select_related("server") if port else ()
    return Routing(
        listener, rules, groups, [_backend(server, port or 0, health) for server in pool]
    )


def host_name(host: str) -> str:
    """The name in a Host header: without port, in lower case."""
    host = host.strip().lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def url_matches(url: str, path: str) -> bool:
    """Whether a rule's URL is a prefix of what is asked for; as plain text, and case counts."""
    return (path if "?" in url else path.partition("?")[0]).startswith(url)


def _judged(routing: Routing, name: str, path: str) -> Iterable[Candidate]:
    listener = routing.listener
    taken: Rule | None = None
    for rule in match_order(routing.rules):
        reason, why = _rule_reason(rule, name, path, taken)
        if listener.forward_port is not None:
            reason, why = _redirected(listener)
        if reason is Reason.TAKES:
            taken = rule
        yield Candidate(rule, rule.vserver_group_id or "", reason, why)
    group_id = listener.vserver_group_id
    for candidate_id in (group_id, "") if group_id else ("",):
        yield Candidate(None, candidate_id, *_listener_reason(listener, candidate_id, taken))


def _rule_reason(rule: Rule, name: str, path: str, taken: Rule | None) -> tuple[Reason, str]:
    if not domain_matches(rule.domain, name):
        return Reason.OTHER_DOMAIN, _("%(name)s is not of %(domain)s.") % {
            "name": name or _("A request without host"),
            "domain": rule.domain,
        }
    if not url_matches(rule.url, path):
        return Reason.OTHER_URL, _("%(path)s does not begin with %(url)s.") % {
            "path": path,
            "url": rule.url,
        }
    if taken is not None:
        return Reason.TRIED_LATER, _("It matches too, but %(taken)s goes first.") % {"taken": taken}
    return Reason.TAKES, _("It is the first rule that matches.")


def _listener_reason(
    listener: Listener, candidate_id: str, taken: Rule | None
) -> tuple[Reason, str]:
    if listener.forward_port is not None:
        return _redirected(listener)
    if taken is not None:
        return Reason.TRIED_LATER, _("The rule %(taken)s takes the request before.") % {
            "taken": taken
        }
    if candidate_id:
        return Reason.TAKES, _("No rule takes the request, so the listener's group does.")
    if listener.vserver_group_id:
        return (
            Reason.LISTENER_HAS_GROUP,
            _("The listener has a VServer group, so nothing goes to the default server pool."),
        )
    if listener.backend_server_port is None:
        return (
            Reason.NO_BACKEND_PORT,
            _("The listener names no port of the default server pool, so it does not use it."),
        )
    return (
        Reason.TAKES,
        _(
            "No rule takes the request and the listener has no group, so the default server "
            "pool does."
        ),
    )


def _redirected(listener: Listener) -> tuple[Reason, str]:
    return (
        Reason.REDIRECTED,
        _("The listener sends every client to HTTPS:%(forward_port)s and serves nobody.")
        % {"forward_port": listener.forward_port},
    )


def _redirect(listener: Listener, host: str, path: str, port: int) -> str:
    name = host_name(host) or listener.load_balancer.address
    return f"https://{name}{'' if port == HTTPS_PORT else f':{port}'}{path}"


def _backends(routing: Routing, taken: Candidate) -> Sequence[Backend] | None:
    """The servers of a candidate; None for a rule whose group the mirror does not hold."""
    if taken.vserver_group_id:
        return routing.groups.get(taken.vserver_group_id)
    return routing.pool if taken.rule is None else None


def _chances(backends: Sequence[Backend], *, scheduler: str) -> tuple[Chance, ...]:
    """rr ignores weights, but sends nobody to a weight of 0."""
    weights = [
        (1 if scheduler == "rr" else backend.weight) if backend.takes_requests else 0
        for backend in backends
    ]
    return tuple(
        Chance(backend, share or 0.0)
        for backend, share in zip(backends, shares(weights), strict=True)
    )


def _scheduler(listener: Listener, taken: Candidate) -> str:
    return (taken.rule.scheduler if taken.rule else "") or listener.scheduler


def _is_open(listener: Listener) -> bool:
    return (
        listener.status == Listener.Status.RUNNING
        and listener.load_balancer.status == LoadBalancer.Status.ACTIVE
    )


def _backend(row: Member | PoolServer, port: int, health: Mapping[tuple[str, int], str]) -> Backend:
    server_id = row.server_id or ""
    return Backend(
        server_id=server_id,
        port=port,
        weight=row.weight,
        health=health.get((server_id, port), ""),
        name=row.server.name if row.server else "",
    )
