"""Listeners, their forwarding rules, and the health that they see."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from .balancers import LoadBalancer
from .groups import VServerGroup
from .searching import search_text


class Listener(models.Model):
    """A listener. Without a group of either kind its requests go to the default server pool.

    settings: the fields of its protocol's class in cloud.settings; scheduler and health_check are
    among them. master_slave_server_group_id: of a primary/secondary group, of TCP and UDP only.
    forward_port: of the HTTPS listener that all clients are sent to; it serves nobody itself then.
    """

    class Status(models.TextChoices):
        RUNNING = "running", _("Running")
        STOPPED = "stopped", _("Stopped")
        STARTING = "starting", _("Starting")
        STOPPING = "stopping", _("Stopping")
        CONFIGURING = "configuring", _("Configuring")

    class Protocol(models.TextChoices):
        HTTP = "http", "HTTP"
        HTTPS = "https", "HTTPS"
        TCP = "tcp", "TCP"
        UDP = "udp", "UDP"

    load_balancer = models.ForeignKey(
        LoadBalancer, on_delete=models.CASCADE, related_name="listeners"
    )
    protocol = models.CharField(max_length=8, choices=Protocol)
    port = models.PositiveIntegerField()
    status = models.CharField(max_length=20, choices=Status)
    backend_server_port = models.PositiveIntegerField(null=True)
    vserver_group = models.ForeignKey(
        VServerGroup, null=True, on_delete=models.SET_NULL, related_name="listeners"
    )
    master_slave_server_group_id = models.CharField(max_length=60, blank=True, default="")
    description = models.CharField(max_length=256, blank=True)
    scheduler = models.CharField(max_length=10, blank=True)
    health_check = models.CharField(max_length=5, blank=True)
    forward_port = models.PositiveIntegerField(null=True)
    settings = models.JSONField(default=dict)
    served_at = models.CharField(max_length=80, blank=True)
    served_notice = models.CharField(max_length=300, blank=True)
    search_text = search_text("protocol", "port", "description", glue=":")

    class Meta:
        ordering = ["load_balancer", "port", "protocol"]
        constraints = [
            models.UniqueConstraint(
                fields=["load_balancer", "protocol", "port"], name="listener_identity"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_protocol_display()}:{self.port}"

    @property
    def acl_status(self) -> str:
        """white, black, or "" where access control is off."""
        on = self.settings.get("acl_status") == "on"
        return (self.settings.get("acl_type") or "") if on else ""

    @property
    def is_layer_7(self) -> bool:
        return self.protocol in {self.Protocol.HTTP, self.Protocol.HTTPS}


class Rule(models.Model):
    """A forwarding rule of a layer-7 listener: a domain, a URL prefix, or both.

    settings: the fields of cloud.settings.RuleSettings where it has its own, {} where it follows
    its listener; scheduler is among them.
    """

    rule_id = models.CharField(max_length=60, primary_key=True)
    listener = models.ForeignKey(Listener, on_delete=models.CASCADE, related_name="rules")
    name = models.CharField(max_length=80, blank=True)
    domain = models.CharField(max_length=253, blank=True)
    url = models.CharField(max_length=80, blank=True)
    vserver_group = models.ForeignKey(
        VServerGroup, null=True, on_delete=models.SET_NULL, related_name="rules"
    )
    scheduler = models.CharField(max_length=10, blank=True)
    settings = models.JSONField(default=dict)
    search_text = search_text("domain", "url", "name", "rule_id", glue="")

    class Meta:
        ordering = ["listener", "domain", "url"]

    def __str__(self) -> str:
        return f"{self.domain}{self.url}"


class DomainExtension(models.Model):
    """A further domain of an HTTPS listener, for which it shows another server certificate."""

    domain_extension_id = models.CharField(max_length=60, primary_key=True)
    listener = models.ForeignKey(Listener, on_delete=models.CASCADE, related_name="extensions")
    domain = models.CharField(max_length=253)
    server_certificate_id = models.CharField(max_length=120, blank=True, db_index=True)

    class Meta:
        ordering = ["listener", "domain"]

    def __str__(self) -> str:
        return self.domain


class ServerHealth(models.Model):
    """What one listener's health check says of one server and port.

    read_at: first read so. changed_at: when it became so, None where nobody saw it change. check_*:
    the last check where the cloud tells of it: its result in a word, the HTTP status of the answer
    (0 without one), the checker's own words.
    """

    class Status(models.TextChoices):
        NORMAL = "normal", _("Normal")
        ABNORMAL = "abnormal", _("Abnormal")
        UNAVAILABLE = "unavailable", _("Unavailable")

    listener = models.ForeignKey(Listener, on_delete=models.CASCADE, related_name="health")
    server_id = models.CharField(max_length=60)
    port = models.PositiveIntegerField()
    status = models.CharField(max_length=20, choices=Status)
    read_at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True)
    check_result = models.CharField(max_length=20, blank=True, default="")
    check_code = models.PositiveSmallIntegerField(default=0)
    check_message = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ["listener", "server_id", "port"]
        constraints = [
            models.UniqueConstraint(
                fields=["listener", "server_id", "port"], name="server_health_identity"
            )
        ]
        # What is wrong now, over all load balancers: a handful of very many rows.
        indexes = [
            models.Index(
                fields=["status"], name="server_health_wrong", condition=~models.Q(status="normal")
            )
        ]

    def __str__(self) -> str:
        return f"{self.server_id}:{self.port} {self.status}"

    @classmethod
    def worse(cls, one: str, other: str) -> str:
        """The worse of two statuses: abnormal, then unavailable, then normal."""
        order = [cls.Status.ABNORMAL, cls.Status.UNAVAILABLE, cls.Status.NORMAL]
        return min(one, other, key=lambda status: order.index(cls.Status(status)))
