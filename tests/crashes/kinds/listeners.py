"""Listeners, their rules and their domain extensions."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from tests.cloud import REGION, web
from tests.crashes.kinds.start import (
    Arguments,
    Kind,
    Start,
    about,
    actor_of,
    balancer_of,
    listener_of,
    listening,
)
from tests.crashes.pictures import Picture
from tests.localcloud import certificates
from vservers.cloud.settings import HTTPSettings, HTTPSSettings, TCPSettings
from vservers.models import DomainExtension, VServerGroup
from vservers.selectors.fingerprints import listener_fingerprint
from vservers.services import extensions, listeners
from vservers.services.changes import Kind as Object

SETTINGS = HTTPSettings(health_check="off")


def _two_groups(start: Start) -> Arguments:
    made = [start.group((web(n), 80, n), name=f"g{n}") for n in (1, 2)]
    start.mirror()
    return {"group_id": made[0], "balancer_id": start.balancer_id}


def create_listener(user: Arguments, balancer_id: str, group_id: str) -> None:
    listeners.create_listener(
        actor=actor_of(user),
        load_balancer=balancer_of(balancer_id),
        protocol="http",
        port=80,
        spec=listeners.ListenerSpec(
            settings=SETTINGS,
            vserver_group=VServerGroup.objects.get(pk=group_id),
            backend_server_port=None,
            description="shop",
        ),
        start=True,
    )


def change_listener(user: Arguments, balancer_id: str, group_id: str) -> None:
    listener = listener_of(balancer_id)
    listeners.change_listener(
        actor=actor_of(user),
        listener=listener,
        spec=listeners.ListenerSpec(
            settings=HTTPSettings(health_check="off", idle_timeout=33),
            vserver_group=VServerGroup.objects.get(pk=group_id),
            description="sold",
        ),
        seen=listener_fingerprint(listener),
    )


def start_listener(user: Arguments, balancer_id: str, group_id: str) -> None:
    listeners.start_listener(actor=actor_of(user), listener=listener_of(balancer_id))


def stop_listener(user: Arguments, balancer_id: str, group_id: str) -> None:
    listeners.stop_listener(actor=actor_of(user), listener=listener_of(balancer_id))


def delete_listener(user: Arguments, balancer_id: str, group_id: str) -> None:
    listeners.delete_listener(actor=actor_of(user), listener=listener_of(balancer_id))


# With all that the wizard asks for


TCP = TCPSettings(
    scheduler="rr",
    bandwidth=20,
    persistence_timeout=600,
    established_timeout=300,
    connection_drain="on",
    connection_drain_timeout=30,
    health_check_type="http",
    health_check_uri="/up",
    health_check_domain="up.example.com",
    health_check_http_code="http_2xx,http_3xx",
    health_check_connect_port=8099,
    health_check_interval=3,
    health_check_timeout=7,
    healthy_threshold=4,
    unhealthy_threshold=5,
)


def create_tcp_listener(user: Arguments, balancer_id: str, group_id: str) -> None:
    listeners.create_listener(
        actor=actor_of(user),
        load_balancer=balancer_of(balancer_id),
        protocol="tcp",
        port=81,
        spec=listeners.ListenerSpec(
            settings=TCP, vserver_group=VServerGroup.objects.get(pk=group_id), description="deep"
        ),
        start=True,
    )


def _secure_settings(certificate_id: str) -> HTTPSSettings:
    return HTTPSSettings(
        health_check="off",
        server_certificate_id=certificate_id,
        sticky_session="on",
        sticky_session_type="insert",
        cookie_timeout=60,
        idle_timeout=30,
        x_forwarded_for_proto="on",
    )


def _certificates(start: Start) -> list[str]:
    """Two, for a listener and for a further domain of it."""
    return [
        certificates.upload(
            start.outsider,
            certificates.pair(domain),
            ServerCertificateName=f"{domain} {start.balancer_id}",
        )
        for domain in ("one.example.com", "two.example.com")
    ]


def _certified(start: Start) -> Arguments:
    ids = _certificates(start)
    return {**_two_groups(start), "certificate_id": ids[0]}


def create_https_listener(
    user: Arguments, balancer_id: str, group_id: str, certificate_id: str
) -> None:
    listeners.create_listener(
        actor=actor_of(user),
        load_balancer=balancer_of(balancer_id),
        protocol="https",
        port=443,
        spec=listeners.ListenerSpec(
            settings=_secure_settings(certificate_id),
            vserver_group=VServerGroup.objects.get(pk=group_id),
        ),
        start=True,
    )


def create_forwarding_listener(
    user: Arguments, balancer_id: str, group_id: str, certificate_id: str
) -> None:
    """HTTP that sends every client to the HTTPS listener."""
    listeners.create_listener(
        actor=actor_of(user),
        load_balancer=balancer_of(balancer_id),
        protocol="http",
        port=80,
        spec=listeners.ListenerSpec(settings=HTTPSettings(), forward_port=443),
        start=True,
    )


def _with_list(start: Start) -> Arguments:
    made = start.outsider.call(
        "CreateAccessControlList", RegionId=REGION, AclName=f"friends {start.balancer_id}"
    )
    prepared = listening()(start)
    return {"balancer_id": prepared["balancer_id"], "acl_id": made["AclId"]}


def set_access_control(user: Arguments, balancer_id: str, acl_id: str) -> None:
    listener = listener_of(balancer_id)
    listeners.set_access_control(
        actor=actor_of(user),
        listener=listener,
        status="on",
        acl_type="white",
        acl_id=acl_id,
        seen=listener_fingerprint(listener),
    )


# Domain extensions


def _secure(start: Start) -> Arguments:
    """An HTTPS listener, and a certificate for another domain of it."""
    own, other = _certificates(start)
    group = start.group((web(1), 80, 100))
    start.call(
        "CreateLoadBalancerHTTPSListener",
        ListenerPort=443,
        Bandwidth=-1,
        VServerGroupId=group,
        ServerCertificateId=own,
        HealthCheck="off",
    )
    start.call("StartLoadBalancerListener", ListenerPort=443)
    start.mirror()
    return {"balancer_id": start.balancer_id, "group_id": group, "certificate_id": other}


def _extended(start: Start) -> Arguments:
    arguments = _secure(start)
    own = start.call("DescribeLoadBalancerHTTPSListenerAttribute", ListenerPort=443)
    start.call(
        "CreateDomainExtension",
        ListenerPort=443,
        Domain="two.example.com",
        ServerCertificateId=own["ServerCertificateId"],
    )
    start.mirror()
    return arguments


def add_extension(user: Arguments, balancer_id: str, group_id: str, certificate_id: str) -> None:
    extensions.add_extension(
        actor=actor_of(user),
        listener=listener_of(balancer_id, "https", 443),
        domain="two.example.com",
        certificate_id=certificate_id,
    )


def change_extension(user: Arguments, balancer_id: str, group_id: str, certificate_id: str) -> None:
    extensions.change_extension(
        actor=actor_of(user), extension=_extension(balancer_id), certificate_id=certificate_id
    )


def delete_extension(user: Arguments, balancer_id: str, group_id: str, certificate_id: str) -> None:
    extensions.delete_extension(actor=actor_of(user), extension=_extension(balancer_id))


def _extension(balancer_id: str) -> DomainExtension:
    return DomainExtension.objects.get(listener__load_balancer=balancer_id)


def _listener_is(**wanted: Any) -> Callable[[Picture], bool]:
    return lambda cloud: wanted.items() <= cloud.http.items()


def _is_deep(cloud: Picture) -> bool:
    wanted = {**asdict(TCP), "status": "running", "description": "deep"}
    return wanted.items() <= cloud.listeners["tcp", 81].items()


def _is_secure(cloud: Picture) -> bool:
    listener = cloud.listeners["https", 443]
    wanted = {"cookie_timeout": 60, "x_forwarded_for_proto": "on", "status": "running"}
    return wanted.items() <= listener.items() and bool(listener["server_certificate_id"])


def _shows_other(cloud: Picture) -> bool:
    own = cloud.listeners["https", 443]["server_certificate_id"]
    return list(cloud.extensions) == [(443, "two.example.com")] and own not in (
        cloud.extensions.values()
    )


_LISTENER, _BOTH = about(Object.LISTENER), about(Object.LISTENER, Object.RULE)
_EXTENSION = about(Object.EXTENSION)

LISTENERS = [
    Kind(
        "create listener",
        _LISTENER,
        _two_groups,
        create_listener,
        _listener_is(status="running", description="shop"),
        brief=False,
    ),
    Kind(
        "change listener",
        _LISTENER,
        listening(),
        change_listener,
        lambda cloud: (
            _listener_is(status="running", description="sold", idle_timeout=33)(cloud)
            and cloud.http["vserver_group_id"] == cloud.group_named("g2")
        ),
        brief=False,
    ),
    Kind(
        "start listener",
        _LISTENER,
        listening(running=False),
        start_listener,
        _listener_is(status="running"),
        brief=False,
    ),
    Kind(
        "stop listener",
        _LISTENER,
        listening(),
        stop_listener,
        _listener_is(status="stopped"),
        brief=False,
    ),
    Kind(
        "delete listener",
        _BOTH,
        listening(rule_count=2),
        delete_listener,
        lambda cloud: not cloud.listeners and not cloud.rules,
        brief=False,
    ),
    Kind("create TCP listener", _LISTENER, _two_groups, create_tcp_listener, _is_deep),
    Kind("create HTTPS listener", _LISTENER, _certified, create_https_listener, _is_secure),
    Kind(
        "create listener that forwards",
        _LISTENER,
        _secure,
        create_forwarding_listener,
        _listener_is(status="running"),
    ),
    Kind(
        "set access control",
        _LISTENER,
        _with_list,
        set_access_control,
        _listener_is(acl_status="on", acl_type="white"),
    ),
    Kind("add domain extension", _EXTENSION, _secure, add_extension, _shows_other),
    Kind("change domain extension", _EXTENSION, _extended, change_extension, _shows_other),
    Kind(
        "delete domain extension",
        _EXTENSION,
        _extended,
        delete_extension,
        lambda cloud: not cloud.extensions,
    ),
]
