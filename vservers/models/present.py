"""Objects that the cloud no longer has: marked first, removed after a grace period."""

from django.db import models


class Present[M: models.Model](models.Manager[M]):
    """What the cloud still has. Joins in a query do not pass here: they see the others too."""

    def get_queryset(self) -> models.QuerySet[M]:
        return super().get_queryset().filter(vanished_at=None)


class Vanishing(models.Model):
    """A mirrored object. vanished_at: when the cloud was first found without it, None before.

    `objects` and every related manager hold what is there; `everything` holds the vanished too.
    """

    vanished_at = models.DateTimeField(null=True, db_index=True)

    objects = Present()
    everything = models.Manager()  # noqa: DJ012 - a manager

    class Meta:
        abstract = True
        default_manager_name = "objects"
