"""From the store to what the data plane serves."""

from collections.abc import Iterator
from typing import cast

from vservers.localcloud import assets, model
from vservers.localcloud.ciphers import SYSTEM_POLICIES
from vservers.localcloud.dataplane.topology import (
    AccessControl,
    Backend,
    Certificate,
    HealthCheck,
    Listener,
    Member,
    OwnSettings,
    Route,
    StickySession,
    TlsPolicy,
    Topology,
)
from vservers.localcloud.handlers.attachments import acl_ids
from vservers.localcloud.handlers.lookup import server_of
from vservers.localcloud.model import Balancer, Group, Instance, MasterSlaveGroup, Rule, Settings
from vservers.localcloud.store import Store, View


def is_served(state: View) -> bool:
    """Whether the data plane serves the account at all."""
    known = state.get(model.Account, state.account)
    return known is None or known.served


def topology(store: Store) -> Topology:
    """Every running listener of every active load balancer, over all accounts that are served."""
    listeners: list[Listener] = []
    views = {account: View(store, account) for account in store.accounts()}
    served = {account for account, view in views.items() if is_served(view)}
    for account, entity in store.everything(Balancer):
        balancer = cast(Balancer, entity)
        if balancer.status == "active" and account in served:
            view = views[account]
            for listener in view.children(model.Listener, balancer.id):
                if listener.status == "running":
                    listeners.append(_listener(view, balancer, listener))
    instances = (
        cast(Instance, entity)
        for account, entity in store.everything(Instance)
        if account in served
    )
    return Topology(
        listeners=tuple(
            sorted(listeners, key=lambda one: (one.load_balancer_id, one.port, one.protocol))
        ),
        instances=tuple(sorted((one.id, one.address) for one in instances if one.running)),
    )


def named_groups(store: Store) -> frozenset[str]:
    """The IDs of the groups that a listener or a rule of any account names, served or not."""
    return frozenset(
        cast(model.Listener | Rule, entity).group_id
        for kind in (model.Listener, Rule)
        for _, entity in store.everything(kind)
    )


def _listener(state: View, balancer: Balancer, listener: model.Listener) -> Listener:
    settings = listener.settings
    if settings.get("ListenerForward") == "on":
        return Listener(
            load_balancer_id=balancer.id,
            address=balancer.address,
            port=listener.port,
            protocol=listener.protocol,
            default_backend="",
            backends=(),
            forward_port=settings["ForwardPort"],
            access=_access(state, listener),
        )
    rules = list(state.children(Rule, listener.id))
    draining = settings.get("ConnectionDrain") == "on"
    certificate, extensions, authority = _certificates(state, listener)
    return Listener(
        load_balancer_id=balancer.id,
        address=balancer.address,
        port=listener.port,
        protocol=listener.protocol,
        default_backend=listener.group_id or balancer.id,
        backends=tuple(_backends(state, balancer, listener, rules)),
        routes=tuple(Route(rule.id, rule.domain, rule.url, _key(rule)) for rule in rules),
        scheduler=settings.get("Scheduler", "wrr"),
        health_check=_health_check(settings, listener.protocol),
        sticky=_sticky(settings),
        idle_timeout=settings.get("IdleTimeout", 15),
        request_timeout=settings.get("RequestTimeout", 60),
        gzip=_on(settings, "Gzip", "on"),
        x_forwarded_for=_on(settings, "XForwardedFor", "on"),
        x_forwarded_proto=_on(settings, "XForwardedFor_proto"),
        slb_ip=_on(settings, "XForwardedFor_SLBIP"),
        slb_id=_on(settings, "XForwardedFor_SLBID"),
        slb_port=_on(settings, "XForwardedFor_SLBPORT"),
        client_src_port=_on(settings, "XForwardedFor_ClientSrcPort"),
        access=_access(state, listener),
        certificate=certificate,
        extensions=extensions,
        ca_certificate=authority,
        tls_policy=_tls_policy(state, settings),
        http2=_on(settings, "EnableHttp2", "on"),
        persistence_timeout=settings.get("PersistenceTimeout", 0),
        established_timeout=settings.get("EstablishedTimeout", 900),
        drain_timeout=settings.get("ConnectionDrainTimeout", 0) if draining else 0,
    )


def _key(rule: Rule) -> str:
    """A rule with settings of its own has a backend of its own, even of a group used elsewhere."""
    return rule.id if rule.settings else rule.group_id


def _backends(
    state: View, balancer: Balancer, listener: model.Listener, rules: list[Rule]
) -> Iterator[Backend]:
    if listener.group_id:
        yield Backend(listener.group_id, _group_members(state, listener.group_id))
    else:
        port = listener.settings.get("BackendServerPort", 0)
        yield Backend(balancer.id, _members(state, balancer.pool, port))
    seen = {listener.group_id}
    for rule in rules:
        key = _key(rule)
        if key in seen:
            continue
        seen.add(key)
        own = None
        if rule.settings:
            own = OwnSettings(
                scheduler=rule.settings.get("Scheduler", "wrr"),
                health_check=_health_check(rule.settings, listener.protocol),
                sticky=_sticky(rule.settings),
            )
        yield Backend(key, _group_members(state, rule.group_id), own)


def _group_members(state: View, group_id: str) -> tuple[Member, ...]:
    group = state.get(Group, group_id) or state.get(MasterSlaveGroup, group_id)
    return _members(state, group.members if group is not None else ())


def _members(
    state: View, members: tuple[model.Member, ...], pool_port: int = 0
) -> tuple[Member, ...]:
    found = []
    for member in members:
        server = server_of(state, member.server_id)
        if server is not None:
            found.append(
                Member(
                    server_id=member.server_id,
                    address=server.address,
                    port=member.port or pool_port,
                    weight=member.weight,
                    running=server.running,
                    backup=member.role == "Slave",
                )
            )
    return tuple(found)


def _health_check(settings: Settings, protocol: str) -> HealthCheck | None:
    if settings.get("HealthCheck") != "on":
        return None
    interval = settings["HealthCheckInterval"]
    timeout = settings.get("HealthCheckTimeout", settings.get("HealthCheckConnectTimeout", 5))
    codes = settings.get("HealthCheckHttpCode", "http_2xx")
    kind = {"tcp": settings.get("HealthCheckType", "tcp"), "udp": "udp"}.get(protocol, "http")
    return HealthCheck(
        kind=kind,
        method=settings.get("HealthCheckMethod", "head"),
        uri=settings.get("HealthCheckURI", "/"),
        domain=settings.get("HealthCheckDomain", ""),
        # In older stores the default of a listener is a text.
        http_codes=(codes,) if isinstance(codes, str) else tuple(codes),
        port=settings.get("HealthCheckConnectPort"),
        interval=interval,
        # The cloud: an interval longer than the timeout counts as the timeout.
        timeout=max(interval, timeout),
        healthy_threshold=settings["HealthyThreshold"],
        unhealthy_threshold=settings["UnhealthyThreshold"],
        request=settings.get("HealthCheckReq", ""),
        expect=settings.get("HealthCheckExp", ""),
    )


def _sticky(settings: Settings) -> StickySession | None:
    if settings.get("StickySession") != "on":
        return None
    return StickySession(
        kind=settings["StickySessionType"],
        cookie=settings.get("Cookie", ""),
        cookie_timeout=settings.get("CookieTimeout", 0),
    )


def _access(state: View, listener: model.Listener) -> AccessControl | None:
    """The access lists, else the older white list of the listener."""
    if listener.settings.get("AclStatus") == "on":
        lists = [state.get(assets.AccessList, acl_id) for acl_id in acl_ids(listener.settings)]
        networks = [entry[0] for one in lists if one is not None for entry in one.entries]
        return AccessControl(listener.settings["AclType"], tuple(dict.fromkeys(networks)))
    if listener.white_listed:
        return AccessControl("white", listener.white_list)
    return None


def _certificates(
    state: View, listener: model.Listener
) -> tuple[Certificate | None, tuple[tuple[str, Certificate], ...], Certificate | None]:
    """The certificate of an HTTPS listener, those of its extra domains, and its clients' CA."""
    settings = listener.settings
    extensions = []
    for extension in state.children(model.DomainExtension, listener.id):
        shown = _certificate(state, extension.certificate_id)
        if shown is not None:
            extensions.append((extension.domain, shown))
    authority = state.get(assets.CaCertificate, settings.get("CACertificateId", ""))
    return (
        _certificate(state, settings.get("ServerCertificateId", "")),
        tuple(extensions),
        Certificate(authority.id, authority.chain) if authority is not None else None,
    )


def _certificate(state: View, certificate_id: str) -> Certificate | None:
    found = state.get(assets.ServerCertificate, certificate_id)
    return Certificate(found.id, found.chain, found.key) if found is not None else None


def _tls_policy(state: View, settings: Settings) -> TlsPolicy | None:
    policy_id = settings.get("TLSCipherPolicy", "")
    if policy_id in SYSTEM_POLICIES:
        return TlsPolicy(*SYSTEM_POLICIES[policy_id])
    own = state.get(assets.CipherPolicy, policy_id)
    return TlsPolicy(own.versions, own.ciphers) if own is not None else None


def _on(settings: Settings, name: str, default: str = "off") -> bool:
    return bool(settings.get(name, default) == "on")
