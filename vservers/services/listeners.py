"""HTTP listeners: creating them, giving them a group, starting, stopping and deleting them."""

from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Any

from console.accounts.actor import Actor
from console.accounts.permissions import Action
from vservers.cloud.types import HTTPSettings
from vservers.models import Listener, LoadBalancer, VServerGroup
from vservers.selectors.fingerprints import listener_fingerprint

from . import readings
from .acts import Act, act
from .errors import Gone, Stale

RESOURCE = "listener"
HTTP = Listener.Protocol.HTTP.value


def create_http_listener(
    *,
    actor: Actor,
    load_balancer: LoadBalancer,
    port: int,
    settings: HTTPSettings,
    vserver_group: VServerGroup | None,
    backend_server_port: int | None,
    description: str,
    start: bool,
) -> Listener:
    """A new HTTP listener that sends its requests to the group, or else to the default pool.

    backend_server_port: needed without a group. start: the cloud makes listeners stopped. Raises
    NotAllowed, CallFailed (the listener may exist, stopped), NotReread.
    """
    with act(
        actor=actor,
        action=Action.CHANGE_LISTENERS,
        verb="create listener",
        load_balancer=load_balancer,
        resource_type=RESOURCE,
        resource_id=_resource_id(load_balancer.pk, HTTP, port),
        resource_name=f"HTTP:{port}",
        reread=[readings.listeners(load_balancer.pk), readings.health(load_balancer.pk)],
    ) as doing:
        doing.after = _picture(settings, vserver_group, backend_server_port, description)
        doing.cloud.slb.create_http_listener(
            load_balancer.pk,
            port,
            settings,
            vserver_group_id=vserver_group.pk if vserver_group else "",
            backend_server_port=backend_server_port,
            description=description,
        )
        if start:
            doing.cloud.slb.start_listener(load_balancer.pk, HTTP, port)
    return load_balancer.listeners.get(protocol=HTTP, port=port)


def change_http_listener(
    *,
    actor: Actor,
    listener: Listener,
    settings: HTTPSettings,
    vserver_group: VServerGroup | None,
    description: str,
    seen: str,
) -> bool:
    """New settings for an HTTP listener; False when it has them already.

    vserver_group: None detaches the group, requests then go to the default pool. seen: fingerprint
    of the listener as the person saw it. Raises NotAllowed, Gone, Stale, CallFailed, NotReread.
    """
    with _changing(actor, listener, "change listener") as doing:
        doing.read_now(readings.listeners(doing.load_balancer.pk))
        current = Listener.objects.filter(pk=listener.pk).first()
        if current is None:
            raise Gone(RESOURCE)
        if listener_fingerprint(current) != seen:
            raise Stale(RESOURCE)
        before = HTTPSettings(**current.settings)
        group_id = vserver_group.pk if vserver_group else None
        if (before, current.vserver_group_id, current.description) == (
            settings,
            group_id,
            description,
        ):
            return False
        port = current.backend_server_port
        doing.before = _picture(before, current.vserver_group, port, current.description)
        doing.after = _picture(settings, vserver_group, port, description)
        doing.cloud.slb.set_http_listener_attribute(
            doing.load_balancer.pk,
            current.port,
            settings,
            vserver_group_id=group_id or "",
            description=description,
        )
    return True


def start_listener(*, actor: Actor, listener: Listener) -> None:
    """Raises NotAllowed, CallFailed, NotReread."""
    with _changing(actor, listener, "start listener") as doing:
        doing.cloud.slb.start_listener(doing.load_balancer.pk, listener.protocol, listener.port)


def stop_listener(*, actor: Actor, listener: Listener) -> None:
    """Requests to it fail from now on. Raises NotAllowed, CallFailed, NotReread."""
    with _changing(actor, listener, "stop listener") as doing:
        doing.cloud.slb.stop_listener(doing.load_balancer.pk, listener.protocol, listener.port)


def delete_listener(*, actor: Actor, listener: Listener) -> None:
    """Delete a listener with its forwarding rules. Raises NotAllowed, CallFailed, NotReread."""
    with _changing(actor, listener, "delete listener") as doing:
        if listener.protocol == HTTP:
            doing.before = _picture(
                HTTPSettings(**listener.settings),
                listener.vserver_group,
                listener.backend_server_port,
                listener.description,
            )
        doing.cloud.slb.delete_listener(doing.load_balancer.pk, listener.protocol, listener.port)


def _changing(actor: Actor, listener: Listener, verb: str) -> AbstractContextManager[Act]:
    balancer = listener.load_balancer
    return act(
        actor=actor,
        action=Action.CHANGE_LISTENERS,
        verb=verb,
        load_balancer=balancer,
        resource_type=RESOURCE,
        resource_id=_resource_id(balancer.pk, listener.protocol, listener.port),
        resource_name=str(listener),
        reread=[readings.listeners(balancer.pk), readings.health(balancer.pk)],
    )


def _resource_id(load_balancer_id: str, protocol: str, port: int) -> str:
    """As the cloud's tags name a listener."""
    return f"{load_balancer_id}_{protocol}_{port}"


def _picture(
    settings: HTTPSettings,
    vserver_group: VServerGroup | None,
    backend_server_port: int | None,
    description: str,
) -> dict[str, Any]:
    return {
        "vserver_group_id": vserver_group.pk if vserver_group else "",
        "backend_server_port": backend_server_port,
        "description": description,
        **asdict(settings),
    }
