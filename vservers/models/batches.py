"""Batches: many changes that a person has looked at together, each carried out as its own."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from console.shell.said import SaidField

from .operations import Operation


class Batch(models.Model):
    """Changes of many objects, drafted first and begun by the person who has seen them.

    region_id: of all of them. load_balancer_id: of all of them, "" where they are of several.
    A worker carries out one item after another; stopping leaves the rest.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        STOPPED = "stopped", _("Stopped")

    verb = models.CharField(max_length=60)
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    region_id = models.CharField(max_length=40)
    load_balancer_id = models.CharField(max_length=60, blank=True)
    unchanged = models.PositiveIntegerField(default=0)
    actor_name = models.CharField(max_length=150)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["status"],
                name="batch_running",
                condition=models.Q(status="running"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verb} ({self.status})"

    @property
    def is_over(self) -> bool:
        return self.status in {self.Status.DONE, self.Status.STOPPED}


class BatchItem(models.Model):
    """One change of a batch.

    verb, arguments: what services.batches does. changes: the rows that it means, as
    services.changes.Change has them. message: why it was not done.
    """

    class Outcome(models.TextChoices):
        PLANNED = "planned", _("Planned")
        RUNNING = "running", _("Being carried out")
        WAITING = "waiting", _("Waiting for the cloud")
        DONE = "done", _("Done")
        UNCHANGED = "unchanged", _("Was like this already")
        PARTLY_DONE = "partly done", _("Partly done")
        FAILED = "failed", _("Failed")
        REFUSED = "refused", _("Not carried out")
        SKIPPED = "skipped", _("Stopped before it")

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    verb = models.CharField(max_length=60)
    load_balancer_id = models.CharField(max_length=60)
    load_balancer_name = models.CharField(max_length=120, blank=True)
    object_id = models.CharField(max_length=60, blank=True)
    object_name = models.CharField(max_length=120, blank=True)
    arguments = models.JSONField(default=dict)
    changes = models.JSONField(default=list)
    outcome = models.CharField(max_length=12, choices=Outcome, default=Outcome.PLANNED)
    message = SaidField(blank=True)
    operation = models.ForeignKey(
        Operation, null=True, on_delete=models.SET_NULL, related_name="batch_items"
    )

    class Meta:
        ordering = ["batch", "position"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "position"], name="batch_item_position")
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.object_name or self.object_id} ({self.outcome})"
