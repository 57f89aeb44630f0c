"""Regions and load balancers as last read from the cloud."""

from datetime import datetime

from django.db import models

from .accounts import CloudAccount
from .present import Vanishing


class Region(models.Model):
    """A region that at least one account has."""

    region_id = models.CharField(max_length=40, primary_key=True)
    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "region_id"]

    def __str__(self) -> str:
        return self.region_id

    @property
    def listed_at(self) -> datetime | None:
        """When its list of load balancers was read, of the account read longest ago."""
        rows = self.account_regions.filter(account__enabled=True)
        moments = list(rows.values_list("listed_at", flat=True))
        known = [moment for moment in moments if moment]
        return min(known) if known and len(known) == len(moments) else None


class LoadBalancer(Vanishing):
    """A load balancer; the vendor's pages call it an instance.

    Starts of the last reads: synced_at of all of it, listed_at of its list of groups, listeners_at
    of its listeners and rules, pool_at of its attributes and default pool. touched_at: end of the
    last read of any part; a picture whose reading began before it is out of date. tags: {key:
    value}. owner: the program that manages it, "" for none known.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", "Running"
        INACTIVE = "inactive", "Stopped"
        LOCKED = "locked", "Locked"

    class AddressType(models.TextChoices):
        INTERNET = "internet", "Internet"
        INTRANET = "intranet", "Intranet"

    class NetworkType(models.TextChoices):
        CLASSIC = "classic", "Classic network"
        VPC = "vpc", "VPC"

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
    tags = models.JSONField(default=dict)
    owner = models.CharField(max_length=60, blank=True)
    synced_at = models.DateTimeField(null=True)
    listed_at = models.DateTimeField(null=True)
    listeners_at = models.DateTimeField(null=True)
    pool_at = models.DateTimeField(null=True)
    touched_at = models.DateTimeField(null=True)

    class Meta(Vanishing.Meta):
        ordering = ["name", "load_balancer_id"]
        indexes = [models.Index(fields=["region", "name", "load_balancer_id"])]

    def __str__(self) -> str:
        return self.name or self.load_balancer_id

    @property
    def read_at(self) -> datetime | None:
        """How old the oldest part of it is, None before it was read whole."""
        parts = [self.listed_at, self.listeners_at, self.pool_at]
        return min(filter(None, parts)) if self.synced_at and all(parts) else None
