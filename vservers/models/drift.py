"""Differences in the cloud that nothing of ours explains."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Drift(models.Model):
    """A difference of one item of one object, from what it was to what it is.

    object_id: the cloud's ID; of a listener "protocol:port". item: which server of a group or pool,
    "i-…:80" or "i-…", which network of an access control list, which tag, else "". before, after:
    JSON values; None where it was or is not there. load_balancer_id: "" of what belongs to a region
    of an account.
    """

    class Kind(models.TextChoices):
        BALANCER = "balancer", _("Instance")
        POOL = "pool", _("Backend servers")
        GROUP = "group", _("VServer group")
        LISTENER = "listener", _("Listener")
        RULE = "rule", _("Forwarding rule")
        PAIR = "pair", _("Primary/secondary group")
        EXTENSION = "extension", _("Domain extension")
        CERTIFICATE = "certificate", _("Server certificate")
        CA_CERTIFICATE = "ca", _("CA certificate")
        ACCESS_LIST = "access list", _("Access control list")

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        ACCEPTED = "accepted", _("Accepted")
        REVERTED = "reverted", _("Back as it was")
        GONE = "gone", _("No longer there")

    object_type = models.CharField(max_length=12, choices=Kind)
    object_id = models.CharField(max_length=120)
    object_name = models.CharField(max_length=253, blank=True)
    account = models.ForeignKey(
        "vservers.CloudAccount", null=True, on_delete=models.CASCADE, related_name="+"
    )
    region_id = models.CharField(max_length=40)
    load_balancer_id = models.CharField(max_length=60, blank=True)
    load_balancer_name = models.CharField(max_length=120, blank=True)
    field = models.CharField(max_length=40)
    item = models.CharField(max_length=140, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["-first_seen_at", "-pk"]
        indexes = [
            models.Index(fields=["status", "-first_seen_at"]),
            models.Index(fields=["load_balancer_id", "status"]),
            models.Index(fields=["object_type", "object_id", "-first_seen_at"]),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["object_type", "object_id", "load_balancer_id", "field", "item"],
                condition=models.Q(status="open"),
                name="one_open_drift_of_an_item",
            )
        ]

    def __str__(self) -> str:
        where = f" of {self.item}" if self.item else ""
        return f"{self.field}{where} of {self.object_name or self.object_id}"
