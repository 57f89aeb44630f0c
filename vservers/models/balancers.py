"""Regions and load balancers as last read from the cloud."""

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from .accounts import CloudAccount
from .present import Vanishing
from .searching import search_text


class Region(models.Model):
    """A region that at least one account has."""

    region_id = models.CharField(max_length=40, primary_key=True)
    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "region_id"]

    def __str__(self) -> str:
        return self.region_id


class LoadBalancer(Vanishing):
    """A load balancer; the vendor's pages call it an instance.

    Starts of the last reads: synced_at of all of it, listed_at of its list of groups, listeners_at
    of its listeners and rules, pool_at of its attributes and default pool, pairs_at of its
    primary/secondary groups, health_at of what its health checks say. touched_at: end of the last
    read of any part; a picture whose reading began before it is out of date. tags: {key:
    value}. owner: the program that manages it, "" for none known. bandwidth: Mbit/s, -1 for no
    limit. delete_protection, modification_protection and the like: as the API says them, "" before
    they were read.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", _("Running")
        INACTIVE = "inactive", _("Stopped")
        LOCKED = "locked", _("Locked")

    class AddressType(models.TextChoices):
        INTERNET = "internet", _("Internet")
        INTRANET = "intranet", _("Intranet")

    class NetworkType(models.TextChoices):
        CLASSIC = "classic", _("Classic network")
        VPC = "vpc", _("VPC")

    class InternetChargeType(models.TextChoices):
        BY_TRAFFIC = "paybytraffic", _("By traffic")
        BY_BANDWIDTH = "paybybandwidth", _("By bandwidth")

    class PayType(models.TextChoices):
        ON_DEMAND = "PayOnDemand", _("Pay-as-you-go")
        PREPAID = "PrePay", _("Subscription")

    # The value of modification_protection that keeps people from changing it in a console.
    CONSOLE_PROTECTION = "ConsoleProtection"

    load_balancer_id = models.CharField(max_length=60, primary_key=True)
    account = models.ForeignKey(
        CloudAccount, on_delete=models.CASCADE, related_name="load_balancers"
    )
    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="load_balancers")
    name = models.CharField(max_length=120, blank=True)
    status = models.CharField(max_length=20, choices=Status)
    address = models.CharField(max_length=64, blank=True)
    address_type = models.CharField(max_length=20, choices=AddressType)
    network_type = models.CharField(max_length=20, choices=NetworkType)
    vpc_id = models.CharField(max_length=60, blank=True)
    vswitch_id = models.CharField(max_length=60, blank=True)
    master_zone_id = models.CharField(max_length=60, blank=True)
    slave_zone_id = models.CharField(max_length=60, blank=True)
    spec = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField(null=True)
    data_plane_status = models.CharField(max_length=10, blank=True)
    data_plane_reason = models.CharField(max_length=300, blank=True)
    ip_version = models.CharField(max_length=10, blank=True, default="")
    pay_type = models.CharField(max_length=20, blank=True, default="", choices=PayType)
    charge_type = models.CharField(max_length=20, blank=True, default="")
    internet_charge_type = models.CharField(
        max_length=20, blank=True, default="", choices=InternetChargeType
    )
    bandwidth = models.IntegerField(null=True)
    delete_protection = models.CharField(max_length=5, blank=True, default="")
    modification_protection = models.CharField(max_length=20, blank=True, default="")
    modification_protection_reason = models.CharField(max_length=80, blank=True, default="")
    resource_group_id = models.CharField(max_length=60, blank=True, default="")
    tags = models.JSONField(default=dict)
    owner = models.CharField(max_length=60, blank=True)
    synced_at = models.DateTimeField(null=True)
    listed_at = models.DateTimeField(null=True)
    listeners_at = models.DateTimeField(null=True)
    pool_at = models.DateTimeField(null=True)
    health_at = models.DateTimeField(null=True)
    pairs_at = models.DateTimeField(null=True)
    touched_at = models.DateTimeField(null=True)
    search_text = search_text("name", "load_balancer_id", "address", "tags")

    class Meta(Vanishing.Meta):
        ordering = ["name", "load_balancer_id"]
        indexes = [models.Index(fields=["region", "name", "load_balancer_id"])]

    def __str__(self) -> str:
        return self.name or self.load_balancer_id

    @property
    def is_protected_from_deletion(self) -> bool:
        return self.delete_protection == "on"

    @property
    def is_protected_from_changes(self) -> bool:
        return self.modification_protection == self.CONSOLE_PROTECTION

    @property
    def read_at(self) -> datetime | None:
        """How old the oldest part of it is, None before it was read whole."""
        parts = [self.listed_at, self.listeners_at, self.pool_at]
        return min(filter(None, parts)) if self.synced_at and all(parts) else None
