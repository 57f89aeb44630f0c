"""Addresses of the pages of one load balancer, and what htmx says of itself."""

from django.urls import reverse

from vservers.models import LoadBalancer

HTMX = {"HX-Request": "true"}


def address(name: str, balancer: LoadBalancer, *more: object) -> str:
    return reverse(name, args=[balancer.region_id, balancer.pk, *more])
