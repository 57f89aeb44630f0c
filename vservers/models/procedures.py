"""Procedures: several operations over a time, one after another, carried by a worker."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from console.shell.said import SaidField


class Procedure(models.Model):
    """Maintenance of a server, servers that are drained and removed, or traffic that is shifted.

    next_at: when a worker looks at it again, None where it waits for a person or is over. asked:
    what a person wants of it, until a worker has seen to it. load_balancer_id, vserver_group_id:
    "" where it is about several. steps: of a shift, {"weights": {member's pk as text: weight},
    "shares": {group: percent that its TO servers get}} each, the first being how it was before;
    position: the last that is done; step_at: when the next is due. deadline_at: when drained
    servers are removed at the latest; quiet_since: since when none of them has a connection.
    """

    class Kind(models.TextChoices):
        MAINTENANCE = "maintenance", _("Maintenance")
        DRAIN = "drain", _("Drain, then remove")
        SHIFT = "shift", _("Shift traffic")

    class Status(models.TextChoices):
        RUNNING = "running", _("Running")
        HOLDING = "holding", _("In maintenance")
        PAUSED = "paused", _("Paused")
        DONE = "done", _("Done")
        STOPPED = "stopped", _("Stopped")
        ROLLED_BACK = "rolled back", _("Rolled back")
        FAILED = "failed", _("Failed")

    class Phase(models.TextChoices):
        ZEROING = "zeroing", _("Setting weights to 0")
        WATCHING = "watching", _("Waiting for connections to end")
        REMOVING = "removing", _("Removing servers")
        STEPPING = "stepping", _("Moving weight")
        RESTORING = "restoring", _("Restoring weights")

    class Wish(models.TextChoices):
        PAUSE = "pause", _("Pause")
        RESUME = "resume", _("Resume")
        STOP = "stop", _("Stop")
        RESTORE = "restore", _("Restore weights")

    OVER = (Status.DONE, Status.STOPPED, Status.ROLLED_BACK, Status.FAILED)

    kind = models.CharField(max_length=12, choices=Kind)
    status = models.CharField(max_length=12, choices=Status, default=Status.RUNNING)
    phase = models.CharField(max_length=12, choices=Phase)
    name = models.CharField(max_length=128)
    reason = models.CharField(max_length=200, blank=True)
    note = SaidField(blank=True)
    actor_name = models.CharField(max_length=150)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    asked = models.CharField(max_length=8, choices=Wish, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    region_id = models.CharField(max_length=40)
    load_balancer_id = models.CharField(max_length=60, blank=True)
    vserver_group_id = models.CharField(max_length=60, blank=True)
    server_id = models.CharField(max_length=60, blank=True)
    # A person agreed that a group is left without a server that takes requests.
    may_empty = models.BooleanField(default=False)
    steps = models.JSONField(default=list)
    position = models.PositiveSmallIntegerField(default=0)
    pause_seconds = models.PositiveIntegerField(default=0)
    step_at = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField(null=True)
    quiet_since = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["next_at"], name="procedure_due"),
            models.Index(fields=["server_id", "status"]),
            models.Index(fields=["vserver_group_id", "status"]),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["server_id"],
                condition=models.Q(kind="maintenance", status__in=["running", "holding", "paused"]),
                name="one_maintenance_of_a_server",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.name}"

    @property
    def is_over(self) -> bool:
        return self.status in self.OVER

    @property
    def is_under_way(self) -> bool:
        """Whether a worker is at it or will be, without anybody asking."""
        return self.status == self.Status.RUNNING or bool(self.asked)


class ProcedureMember(models.Model):
    """A backend server that a procedure is about, with the weight that is remembered.

    port None: of the default server pool. weight_before: as it was before the first change;
    weight_set: the last that the procedure has set, None before it has. connections: open when it
    was last looked, None where the cloud does not tell.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Waiting for the cloud")
        SET = "set", _("Weight set")
        RESTORED = "restored", _("Weight restored")
        REMOVED = "removed", _("Removed")
        LEFT = "left", _("Left as it is")
        GONE = "gone", _("No longer there")
        FAILED = "failed", _("Failed")

    class Side(models.TextChoices):
        FROM = "from", _("From")
        TO = "to", _("To")

    procedure = models.ForeignKey(Procedure, on_delete=models.CASCADE, related_name="members")
    load_balancer_id = models.CharField(max_length=60)
    load_balancer_name = models.CharField(max_length=120, blank=True)
    vserver_group_id = models.CharField(max_length=60, blank=True)
    vserver_group_name = models.CharField(max_length=80, blank=True)
    server_id = models.CharField(max_length=60)
    server_name = models.CharField(max_length=128, blank=True)
    server_ip = models.CharField(max_length=64, blank=True)
    port = models.PositiveIntegerField(null=True)
    side = models.CharField(max_length=4, choices=Side, blank=True)
    weight_before = models.PositiveSmallIntegerField()
    weight_set = models.PositiveSmallIntegerField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    note = SaidField(blank=True)
    connections = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ["procedure", "load_balancer_name", "vserver_group_name", "server_name", "pk"]
        indexes = [models.Index(fields=["server_id", "vserver_group_id"])]

    def __str__(self) -> str:
        port = f":{self.port}" if self.port else ""
        return f"{self.server_name or self.server_id}{port}"
