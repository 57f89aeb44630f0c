"""What a region of an account has beside its load balancers: certificates and access lists."""

from django.db import models

from .accounts import CloudAccount
from .balancers import Region


class Regional(models.Model):
    """An object of one region of one account. tags: {key: value}."""

    account = models.ForeignKey(CloudAccount, on_delete=models.CASCADE, related_name="+")
    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(null=True)
    tags = models.JSONField(default=dict)

    class Meta:
        abstract = True


class Certificate(Regional):
    """What is known of a certificate; the cloud tells no more of it, and of its key nothing.

    fingerprint: SHA-1 in hex with colons. expires_at: end of its validity.
    """

    certificate_id = models.CharField(max_length=120, primary_key=True)
    common_name = models.CharField(max_length=256, blank=True)
    fingerprint = models.CharField(max_length=120, blank=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name or self.certificate_id


class ServerCertificate(Certificate):
    """A certificate that HTTPS listeners show, its key with the cloud.

    alternative_names: the DNS names that it is valid for beside its common name.
    """

    alternative_names = models.JSONField(default=list)

    class Meta:
        ordering = ["name", "certificate_id"]
        indexes = [models.Index(fields=["account", "region", "name"])]

    @property
    def names(self) -> list[str]:
        """Every DNS name that it is valid for, each once."""
        return list(dict.fromkeys(filter(None, [self.common_name, *self.alternative_names])))


class CACertificate(Certificate):
    """A certificate that HTTPS listeners check those of their clients against."""

    class Meta:
        ordering = ["name", "certificate_id"]
        indexes = [models.Index(fields=["account", "region", "name"])]


class AccessControlList(Regional):
    """Networks that listeners admit (whitelist) or refuse (blacklist).

    read_at: start of the last read of it with its entries, None before the first.
    """

    class IPVersion(models.TextChoices):
        IPV4 = "ipv4", "IPv4"
        IPV6 = "ipv6", "IPv6"

    acl_id = models.CharField(max_length=60, primary_key=True)
    ip_version = models.CharField(max_length=5, choices=IPVersion)
    read_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name", "acl_id"]
        indexes = [models.Index(fields=["account", "region", "name"])]

    def __str__(self) -> str:
        return self.name or self.acl_id


class AccessControlEntry(models.Model):
    """A network of a list, as it was written: "10.0.0.0/8"."""

    acl = models.ForeignKey(AccessControlList, on_delete=models.CASCADE, related_name="entries")
    network = models.CharField(max_length=64)
    comment = models.CharField(max_length=256, blank=True)

    class Meta:
        ordering = ["acl", "network"]
        constraints = [
            models.UniqueConstraint(fields=["acl", "network"], name="access_entry_identity")
        ]

    def __str__(self) -> str:
        return self.network
