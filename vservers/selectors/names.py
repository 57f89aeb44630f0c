"""The names of what is known by its ID, for pages that list many of them."""

from collections.abc import Collection

from vservers.models import Server, VServerGroup


def server_names(server_ids: Collection[str]) -> dict[str, str]:
    """{server_id: name} of those that the mirror holds and that have a name."""
    rows = Server.objects.filter(pk__in=server_ids).exclude(name="")
    return dict(rows.values_list("pk", "name"))


def group_names(group_ids: Collection[str]) -> dict[str, str]:
    """{vserver_group_id: name} of those that the mirror holds and that have a name."""
    rows = VServerGroup.objects.filter(pk__in=group_ids).exclude(name="")
    return dict(rows.values_list("pk", "name"))
