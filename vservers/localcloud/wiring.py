"""From the store to what the data plane serves."""

from collections.abc import Iterator
from typing import cast

from vservers.localcloud.dataplane.topology import (
    Backend,
    HealthCheck,
    Listener,
    Member,
    Route,
    StickySession,
    Topology,
)
from vservers.localcloud.model import Balancer, Group, Instance, Rule, Settings
from vservers.localcloud.model import Listener as StoredListener
from vservers.localcloud.model import Member as StoredMember
from vservers.localcloud.store import Store, View


def topology(store: Store) -> Topology:
    """Every running listener of every active load balancer, over all accounts."""
    listeners: list[Listener] = []
    for account, entity in store.everything(Balancer):
        balancer = cast(Balancer, entity)
        if balancer.status == "active":
            listeners.extend(_listeners(View(store, account), balancer))
    instances = (cast(Instance, entity) for _, entity in store.everything(Instance))
    return Topology(
        listeners=tuple(sorted(listeners, key=lambda one: (one.load_balancer_id, one.port))),
        instances=tuple(sorted((one.id, one.address) for one in instances if one.running)),
    )


def _listeners(state: View, balancer: Balancer) -> Iterator[Listener]:
    for listener in state.children(StoredListener, balancer.id):
        # A forwarder only redirects; there is nothing of its own to serve.
        if listener.status != "running" or listener.settings.get("ListenerForward") == "on":
            continue
        rules = list(state.children(Rule, listener.id))
        default = listener.group_id or balancer.id
        keys = dict.fromkeys([default, *(rule.group_id for rule in rules)])
        settings = listener.settings
        yield Listener(
            load_balancer_id=balancer.id,
            address=balancer.address,
            port=listener.port,
            protocol=listener.protocol,
            default_backend=default,
            backends=tuple(_backend(state, balancer, listener, key) for key in keys),
            routes=tuple(Route(rule.id, rule.domain, rule.url, rule.group_id) for rule in rules),
            scheduler=settings.get("Scheduler", "wrr"),
            health_check=_health_check(settings),
            sticky=_sticky(settings),
            idle_timeout=settings.get("IdleTimeout", 15),
            request_timeout=settings.get("RequestTimeout", 60),
            gzip=_on(settings, "Gzip", "on"),
            x_forwarded_for=_on(settings, "XForwardedFor", "on"),
            x_forwarded_proto=_on(settings, "XForwardedFor_proto"),
            slb_ip=_on(settings, "XForwardedFor_SLBIP"),
            slb_id=_on(settings, "XForwardedFor_SLBID"),
        )


def _backend(state: View, balancer: Balancer, listener: StoredListener, key: str) -> Backend:
    if key == balancer.id:
        port = listener.settings.get("BackendServerPort", 0)
        return Backend(key, _members(state, balancer.pool, port))
    group = state.get(Group, key)
    return Backend(key, _members(state, group.members if group is not None else ()))


def _members(
    state: View, members: tuple[StoredMember, ...], pool_port: int = 0
) -> tuple[Member, ...]:
    found = []
    for member in members:
        server = state.get(Instance, member.server_id)
        if server is not None:
            found.append(
                Member(
                    server_id=server.id,
                    address=server.address,
                    port=member.port or pool_port,
                    weight=member.weight,
                    running=server.running,
                )
            )
    return tuple(found)


def _health_check(settings: Settings) -> HealthCheck | None:
    if settings.get("HealthCheck") != "on":
        return None
    interval = settings["HealthCheckInterval"]
    return HealthCheck(
        method=settings["HealthCheckMethod"],
        uri=settings["HealthCheckURI"],
        domain=settings.get("HealthCheckDomain", ""),
        http_codes=tuple(settings["HealthCheckHttpCode"]),
        port=settings.get("HealthCheckConnectPort"),
        interval=interval,
        # The cloud: an interval longer than the timeout counts as the timeout.
        timeout=max(interval, settings["HealthCheckTimeout"]),
        healthy_threshold=settings["HealthyThreshold"],
        unhealthy_threshold=settings["UnhealthyThreshold"],
    )


def _sticky(settings: Settings) -> StickySession | None:
    if settings.get("StickySession") != "on":
        return None
    return StickySession(
        kind=settings["StickySessionType"],
        cookie=settings.get("Cookie", ""),
        cookie_timeout=settings.get("CookieTimeout", 0),
    )


def _on(settings: Settings, name: str, default: str = "off") -> bool:
    return bool(settings.get(name, default) == "on")
