"""Primary/secondary groups: two servers, of which the second serves while the first cannot."""

from django.db import models

from .balancers import LoadBalancer
from .servers import server_link


class MasterSlaveGroup(models.Model):
    """A primary/secondary group. It never changes: the API can only make and delete one."""

    group_id = models.CharField(max_length=60, primary_key=True)
    load_balancer = models.ForeignKey(
        LoadBalancer, on_delete=models.CASCADE, related_name="master_slave_groups"
    )
    name = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(null=True)
    tags = models.JSONField(default=dict)

    class Meta:
        ordering = ["name", "group_id"]
        indexes = [models.Index(fields=["load_balancer", "name", "group_id"])]

    def __str__(self) -> str:
        return self.name or self.group_id


class MasterSlaveMember(models.Model):
    """One of the two servers of a primary/secondary group."""

    class Role(models.TextChoices):
        PRIMARY = "Master", "Primary"
        SECONDARY = "Slave", "Secondary"

    group = models.ForeignKey(MasterSlaveGroup, on_delete=models.CASCADE, related_name="members")
    role = models.CharField(max_length=10, choices=Role)
    server = server_link("pairs")
    server_ip = models.CharField(max_length=64, blank=True)
    port = models.PositiveIntegerField()
    weight = models.PositiveSmallIntegerField()
    type = models.CharField(max_length=10, default="ecs")
    description = models.CharField(max_length=80, blank=True)

    class Meta:
        # "Master" comes before "Slave".
        ordering = ["group", "role"]
        constraints = [
            models.UniqueConstraint(fields=["group", "role"], name="master_slave_member_identity")
        ]

    def __str__(self) -> str:
        return f"{self.server_id}:{self.port}"
