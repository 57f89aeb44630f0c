"""What goes wrong with a listener though every field of it is right."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from vservers.models import LoadBalancer
from vservers.selectors import listener_choices
from vservers.services.listeners import ListenerSpec


@dataclass(frozen=True, slots=True)
class Warnings:
    """Of a listener as it shall be."""

    load_balancer: LoadBalancer
    protocol: str
    spec: ListenerSpec

    def sentences(self) -> list[str]:
        return [*self._of_access(), *([] if self.spec.forward_port else self._of_servers())]

    def _of_access(self) -> list[str]:
        settings = self.spec.settings
        if settings.acl_status != "on" or settings.acl_type != "white":
            return []
        empty = listener_choices.empty_access_lists(self.load_balancer)
        if settings.acl_id not in empty:
            return []
        return [_("The whitelist is empty: nobody can connect until it has an entry.")]

    def _of_servers(self) -> list[str]:
        if self.spec.master_slave_server_group_id:
            return []
        settings: Any = self.spec.settings
        group = self.spec.vserver_group
        rows = list(
            group.members.values_list("port", "weight")
            if group
            else self.load_balancer.pool_servers.values_list("pk", "weight")
        )
        words = []
        if not rows:
            words.append(
                _("%(group)s has no server: every request fails until it has one.")
                % {"group": group.name or group.pk}
                if group
                else _("Backend Servers is empty: every request fails until it has a server.")
            )
        elif all(weight == 0 for _port, weight in rows):
            words.append(_("All servers have weight 0: no request is served."))
        weights = {weight for _port, weight in rows if weight}
        if settings.scheduler == "rr" and len(weights) > 1:
            words.append(
                _("Round robin ignores weights: servers of different weight get the same share.")
            )
        ports = {port for port, _weight in rows} if group else set()
        if settings.health_check == "off":
            words.append(_("Without a health check, requests go to broken servers too."))
        elif settings.health_check_connect_port and len(ports) > 1:
            words.append(
                _(
                    "The check looks at port %(port)s of every server, but the ports of the group "
                    "differ: servers may look broken that are not. Leave the check port empty."
                )
                % {"port": settings.health_check_connect_port}
            )
        timeout, interval = settings.health_check_timeout, settings.health_check_interval
        if settings.health_check == "on" and timeout and interval and timeout < interval:
            words.append(
                _("The response timeout is shorter than the interval, which counts instead.")
            )
        return words
