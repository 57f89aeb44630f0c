"""ECS instances: what may be a backend server."""

from django.db import models

from .accounts import CloudAccount
from .balancers import LoadBalancer, Region
from .present import Vanishing
from .searching import search_text


class Server(Vanishing):
    """An ECS instance of a region. tags: {key: value}. owner: the program that manages it."""

    RUNNING = "Running"

    server_id = models.CharField(max_length=60, primary_key=True)
    account = models.ForeignKey(CloudAccount, on_delete=models.CASCADE, related_name="servers")
    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="servers")
    name = models.CharField(max_length=128, blank=True)
    status = models.CharField(max_length=20)
    zone_id = models.CharField(max_length=60, blank=True)
    network_type = models.CharField(max_length=20, choices=LoadBalancer.NetworkType)
    vpc_id = models.CharField(max_length=60, blank=True)
    private_ip = models.CharField(max_length=64, blank=True)
    public_ip = models.CharField(max_length=64, blank=True)
    instance_type = models.CharField(max_length=60, blank=True)
    tags = models.JSONField(default=dict)
    owner = models.CharField(max_length=60, blank=True)
    search_text = search_text("name", "server_id", "private_ip", "public_ip", "tags")

    class Meta(Vanishing.Meta):
        ordering = ["name", "server_id"]
        indexes = [models.Index(fields=["region", "network_type", "name", "server_id"])]

    def __str__(self) -> str:
        return self.name or self.server_id


def server_link(related_name: str) -> "models.ForeignKey[Server | None, Server | None]":
    """A link to a server that the mirror may not hold.

    A backend server outlives its ECS instance, and may be an ENI: so no constraint, and nullable
    only to make the join an outer one.
    """
    return models.ForeignKey(
        Server,
        null=True,
        db_constraint=False,
        on_delete=models.DO_NOTHING,
        related_name=related_name,
    )
