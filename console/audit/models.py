"""The append-only record of who did what, with the cloud's RequestIds."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class AuditEntry(models.Model):
    """One act, or one refusal. Rows are written once and never changed."""

    class Outcome(models.TextChoices):
        DONE = "done", _("Done")
        PARTLY_DONE = "partly done", _("Partly done")
        REFUSED = "refused", _("Refused")
        FAILED = "failed", _("Failed")
        UNKNOWN = "unknown", _("Unknown")

    at = models.DateTimeField(auto_now_add=True)
    actor_name = models.CharField(max_length=150)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    web_request_id = models.CharField(max_length=64, blank=True)
    verb = models.CharField(max_length=60)
    region_id = models.CharField(max_length=40, blank=True)
    load_balancer_id = models.CharField(max_length=60, blank=True)
    resource_type = models.CharField(max_length=30)
    resource_id = models.CharField(max_length=120, blank=True)
    resource_name = models.CharField(max_length=120, blank=True)
    outcome = models.CharField(max_length=12, choices=Outcome)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.TextField(blank=True)
    # [{"action", "request_id", "outcome", "code", "message"}], in the order they were sent
    calls = models.JSONField(default=list)
    # The operation of vservers that it tells of; None for what is not a change of the cloud.
    operation_id = models.BigIntegerField(null=True)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["load_balancer_id", "-at"]),
            models.Index(fields=["resource_id", "-at"]),
            models.Index(fields=["-at"]),
            # The filters, and what they offer (shell.distinct).
            models.Index(fields=["verb", "-at"]),
            models.Index(fields=["actor_name", "-at"]),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.verb} {self.resource_id} ({self.outcome})"
