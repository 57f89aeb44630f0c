"""The page of what the cloud no longer has: it was here, and says since when it is not."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext as _

from console.shell.htmx import render_page
from console.shell.request import ConsoleRequest
from vservers.models import Drift, LoadBalancer, VServerGroup
from vservers.pages.drift.words import in_words


def vanished_balancer(region: str, balancer_id: str) -> LoadBalancer | None:
    rows = LoadBalancer.everything.filter(vanished_at__isnull=False)
    return rows.filter(region=region, pk=balancer_id).first()


def vanished_group(load_balancer: LoadBalancer, group_id: str) -> VServerGroup | None:
    rows = VServerGroup.everything.filter(vanished_at__isnull=False)
    return rows.filter(load_balancer=load_balancer, pk=group_id).first()


def render_gone(request: ConsoleRequest, gone: LoadBalancer | VServerGroup) -> HttpResponse:
    """410, with what was found other of it last."""
    balancer = gone.load_balancer if isinstance(gone, VServerGroup) else None
    assert gone.vanished_at  # noqa: S101 - what is looked up here has vanished
    region_id = gone.region_id if isinstance(gone, LoadBalancer) else ""
    history = Drift.objects.filter(
        object_type=Drift.Kind.GROUP if balancer else Drift.Kind.BALANCER, object_id=gone.pk
    )
    context = {
        "title": str(gone),
        "gone": gone,
        "kind": _("VServer group") if balancer else _("instance"),
        "region_id": region_id,
        "removed_at": gone.vanished_at + timedelta(seconds=settings.SYNC_GRACE_SECONDS),
        "history": in_words(list(history[:10])),
    }
    if balancer:
        context["balancer"] = balancer
    return render_page(request, "vservers/gone.html", context, status=410)
