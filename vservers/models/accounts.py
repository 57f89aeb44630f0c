"""Accounts of the cloud: where they are, their key, and how often they may be called."""

from django.db import models


class CloudAccount(models.Model):
    """An account of the cloud and the key that opens it.

    endpoint: a URL for every product, or one with {product} and {region} in it. sealed_secret: the
    access key secret, encrypted. paces: calls per second per family of actions that differ from the
    settings, 0 for no limit. from_environment: the account that the settings name. regions_at: when
    its list of regions was last read. regions_tried_at: when that failed since; regions_error: why,
    {"code", "message"}.
    """

    name = models.CharField(max_length=60, unique=True)
    endpoint = models.CharField(max_length=300)
    access_key_id = models.CharField(max_length=128)
    sealed_secret = models.TextField()
    enabled = models.BooleanField(default=True)
    paces = models.JSONField(default=dict)
    from_environment = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    regions_at = models.DateTimeField(null=True)
    regions_tried_at = models.DateTimeField(null=True)
    regions_error = models.JSONField(null=True)

    class Meta:
        ordering = ["-from_environment", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["from_environment"],
                condition=models.Q(from_environment=True),
                name="one_account_of_the_environment",
            )
        ]

    def __str__(self) -> str:
        return self.name


class AccountRegion(models.Model):
    """A region as one account has it.

    synced_at: start of the last full sync of it that ended well. listed_at: start of the last read
    of its load balancers with their listeners; servers_at: of its servers; certificates_at,
    access_lists_at: of the lists of those. touched_at: end of the last read of either of the two.
    """

    account = models.ForeignKey(
        CloudAccount, on_delete=models.CASCADE, related_name="account_regions"
    )
    region = models.ForeignKey(
        "vservers.Region", on_delete=models.CASCADE, related_name="account_regions"
    )
    synced_at = models.DateTimeField(null=True)
    listed_at = models.DateTimeField(null=True)
    servers_at = models.DateTimeField(null=True)
    certificates_at = models.DateTimeField(null=True)
    access_lists_at = models.DateTimeField(null=True)
    touched_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["account", "region"]
        constraints = [
            models.UniqueConstraint(fields=["account", "region"], name="account_region_identity")
        ]

    def __str__(self) -> str:
        return f"{self.account} in {self.region_id}"


class PaceSlot(models.Model):
    """When the next call of an account and family of actions may leave, over all processes."""

    account = models.ForeignKey(CloudAccount, on_delete=models.CASCADE, related_name="+")
    family = models.CharField(max_length=60)
    next_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "family"], name="pace_slot_identity")
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.family}"
