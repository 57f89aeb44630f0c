"""What each person likes to see: kept with the person, so that every browser shows it."""

from typing import Any

from .actor import Actor
from .models import Preference


def preference(actor: Actor, name: str, default: Any) -> Any:
    """What the person has chosen, `default` where they have not."""
    found = Preference.objects.filter(user=actor.user_id, name=name).values_list("value", flat=True)
    return next(iter(found), default)


def prefer(actor: Actor, name: str, value: Any) -> None:
    """Keep a choice; None goes back to the default. Nothing for somebody who has not signed in."""
    if actor.user_id is None:
        return
    rows = Preference.objects.filter(user=actor.user_id, name=name)
    if value is None:
        rows.delete()
    else:
        Preference.objects.update_or_create(
            user_id=actor.user_id, name=name, defaults={"value": value}
        )
