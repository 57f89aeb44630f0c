"""Finding what a request names, or the cloud's error for what is not there."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from vservers.localcloud.errors import ApiError, group_not_found
from vservers.localcloud.model import Balancer, Group, Instance, Listener, Rule, Tags, listener_id
from vservers.localcloud.regions import REGIONS
from vservers.localcloud.registry import Call
from vservers.localcloud.store import Edit, View


def the_balancer[V: View](call: Call[V]) -> Balancer:
    """The load balancer that LoadBalancerId names. Raises InvalidLoadBalancerId.NotFound."""
    balancer = call.state.get(Balancer, call.params["LoadBalancerId"])
    if balancer is None or not call.in_region(balancer.region):
        raise ApiError("InvalidLoadBalancerId.NotFound")
    refuse_locked(call, balancer.id)
    return balancer


def the_group[V: View](call: Call[V]) -> Group:
    """The group that VServerGroupId names. Raises 404 InvalidParameter."""
    group = call.state.get(Group, call.params["VServerGroupId"])
    if group is None or not call.in_region(group.region):
        raise group_not_found()
    refuse_locked(call, group.balancer_id)
    return group


def refuse_locked[V: View](call: Call[V], balancer_id: str) -> None:
    """An overdue load balancer and what it has can be read, and not be changed."""
    if not isinstance(call.state, Edit):
        return
    balancer = call.state.get(Balancer, balancer_id)
    assert balancer is not None, "what it has lives as long as a balancer"  # noqa: S101
    if balancer.status == "locked":
        listener = call.action.removesuffix("LoadBalancerListener") in ("Start", "Stop", "Delete")
        code = "Operation.NotAllowed" if listener else "LbStatusNotSupport"
        raise ApiError("Operation.NotAllowed" if call.action == "DeleteLoadBalancer" else code)


def the_listener[V: View](
    call: Call[V], balancer: Balancer, *, protocol: str = "", missing: str = "ListenerNotFound"
) -> Listener:
    """The listener that ListenerPort (and ListenerProtocol) name.

    protocol: the one that the action is for. missing: the code when there is none.
    Raises TooManyListeners when several share the port and no protocol is given.
    """
    port = call.params["ListenerPort"]
    protocol = protocol or call.params.get("ListenerProtocol", "")
    found = [
        listener
        for known in ([protocol] if protocol else ["http", "https", "tcp", "udp"])
        if (listener := call.state.get(Listener, listener_id(balancer.id, known, port)))
    ]
    if not found:
        raise ApiError(missing)
    if len(found) > 1:
        raise ApiError("TooManyListeners")
    return found[0]


def visible_balancers(call: Call[View]) -> list[Balancer]:
    """The account's load balancers in the request's region, or in all when it names none."""
    regions = [call.region] if call.region else list(REGIONS)
    return [balancer for region in regions for balancer in call.state.children(Balancer, region)]


def listeners_of(state: View, balancer_id: str) -> list[Listener]:
    """The balancer's listeners, by port."""
    return sorted(state.children(Listener, balancer_id), key=lambda one: (one.port, one.protocol))


def listeners_in(state: View, region: str) -> Iterator[Listener]:
    """All listeners of a region's load balancers."""
    for balancer in state.children(Balancer, region):
        yield from state.children(Listener, balancer.id)


def token_start(token: str, code: str = "InvalidParameter") -> int:
    """Where a page begins: our tokens are positions. Raises the code for any other text."""
    if token and not (token.isascii() and token.isdigit() and len(token) < 10):
        raise ApiError(code, "The specified NextToken is invalid.")
    return int(token or 0)


def rules_of(state: View, listener: Listener) -> list[Rule]:
    """The listener's forwarding rules, oldest first."""
    return list(state.children(Rule, listener.id))


def users_of_groups(
    state: View, balancer_id: str
) -> tuple[dict[str, list[Listener]], dict[str, list[Rule]]]:
    """Who uses each group of a balancer: listeners and rules by group ID."""
    by_listener: dict[str, list[Listener]] = {}
    by_rule: dict[str, list[Rule]] = {}
    for listener in listeners_of(state, balancer_id):
        if listener.group_id:
            by_listener.setdefault(listener.group_id, []).append(listener)
        for rule in rules_of(state, listener):
            by_rule.setdefault(rule.group_id, []).append(rule)
    return by_listener, by_rule


def passing[E](entities: Iterable[E], tests: Iterable[Callable[[E], bool]]) -> list[E]:
    """Those that pass every test, in their order."""
    for test in tests:
        entities = filter(test, entities)
    return list(entities)


def given_tags(params: dict[str, Any]) -> Tags:
    """The Tag.N parameters as pairs. The last of a repeated key counts."""
    return tuple({tag["Key"]: tag.get("Value", "") for tag in params.get("Tag", ())}.items())


def has_tags(tags: Tags, wanted: Iterable[dict[str, str]]) -> bool:
    """Whether all wanted {"Key", "Value"} are there; without Value any value will do."""
    have = dict(tags)
    return all(
        tag["Key"] in have and ("Value" not in tag or have[tag["Key"]] == tag["Value"])
        for tag in wanted
    )


def wire_tags(tags: Tags) -> list[dict[str, str]]:
    """Tags as answers spell them."""
    return [{"TagKey": key, "TagValue": value} for key, value in tags]


def interface_id(server: Instance) -> str:
    """The ID of a VPC instance's primary network interface."""
    return f"eni-{server.id.removeprefix('i-')}"


def interface_of(state: View, eni_id: str) -> Instance | None:
    """The VPC instance whose primary interface that is."""
    server = state.get(Instance, f"i-{eni_id.removeprefix('eni-')}")
    if server is None or server.network != "vpc" or not eni_id.startswith("eni-"):
        return None
    return server


def server_of(state: View, server_id: str) -> Instance | None:
    """The instance behind a backend server: itself, or the one whose interface is meant."""
    if server_id.startswith("eni-"):
        return interface_of(state, server_id)
    return state.get(Instance, server_id)
