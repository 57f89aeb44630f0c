"""Regions and load balancers as last read from the cloud."""

from django.db import models


class Region(models.Model):
    """A region of the account. synced_at: when a full sync of it last ended well."""

    region_id = models.CharField(max_length=40, primary_key=True)
    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=0)
    synced_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["position", "region_id"]

    def __str__(self) -> str:
        return self.region_id


class LoadBalancer(models.Model):
    """A load balancer; the vendor's pages call it an instance.

    synced_at: start of the last read of all of it. touched_at: end of the last read of any part; a
    picture whose reading began before it is out of date.
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
    synced_at = models.DateTimeField(null=True)
    touched_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name", "load_balancer_id"]
        indexes = [models.Index(fields=["region", "name", "load_balancer_id"])]

    def __str__(self) -> str:
        return self.name or self.load_balancer_id
