"""What the form of a listener offers to choose from, of one load balancer and its region."""

from typing import Any

from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from vservers.models import (
    AccessControlList,
    CACertificate,
    Listener,
    LoadBalancer,
    ServerCertificate,
)

# (value, words)
Choices = list[tuple[str, str]]


def server_certificates(load_balancer: LoadBalancer) -> Choices:
    """The region's, with their domain, and said of those that are over."""
    rows = _of_region(ServerCertificate.objects.all(), load_balancer)
    return [(row.pk, _certificate(row)) for row in rows]


def ca_certificates(load_balancer: LoadBalancer) -> Choices:
    rows = _of_region(CACertificate.objects.all(), load_balancer)
    return [(row.pk, _certificate(row)) for row in rows]


def _certificate(row: Any) -> str:
    words = [str(row)]
    if row.common_name and row.common_name != row.name:
        words.append(f"({row.common_name})")
    if row.expires_at and row.expires_at < timezone.now():
        words.append(_("expired"))
    return " ".join(words)


def access_lists(load_balancer: LoadBalancer) -> Choices:
    """The lists of the region that a listener can have: those of IPv4."""
    rows = _of_region(AccessControlList.objects.all(), load_balancer)
    ipv4 = rows.filter(ip_version=AccessControlList.IPVersion.IPV4)
    return [(row.pk, f"{row} ({row.pk})" if row.name else row.pk) for row in ipv4]


def empty_access_lists(load_balancer: LoadBalancer) -> set[str]:
    """Of the access lists, those that were read and have no entry."""
    rows = _of_region(AccessControlList.objects.all(), load_balancer)
    return set(rows.filter(read_at__isnull=False, entries=None).values_list("pk", flat=True))


def pairs(load_balancer: LoadBalancer) -> Choices:
    """Its primary/secondary groups."""
    return [(row.pk, str(row)) for row in load_balancer.master_slave_groups.all()]


def https_listeners(load_balancer: LoadBalancer) -> list[Listener]:
    """Those that an HTTP listener can send its clients to."""
    return list(load_balancer.listeners.filter(protocol=Listener.Protocol.HTTPS))


def _of_region[M: Model](rows: QuerySet[M], load_balancer: LoadBalancer) -> QuerySet[M]:
    return rows.filter(account=load_balancer.account_id, region=load_balancer.region_id)
