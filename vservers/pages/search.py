"""What the search box of the top bar finds of load balancers, with the pages to go to."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from console.accounts.permissions import Action
from console.shell.search import Hit, Kind, register
from console.shell.templatetags.kit import spoken
from vservers.models import (
    AccessControlList,
    Batch,
    CACertificate,
    DomainExtension,
    Drift,
    Listener,
    LoadBalancer,
    MasterSlaveGroup,
    Member,
    Operation,
    Procedure,
    Rule,
    Server,
    ServerCertificate,
    VServerGroup,
)
from vservers.pages.batches.words import batch_words
from vservers.selectors import search as selectors


def register_kinds() -> None:
    """Tell the shell what there is to find; called once, when the app is ready."""
    add = _add
    add("instances", _("Instances"), "sitemap", selectors.balancers_with, _balancer)
    add("listeners", _("Listeners"), "ear", selectors.listeners_with, _listener)
    add("rules", _("Forwarding rules"), "route", selectors.rules_with, _rule)
    add("groups", _("VServer groups"), "stack-2", selectors.groups_with, _group)
    add("pairs", _("Primary/secondary groups"), "switch-2", selectors.pairs_with, _pair)
    add("servers", _("ECS instances"), "server", selectors.servers_with, _server)
    add("members", _("Other backend servers"), "network", selectors.unlisted_members_with, _member)
    add("domains", _("Domain extensions"), "world", selectors.extensions_with, _extension)
    add("certificates", _("Certificates"), "certificate", selectors.certificates_with, _certificate)
    add(
        "ca-certificates",
        _("CA certificates"),
        "certificate-2",
        selectors.ca_certificates_with,
        _certificate,
    )
    add("access-lists", _("Access control lists"), "shield", selectors.access_lists_with, _acl)
    add("drift", _("Drift"), "git-compare", selectors.drift_with, _drift)
    add(
        "procedures",
        _("Maintenance"),
        "arrows-exchange",
        selectors.procedures_with,
        _procedure,
    )
    add(
        "batches",
        _("Bulk changes"),
        "stack-push",
        selectors.batches_with,
        _batch,
        needs=Action.VIEW_AUDIT,
    )
    add(
        "operations",
        _("Operations"),
        "list-check",
        selectors.operations_with,
        _operation,
        needs=Action.VIEW_AUDIT,
    )


def _add(key: str, label: Any, icon: str, rows: Any, hit: Any, **more: Any) -> None:
    register(Kind(key, label, icon, rows=rows, hit=hit, **more))


def _same(text: str, *ids: str) -> bool:
    return text.casefold() in {one.casefold() for one in ids if one}


def _place(balancer: LoadBalancer) -> str:
    return f"{balancer} · {balancer.region_id}"


def _balancer(row: LoadBalancer, text: str) -> Hit:
    return Hit(
        label=str(row),
        url=reverse("balancers-detail", args=[row.region_id, row.pk]),
        code=row.pk,
        where=f"{row.address} · {row.region_id}" if row.address else row.region_id,
        exact=_same(text, row.pk),
    )


def _listener(row: Listener, text: str) -> Hit:
    balancer = row.load_balancer
    name = f" {row.description}" if row.description else ""
    return Hit(
        label=f"{row}{name}",
        url=reverse("listeners-list", args=[balancer.region_id, balancer.pk]),
        where=_place(balancer),
    )


def _rule(row: Rule, text: str) -> Hit:
    listener, balancer = row.listener, row.listener.load_balancer
    place = [balancer.region_id, balancer.pk, listener.protocol, listener.port]
    return Hit(
        label=str(row),
        url=reverse("rules-list", args=place),
        code=row.pk,
        where=f"{listener} · {_place(balancer)}",
        exact=_same(text, row.pk),
    )


def _group(row: VServerGroup, text: str) -> Hit:
    balancer = row.load_balancer
    return Hit(
        label=str(row),
        url=reverse("groups-detail", args=[balancer.region_id, balancer.pk, row.pk]),
        code=row.pk,
        where=_place(balancer),
        exact=_same(text, row.pk),
    )


def _server(row: Server, text: str) -> Hit:
    address = row.private_ip or row.public_ip
    return Hit(
        label=str(row),
        url=reverse("servers-detail", args=[row.region_id, row.pk]),
        code=row.pk,
        where=f"{address} · {row.region_id}" if address else row.region_id,
        exact=_same(text, row.pk),
    )


def _member(row: Member, text: str) -> Hit:
    group, balancer = row.group, row.group.load_balancer
    return Hit(
        label=f"{row} {row.server_ip}".strip(),
        url=reverse("groups-detail", args=[balancer.region_id, balancer.pk, group.pk]),
        where=f"{group} · {_place(balancer)}",
    )


def _pair(row: MasterSlaveGroup, text: str) -> Hit:
    balancer = row.load_balancer
    return Hit(
        label=str(row),
        url=reverse("pairs-list", args=[balancer.region_id, balancer.pk]),
        code=row.pk,
        where=_place(balancer),
        exact=_same(text, row.pk),
    )


def _extension(row: DomainExtension, text: str) -> Hit:
    listener, balancer = row.listener, row.listener.load_balancer
    return Hit(
        label=row.domain,
        url=reverse("extensions-list", args=[balancer.region_id, balancer.pk, listener.port]),
        code=row.pk,
        where=f"{listener} · {_place(balancer)}",
        exact=_same(text, row.pk),
    )


def _certificate(row: ServerCertificate | CACertificate, text: str) -> Hit:
    return Hit(
        label=str(row),
        url=reverse("certificates-detail", args=[row.region_id, row.pk]),
        code=row.pk,
        where=f"{row.common_name} · {row.region_id}" if row.common_name else row.region_id,
        exact=_same(text, row.pk),
    )


def _acl(row: AccessControlList, text: str) -> Hit:
    return Hit(
        label=str(row),
        url=reverse("access-lists-detail", args=[row.region_id, row.pk]),
        code=row.pk,
        where=row.region_id,
        exact=_same(text, row.pk),
    )


def _drift(row: Drift, text: str) -> Hit:
    about = {"text": row.object_id, "balancer": row.load_balancer_id, "status": row.status}
    where = row.load_balancer_name or row.load_balancer_id
    return Hit(
        label=f"{row.get_object_type_display()} {row.object_name or row.object_id}",
        url=f"{reverse('drift-list')}?{urlencode(about)}",
        code=row.item,
        where=f"{row.get_status_display()} · {where} · {row.region_id}",
    )


def _procedure(row: Procedure, text: str) -> Hit:
    return Hit(
        label=f"#{row.pk} {row}",
        url=reverse("procedures-detail", args=[row.pk]),
        where=f"{row.get_status_display()} · {row.actor_name} · {_when(row.created_at)}",
    )


def _batch(row: Batch, text: str) -> Hit:
    return Hit(
        label=f"#{row.pk} {batch_words(row)}",
        url=reverse("batches-detail", args=[row.pk]),
        where=f"{row.get_status_display()} · {row.actor_name} · {_when(row.created_at)}",
    )


def _when(moment: datetime) -> str:
    return f"{localtime(moment):%Y-%m-%d %H:%M}"


def _operation(row: Operation, text: str) -> Hit:
    ids = {f"#{row.pk}", row.web_request_id}
    touched = _same(text, row.resource_id, row.load_balancer_id)
    return Hit(
        label=f"#{row.pk} {spoken(row.verb)} {row.resource_name or row.resource_id}",
        url=reverse("operations-detail", args=[row.pk]),
        where=f"{row.get_status_display()} · {row.actor_name} · {_when(row.created_at)}",
        # Not its number alone, which may be a port; else the RequestId of one of its calls.
        exact=_same(text, *ids) or not (touched or text.isdecimal()),
    )
