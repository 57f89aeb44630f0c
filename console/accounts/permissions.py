"""Who may do what: the one table of roles and actions, and the question asked of it."""

from enum import StrEnum

from django.db import models

from .actor import Actor


class Role(models.TextChoices):
    ADMINISTRATOR = "administrator", "Administrator"
    OPERATOR = "operator", "Operator"
    VIEWER = "viewer", "Viewer"


class Action(StrEnum):
    """What a person may be allowed to do, in the words of the trade."""

    VIEW = "view load balancers"
    REFRESH = "refresh from the cloud"
    SYNC = "start and cancel syncs"
    ACCEPT_DRIFT = "accept and revert drift"
    CHANGE_INSTANCES = "create, change and release load balancers"
    CHANGE_GROUPS = "create, edit and delete VServer groups"
    CHANGE_LISTENERS = "create, edit, start, stop and delete listeners"
    CHANGE_RULES = "create, edit and delete forwarding rules"
    CHANGE_POOL = "change the backend servers of a load balancer"
    SEND_REQUESTS = "send sample requests through a listener"
    VIEW_AUDIT = "read the audit trail"
    MANAGE_ACCOUNTS = "add, change and delete accounts of the cloud"
    MANAGE_PEOPLE = "add people and give roles"


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
        super().__init__(f"Your role does not allow you to {action}. Ask an administrator.")


def may(actor: Actor, action: Action) -> bool:
    """Whether the actor's role permits the action; somebody without a role may nothing."""
    return action in PERMITTED.get(actor.role, frozenset())


def check(actor: Actor, action: Action) -> None:
    """Raise NotAllowed unless the actor may."""
    if not may(actor, action):
        raise NotAllowed(actor, action)
