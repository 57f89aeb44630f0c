"""People and their role."""

from django.contrib.auth.models import AbstractUser
from django.db import models

from .actor import Actor
from .permissions import Role


class User(AbstractUser):
    """A person who signs in. Without a role nothing of the console is shown to them."""

    role = models.CharField(max_length=20, choices=Role, blank=True, default="")
    # "" goes by the browser. A language of LANGUAGES, and a name as Asia/Shanghai.
    language = models.CharField(max_length=20, blank=True, default="")
    time_zone = models.CharField(max_length=64, blank=True, default="")

    def as_actor(self, *, request_id: str = "") -> Actor:
        """This person as the actor of one request."""
        return Actor(
            name=self.get_username(), role=self.role, user_id=self.pk, request_id=request_id
        )


class Preference(models.Model):
    """How one person likes a page. name: of the choice; value: JSON, as the page keeps it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="preferences")
    name = models.CharField(max_length=60)
    value = models.JSONField()

    class Meta:
        ordering = ["user", "name"]
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="preference_identity")]

    def __str__(self) -> str:
        return f"{self.name} of {self.user}"
