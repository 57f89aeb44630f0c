"""What the cloud no longer has: marked, and removed when that was so for long enough."""

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from vservers.models import LoadBalancer, Server, VServerGroup

from . import drift, explaining
from .readings import balancer_vanishes


def balancers_vanish(load_balancer_ids: Iterable[str]) -> None:
    """Mark load balancers as gone; what was in them goes, their groups stay marked."""
    for load_balancer_id in load_balancer_ids:
        with transaction.atomic():
            balancer = LoadBalancer.objects.select_for_update().filter(pk=load_balancer_id).first()
            if balancer is None:
                continue
            (gone,) = balancer_vanishes(balancer.pk).differences
            explained = explaining.by_operations(balancer.pk)(gone)
            drift.note(balancer, [] if explained else [gone], [gone] if explained else [])


def remove_vanished() -> int:
    """Remove what vanished longer ago than the grace period; how many objects that were."""
    before = timezone.now() - timedelta(seconds=settings.SYNC_GRACE_SECONDS)
    removed = 0
    for model in (VServerGroup, LoadBalancer, Server):
        rows = model.everything.filter(vanished_at__lt=before)
        removed += len(rows)
        rows.delete()
    return removed
