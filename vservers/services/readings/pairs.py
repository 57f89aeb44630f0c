"""Primary/secondary groups with their two servers."""

from vservers.cloud import Cloud
from vservers.models import MasterSlaveGroup, MasterSlaveMember
from vservers.services.changes import pair_values
from vservers.services.differences import EXISTS, Difference, Kind, Written
from vservers.services.observing import held_pair

from .reader import Locked, Reader, Writer, stamped
from .rows import differing, held, upsert

_VALUES = ["load_balancer_id", "name", "created_at", "tags"]
_MEMBER_KEY = ["group_id", "role"]
_MEMBER_VALUES = ["server_id", "server_ip", "port", "weight", "type", "description"]


def pairs(load_balancer_id: str) -> Reader[Locked]:
    """The list of primary/secondary groups, and the servers of those that are new.

    A known one has the servers that it had: the API has no call that changes them.
    """

    def read(cloud: Cloud) -> Writer[Locked]:
        listed = cloud.slb.describe_master_slave_groups(load_balancer_id)
        # Most load balancers have none.
        whole = _whole_groups(load_balancer_id) if listed else ()
        details = [
            cloud.slb.describe_master_slave_group(one.group_id)
            for one in listed
            if one.group_id not in whole
        ]

        def write(locked: Locked) -> Written:
            before = {
                pk: tuple(values)
                for pk, *values in held(
                    MasterSlaveGroup,
                    ["group_id", *_VALUES],
                    "load_balancer_id = %s",
                    load_balancer_id,
                )
            }
            after = {
                one.group_id: (load_balancer_id, one.name, one.created_at, one.tags)
                for one in listed
            }
            gone = before.keys() - after.keys()
            differences = []
            if gone:
                rows = MasterSlaveGroup.objects.filter(pk__in=gone)
                leaving = rows.prefetch_related("members")
                differences = [
                    Difference(Kind.PAIR, row.pk, row.name, EXISTS, held_pair(row), None)
                    for row in leaving
                ]
                leaving.delete()
            upsert(
                MasterSlaveGroup,
                ["group_id", *_VALUES],
                [(pk, *after[pk]) for pk in differing(before, after)],
                key=["group_id"],
            )
            upsert(
                MasterSlaveMember,
                [*_MEMBER_KEY, *_MEMBER_VALUES],
                [
                    (
                        detail.group.group_id,
                        role,
                        server.server_id,
                        server.server_ip,
                        server.port or 0,
                        server.weight,
                        server.type,
                        server.description,
                    )
                    for detail in details
                    for role, server in detail.servers
                ],
                key=_MEMBER_KEY,
            )
            differences += [
                Difference(
                    Kind.PAIR,
                    detail.group.group_id,
                    detail.group.name,
                    EXISTS,
                    None,
                    pair_values(detail.group.name, detail.servers),
                )
                for detail in details
                if detail.group.group_id not in before
            ]
            # What an earlier version of the console did not read is seen for the first time.
            if locked.balancer.pairs_at is None:
                differences = []
            return Written(tuple(differences), len(listed))

        return write

    return stamped(read, "pairs_at")


def _whole_groups(load_balancer_id: str) -> set[str]:
    """Those of which the mirror has the servers."""
    rows = MasterSlaveGroup.objects.filter(load_balancer_id=load_balancer_id)
    return set(rows.filter(members__isnull=False).values_list("pk", flat=True))
