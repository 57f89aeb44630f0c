"""The values of an indexed column, without reading the table for them."""

import pytest

from console.audit.models import AuditEntry
from console.shell.distinct import distinct


@pytest.mark.parametrize("names", [[], ["li"], ["wang", "li", "wang", "", "li", "Zhao"]])
def test_each_value_is_found_once_and_in_order(db, names):
    AuditEntry.objects.bulk_create(
        AuditEntry(actor_name=name, verb="create group", outcome="done", resource_type="group")
        for name in names
    )
    wanted = AuditEntry.objects.order_by("actor_name").values_list("actor_name", flat=True)
    assert distinct(AuditEntry, "actor_name") == list(wanted.distinct())
