"""Where a listener sends requests that nobody takes: each server there is drained or abnormal.

What comes to such a group, or to such a default pool, is answered by 503, however well the other
servers of the listener are. Lists and the health page ask for it by the same words of SQL.
"""

from collections.abc import Sequence

from django.contrib.postgres.fields import ArrayField
from django.db.models import TextField
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from vservers.models import Listener, Member, PoolServer, Rule, ServerHealth, VServerGroup

_RULE = Rule._meta.db_table
_GROUP, _MEMBER = VServerGroup._meta.db_table, Member._meta.db_table
_POOL, _HEALTH = PoolServer._meta.db_table, ServerHealth._meta.db_table
_MOST_NAMES = 3


def _abnormal(listener: str, server: str, port: str) -> str:
    return (
        f"EXISTS (SELECT FROM {_HEALTH} seen WHERE seen.listener_id = {listener}.id"
        f" AND seen.server_id = {server}.server_id AND seen.port = {port}"
        f" AND seen.status = '{ServerHealth.Status.ABNORMAL.value}')"
    )


def silent_places(listener: str, *, some_abnormal: str) -> str:
    """SQL for the names of a listener's silent places, "" for the pool; NULL without any.

    listener: what the statement around it calls the listener. some_abnormal: SQL for whether any of
    its servers is abnormal. Most groups hold no server with weight 0 and are left out by an index.
    """
    own_pool = (
        f"{listener}.vserver_group_id IS NULL AND {listener}.master_slave_server_group_id = ''"
        f" AND {listener}.forward_port IS NULL"
    )
    return f"""(
        SELECT array_agg(name ORDER BY name) FROM (
            SELECT coalesce(nullif(found.name, ''), found.vserver_group_id) AS name
            FROM (
                SELECT {listener}.vserver_group_id AS id
                UNION SELECT vserver_group_id FROM {_RULE} WHERE listener_id = {listener}.id
            ) place
            JOIN {_GROUP} found ON found.vserver_group_id = place.id
            WHERE {listener}.forward_port IS NULL AND (
                place.id IN (SELECT group_id FROM {_MEMBER} WHERE weight = 0)
                OR {some_abnormal}
                    AND EXISTS (SELECT FROM {_MEMBER} held WHERE held.group_id = place.id)
            ) AND NOT EXISTS (
                SELECT FROM {_MEMBER} held WHERE held.group_id = place.id AND held.weight > 0
                AND NOT {_abnormal(listener, "held", "held.port")}
            )
            UNION ALL SELECT '' FROM {_POOL} pool
            WHERE pool.load_balancer_id = {listener}.load_balancer_id AND {own_pool}
            HAVING count(*) > 0 AND NOT bool_or(
                pool.weight > 0
                AND NOT {_abnormal(listener, "pool", f"{listener}.backend_server_port")}
            )
        ) silent
    )"""  # noqa: S608 - names of our own tables


def silent() -> RawSQL:
    """The same for listeners that are asked for as rows: names in a list, None without any."""
    listener = Listener._meta.db_table
    some_abnormal = (
        f"EXISTS (SELECT FROM {_HEALTH} seen WHERE seen.listener_id = {listener}.id"
        f" AND seen.status = '{ServerHealth.Status.ABNORMAL.value}')"
    )
    return RawSQL(  # noqa: S611 - names of our own tables
        silent_places(listener, some_abnormal=some_abnormal),
        [],
        output_field=ArrayField(TextField()),
    )


def silent_words(names: Sequence[str]) -> str:
    """Who takes no request, in words."""
    some = ", ".join(name or _("Backend Servers") for name in names[:_MOST_NAMES])
    if len(names) > _MOST_NAMES:
        some = _("%(names)s and %(number)s more") % {
            "names": some,
            "number": len(names) - _MOST_NAMES,
        }
    return _("No server of %(names)s takes requests") % {"names": some}
