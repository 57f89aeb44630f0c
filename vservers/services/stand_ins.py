"""What stands in the record of a call for what is not known, or not kept, before it is sent."""

from collections.abc import Callable

from django.utils.translation import gettext_noop

from vservers.cloud import CloudUnreachable
from vservers.cloud.calls import Call
from vservers.models import OperationCall

from .call_secrets import unsealed
from .changes import NEW, SECRET, new_rule_name


def filled(call: OperationCall, made_id: str, *, find_rule_id: Callable[[], str]) -> Call:
    """The call as it is sent.

    made_id: of what the operation has made. find_rule_id: of the rule that the call is about and
    that the operation has made, "" where it is not found. Raises CloudUnreachable.
    """
    secrets = unsealed(call)

    def value_of(name: str, value: str | int) -> str | int:
        if value == NEW:
            return made_id
        if value == SECRET:
            return secrets[name]
        if new_rule_name(value):
            return find_rule_id() or _not_shown(call)
        return value

    return Call(call.action, {name: value_of(name, value) for name, value in call.params.items()})


def _not_shown(call: OperationCall) -> str:
    raise CloudUnreachable(
        action=call.action,
        code="RuleNotShown",
        message=gettext_noop("The cloud does not show the rule that was just made."),
    )
