"""Operations: every write to the cloud as it was planned, and what became of each call."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from console.shell.said import SaidField

from .accounts import CloudAccount


class Operation(models.Model):
    """One change of one load balancer, or of one region of an account: who, what, how it ended.

    load_balancer_id: "" where it is of the region as a whole, which account and region_id name.

    Committed before its first call is sent, so that a process which dies leaves a row from which
    another settles it. reread: what to read again afterwards, as names of readings with arguments.
    waiting_*: the cloud's word for which it waits, and when it asks again.
    """

    class Status(models.TextChoices):
        RUNNING = "running", _("Running")
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Done")
        PARTLY_DONE = "partly done", _("Partly done")
        FAILED = "failed", _("Failed")
        UNKNOWN = "unknown", _("Unknown")

    # Those that a worker has to bring to an end.
    UNSETTLED = (Status.RUNNING, Status.WAITING, Status.UNKNOWN)

    status = models.CharField(max_length=12, choices=Status, default=Status.RUNNING)
    actor_name = models.CharField(max_length=150)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    web_request_id = models.CharField(max_length=64, blank=True)
    permission = models.CharField(max_length=60)
    verb = models.CharField(max_length=60)
    account = models.ForeignKey(
        CloudAccount, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    region_id = models.CharField(max_length=40)
    load_balancer_id = models.CharField(max_length=60, blank=True)
    resource_type = models.CharField(max_length=30)
    resource_id = models.CharField(max_length=120, blank=True)
    resource_name = models.CharField(max_length=120, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reread = models.JSONField(default=list)
    note = SaidField(blank=True)
    waiting_code = models.CharField(max_length=100, blank=True)
    waiting_message = models.TextField(blank=True)
    next_try_at = models.DateTimeField(null=True)
    retry_of = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="retries"
    )
    undo_of = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="undos")
    procedure = models.ForeignKey(
        "vservers.Procedure", null=True, on_delete=models.SET_NULL, related_name="operations"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["load_balancer_id", "-id"]),
            models.Index(fields=["resource_id", "-id"]),
            models.Index(fields=["web_request_id"]),
            models.Index(fields=["actor_name", "-id"]),
            models.Index(
                fields=["load_balancer_id"],
                name="operation_unsettled",
                condition=models.Q(status__in=["running", "waiting", "unknown"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.resource_name or self.resource_id} ({self.status})"

    @property
    def is_settled(self) -> bool:
        return self.status not in self.UNSETTLED


class OperationCall(models.Model):
    """One call of an operation.

    changes: what it does, one JSON object per row (services.changes.Change). evidence: what was
    known before a call that cannot be repeated safely. sealed: JSON of {parameter: secret},
    encrypted, of the parameters that `params` only has a stand-in for; "" once it was sent.
    """

    class Outcome(models.TextChoices):
        PLANNED = "planned", _("Planned")
        SENDING = "sending", _("Being sent")
        DONE = "done", _("Done")
        REFUSED = "refused", _("Refused")
        UNREACHABLE = "unreachable", _("Not sent")
        LOST = "lost", _("Lost")
        CHANGED = "changed", _("Changed by others")
        NOT_SENT = "not sent", _("Not sent")
        UNKNOWN = "unknown", _("Unknown")

    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="calls")
    position = models.PositiveIntegerField()
    action = models.CharField(max_length=60)
    params = models.JSONField()
    changes = models.JSONField()
    sealed = models.TextField(blank=True)
    outcome = models.CharField(max_length=12, choices=Outcome, default=Outcome.PLANNED)
    code = models.CharField(max_length=100, blank=True)
    message = models.TextField(blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    evidence = models.JSONField(null=True)
    sent_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["operation", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["operation", "position"],
                name="operation_call_position",
                deferrable=models.Deferrable.DEFERRED,
            )
        ]
        indexes = [models.Index(fields=["request_id"])]

    def __str__(self) -> str:
        return f"{self.action} ({self.outcome})"

    def as_audit(self) -> dict[str, Any]:
        """As the audit trail keeps a call."""
        return {
            "action": self.action,
            "outcome": self.outcome,
            "request_id": self.request_id,
            "code": self.code,
            "message": self.message,
        }
