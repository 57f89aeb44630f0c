"""VServer groups and the default server pool, with their backend servers."""

from django.db import models

from .balancers import LoadBalancer
from .present import Vanishing
from .searching import search_text
from .servers import server_link


class VServerGroup(Vanishing):
    """A VServer group of one load balancer. Names may repeat.

    synced_at: start of the last read of it with its servers. changed_at: when a read last found it
    changed; viewed_at: when a person last looked: such groups are read more often. tags: {key:
    value}. owner: the program that manages it, "" for none known.
    """

    vserver_group_id = models.CharField(max_length=60, primary_key=True)
    load_balancer = models.ForeignKey(
        LoadBalancer, on_delete=models.CASCADE, related_name="vserver_groups"
    )
    name = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(null=True)
    tags = models.JSONField(default=dict)
    owner = models.CharField(max_length=60, blank=True)
    synced_at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True)
    viewed_at = models.DateTimeField(null=True)
    search_text = search_text("name", "vserver_group_id", "tags")

    class Meta(Vanishing.Meta):
        ordering = ["name", "vserver_group_id"]
        indexes = [
            models.Index(fields=["load_balancer", "name", "vserver_group_id"]),
            # The list over all instances walks it from either end.
            models.Index(
                fields=["name", "vserver_group_id"],
                name="group_present_by_name",
                condition=models.Q(vanished_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.vserver_group_id


class Member(models.Model):
    """A backend server of a VServer group: one ECS instance on one port."""

    group = models.ForeignKey(VServerGroup, on_delete=models.CASCADE, related_name="members")
    server = server_link("memberships")
    server_ip = models.CharField(max_length=64, blank=True)
    port = models.PositiveIntegerField()
    weight = models.PositiveSmallIntegerField()
    type = models.CharField(max_length=10, default="ecs")
    description = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["group", "server_id", "port"]
        constraints = [
            models.UniqueConstraint(
                fields=["group", "server", "server_ip", "port"], name="member_identity"
            )
        ]
        # Only ENIs have an address of their own; the search finds them by its beginning.
        indexes = [
            models.Index(
                fields=["server_ip"],
                name="member_own_address",
                opclasses=["varchar_pattern_ops"],
                condition=~models.Q(server_ip=""),
            ),
            # Few are drained: which groups may answer nobody (selectors.silent).
            models.Index(fields=["group"], name="member_drained", condition=models.Q(weight=0)),
        ]

    def __str__(self) -> str:
        return f"{self.server_id}:{self.port}"


class PoolServer(models.Model):
    """A backend server of the default server pool; the listener gives the port."""

    load_balancer = models.ForeignKey(
        LoadBalancer, on_delete=models.CASCADE, related_name="pool_servers"
    )
    server = server_link("pools")
    server_ip = models.CharField(max_length=64, blank=True)
    weight = models.PositiveSmallIntegerField()
    type = models.CharField(max_length=10, default="ecs")
    description = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["load_balancer", "server_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["load_balancer", "server", "server_ip"], name="pool_server_identity"
            )
        ]

    def __str__(self) -> str:
        return str(self.server_id)
