"""`manage.py list_addresses`: where the load balancers of the mirror take traffic."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import Prefetch

from vservers.models import Listener, LoadBalancer

_MOST = 20


class Command(BaseCommand):
    help = "List the load balancers' addresses, as last read from the cloud."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        running = Listener.objects.filter(status=Listener.Status.RUNNING)
        balancers = LoadBalancer.objects.order_by("region", "name", "pk")
        for balancer in balancers.prefetch_related(Prefetch("listeners", running))[:_MOST]:
            served = ", ".join(_served(balancer, one) for one in balancer.listeners.all())
            self.stdout.write(
                f"{balancer.region_id:<15} {balancer.name or balancer.pk:<20} "
                f"{balancer.address:<15} {served or 'no listener yet'}"
            )
        if (more := balancers.count() - _MOST) > 0:
            self.stdout.write(f"and {more} more")


def _served(balancer: LoadBalancer, listener: Listener) -> str:
    """Where one listener answers: served_at differs where this user may not bind the port."""
    place = listener.served_at or f"{balancer.address}:{listener.port}"
    return f"{listener.protocol}://{place}" if listener.is_layer_7 else f"{listener} at {place}"
