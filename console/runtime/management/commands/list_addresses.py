"""`manage.py list_addresses`: where the load balancers of the mirror take traffic."""

from typing import Any

from django.core.management.base import BaseCommand

from vservers.models import LoadBalancer

_MOST = 20


class Command(BaseCommand):
    help = "List the load balancers' addresses, as last read from the cloud."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        balancers = LoadBalancer.objects.prefetch_related("listeners").order_by("region", "pk")
        for balancer in balancers[:_MOST]:
            self.stdout.write(f"{balancer.region_id:<16}{balancer.address:<16}{balancer.name}")
        if (more := balancers.count() - _MOST) > 0:
            self.stdout.write(f"and {more} more")
