"""Every write to people and their roles."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from console.audit.models import AuditEntry
from console.audit.record import record

from .actor import Actor
from .models import User
from .permissions import Action, Role, check


class LastAdministrator(Exception):
    """The change would leave the console without anybody who can manage people."""

    def __init__(self) -> None:
        super().__init__(
            gettext_noop(
                "This is the last active administrator. Make somebody else an administrator first."
            )
        )

    def __str__(self) -> str:
        return _(self.args[0])


class NameTaken(Exception):
    """Somebody has this user name; upper and lower case are the same."""

    def __str__(self) -> str:
        return _("Somebody already has this name.")


def add_person(*, actor: Actor, username: str, role: str, password: str) -> User:
    """Make an account that can sign in with `password`; role "" sees nothing yet.

    Raises NotAllowed, NameTaken.
    """
    check(actor, Action.MANAGE_PEOPLE)
    if User.objects.filter(username__iexact=username).exists():
        raise NameTaken
    try:
        with transaction.atomic():
            person = User.objects.create_user(username=username, password=password, role=role)
            _record(actor, gettext_noop("add person"), person, after=_picture(person))
    except IntegrityError as error:
        # Two have asked in the same moment.
        raise NameTaken from error
    return person


def change_person(
    *, actor: Actor, person: User, role: str, is_active: bool, password: str = ""
) -> bool:
    """Give a role, let somebody in or keep them out, set a new password; False: nothing differs.

    password: "" leaves it. Raises NotAllowed, LastAdministrator.
    """
    check(actor, Action.MANAGE_PEOPLE)
    try:
        return _change(actor, person.pk, role, is_active, password)
    except LastAdministrator as refusal:
        _record(
            actor, gettext_noop("change person"), person, AuditEntry.Outcome.REFUSED, reason=refusal
        )
        raise


@transaction.atomic
def _change(actor: Actor, person_id: int, role: str, is_active: bool, password: str) -> bool:
    # One lock for all administrators, so that two of them cannot remove each other at once.
    administrators = set(
        User.objects.select_for_update()
        .filter(role=Role.ADMINISTRATOR, is_active=True)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    person = User.objects.select_for_update().get(pk=person_id)
    stays = role == Role.ADMINISTRATOR and is_active
    if administrators == {person.pk} and not stays:
        raise LastAdministrator
    if (person.role, person.is_active) == (role, is_active) and not password:
        return False
    before = _picture(person)
    person.role, person.is_active = role, is_active
    if password:
        person.set_password(password)
    person.save(update_fields=["role", "is_active", "password"])
    reason = gettext_noop("A new password was set.") if password else ""
    _record(
        actor,
        gettext_noop("change person"),
        person,
        before=before,
        after=_picture(person),
        reason=reason,
    )
    return True


def _picture(person: User) -> dict[str, Any]:
    return {"username": person.username, "role": person.role, "active": person.is_active}


def _record(
    actor: Actor,
    verb: str,
    person: User,
    outcome: AuditEntry.Outcome = AuditEntry.Outcome.DONE,
    **details: Any,
) -> None:
    record(
        actor=actor,
        verb=verb,
        outcome=outcome,
        resource_type=gettext_noop("person"),
        resource_id=str(person.pk),
        resource_name=person.username[:120],
        **details,
    )
