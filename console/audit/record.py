"""Writing the audit trail."""

from typing import Any

from console.accounts.actor import Actor
from console.shell.said import in_source

from .models import AuditEntry


def record(
    *,
    actor: Actor,
    verb: str,
    outcome: AuditEntry.Outcome,
    resource_type: str,
    resource_id: str = "",
    resource_name: str = "",
    region_id: str = "",
    load_balancer_id: str = "",
    before: Any = None,
    after: Any = None,
    reason: str | Exception = "",
    calls: list[dict[str, Any]] | None = None,
    operation_id: int | None = None,
) -> AuditEntry:
    """Add one entry; call it inside the transaction of what it describes.

    before, after: JSON-ready pictures of the resource, None where there is none.
    reason: why it went as it did; what refused it says so in English, whoever asked.
    calls: one dict per cloud call: action, request_id, outcome, code, message.
    """
    return AuditEntry.objects.create(
        actor_name=actor.name,
        actor_id=actor.user_id,
        web_request_id=actor.request_id,
        verb=verb,
        outcome=outcome,
        resource_type=resource_type,
        resource_id=resource_id,
        resource_name=resource_name,
        region_id=region_id,
        load_balancer_id=load_balancer_id,
        before=before,
        after=after,
        reason=in_source(reason),
        calls=calls or [],
        operation_id=operation_id,
    )
