"""Who may do what: the one table of roles and actions, and the question asked of it."""

from enum import StrEnum

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from .actor import Actor


class Role(models.TextChoices):
    ADMINISTRATOR = "administrator", gettext_lazy("Administrator")
    OPERATOR = "operator", gettext_lazy("Operator")
    VIEWER = "viewer", gettext_lazy("Viewer")


class Action(StrEnum):
    """What a person may be allowed to do, in the words of the trade."""

    VIEW = gettext_noop("view load balancers")
    REFRESH = gettext_noop("refresh from the cloud")
    SYNC = gettext_noop("start and cancel syncs")
    ACCEPT_DRIFT = gettext_noop("accept and revert drift")
    CHANGE_INSTANCES = gettext_noop("create, change and release load balancers")
    CHANGE_GROUPS = gettext_noop("create, edit and delete VServer groups")
    CHANGE_LISTENERS = gettext_noop("create, edit, start, stop and delete listeners")
    CHANGE_RULES = gettext_noop("create, edit and delete forwarding rules")
    CHANGE_POOL = gettext_noop("change the backend servers of a load balancer")
    CHANGE_PAIRS = gettext_noop("create and delete primary/secondary groups")
    CHANGE_CERTIFICATES = gettext_noop("upload, rename and delete certificates")
    CHANGE_ACCESS_LISTS = gettext_noop("create, edit and delete access control lists")
    SEND_REQUESTS = gettext_noop("send sample requests through a listener")
    VIEW_AUDIT = gettext_noop("read the audit trail")
    MANAGE_ACCOUNTS = gettext_noop("add, change and delete accounts of the cloud")
    MANAGE_PEOPLE = gettext_noop("add people and give roles")


_READ = {Action.VIEW, Action.REFRESH}
_OPERATE = _READ | {
    Action.SYNC,
    Action.ACCEPT_DRIFT,
    Action.CHANGE_INSTANCES,
    Action.CHANGE_GROUPS,
    Action.CHANGE_LISTENERS,
    Action.CHANGE_RULES,
    Action.CHANGE_POOL,
    Action.SEND_REQUESTS,
    Action.CHANGE_PAIRS,
    Action.CHANGE_CERTIFICATES,
    Action.CHANGE_ACCESS_LISTS,
    Action.VIEW_AUDIT,
}

PERMITTED: dict[str, frozenset[Action]] = {
    Role.VIEWER: frozenset(_READ),
    Role.OPERATOR: frozenset(_OPERATE),
    Role.ADMINISTRATOR: frozenset(Action),
}


class NotAllowed(Exception):
    """The actor's role does not permit the action; `sees` tells a reader from a stranger."""

    def __init__(self, actor: Actor, action: Action) -> None:
        self.actor = actor
        self.action = action
        self.sees = may(actor, Action.VIEW)
        super().__init__(actor, action)

    def __str__(self) -> str:
        """In the language of the moment: a record of it is written in English."""
        return _("Your role does not allow you to %(action)s. Ask an administrator.") % {
            "action": _(self.action)
        }


def may(actor: Actor, action: Action) -> bool:
    """Whether the actor's role permits the action; somebody without a role may nothing."""
    return action in PERMITTED.get(actor.role, frozenset())


def check(actor: Actor, action: Action) -> None:
    """Raise NotAllowed unless the actor may."""
    if not may(actor, action):
        raise NotAllowed(actor, action)
