"""Runs of the sync: what was asked, how far it came, what went wrong."""

from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .accounts import CloudAccount


class SyncRun(models.Model):
    """One reading of an account's region.

    done, total: of the present stage. rows: mirror rows compared so far. errors: [{"object",
    "code", "message", "request_id"}], the first of them; error_count: all. A run that died is
    resumed: what its first start has read already is not read again. attempts: how often it was
    started.
    """

    class Kind(models.TextChoices):
        FULL = "full", gettext_lazy("Full")
        INCREMENTAL = "incremental", gettext_lazy("Incremental")

    class Status(models.TextChoices):
        QUEUED = "queued", gettext_lazy("Waiting for a worker")
        RUNNING = "running", gettext_lazy("Running")
        DONE = "done", gettext_lazy("Done")
        PARTLY_DONE = "partly done", gettext_lazy("Done with errors")
        FAILED = "failed", gettext_lazy("Failed")
        CANCELLED = "cancelled", gettext_lazy("Cancelled")

    class Stage(models.TextChoices):
        SERVERS = "servers", gettext_lazy("Reading the servers")
        ASSETS = "assets", gettext_lazy("Reading certificates and access lists")
        BALANCERS = "balancers", gettext_lazy("Listing the instances")
        PARTS = "parts", gettext_lazy("Reading the instances")
        CHANGES = "changes", gettext_lazy("Looking for changes")
        GROUPS = "groups", gettext_lazy("Reading the groups that changed or are due")

    account = models.ForeignKey(CloudAccount, on_delete=models.CASCADE, related_name="runs")
    region = models.ForeignKey("vservers.Region", on_delete=models.CASCADE, related_name="runs")
    kind = models.CharField(max_length=12, choices=Kind)
    status = models.CharField(max_length=12, choices=Status, default=Status.QUEUED)
    stage = models.CharField(max_length=12, choices=Stage, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    calls = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    requested_by = models.CharField(max_length=150, blank=True)
    requested_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    heard_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    cancel_asked_by = models.CharField(max_length=150, blank=True)
    errors = models.JSONField(default=list)
    error_count = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-requested_at", "-pk"]
        indexes = [models.Index(fields=["account", "region", "-requested_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "region", "kind"],
                condition=models.Q(status__in=["queued", "running"]),
                name="one_unfinished_run_of_a_kind",
            )
        ]

    def __str__(self) -> str:
        return _("%(kind)s sync of %(region_id)s") % {
            "kind": self.get_kind_display(),
            "region_id": self.region_id,
        }

    @property
    def is_unfinished(self) -> bool:
        return self.status in {self.Status.QUEUED, self.Status.RUNNING}

    @property
    def percent(self) -> int | None:
        """How much of the present stage is done, None where that is not known yet."""
        return min(100, self.done * 100 // self.total) if self.total else None

    @property
    def seconds(self) -> float:
        if self.started_at is None:
            return 0.0
        until: datetime = self.ended_at or timezone.now()
        return max(0.0, (until - self.started_at).total_seconds())

    @property
    def rate(self) -> float:
        """Rows compared in a second so far."""
        return self.rows / self.seconds if self.seconds else 0.0
