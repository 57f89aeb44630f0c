"""Reading parts of the cloud, and writing what was read to the mirror.

A reader asks the cloud, outside of any transaction, and returns a writer; the writer makes the
mirror say the same, inside one, and tells what was other. Nothing else writes mirror rows.
"""

from .balancers import attributes_and_pool, balancer_columns, balancer_differences
from .groups import all_groups, groups_vanish, listed_groups, one_group, some_groups
from .health import health
from .listeners import listeners
from .pairs import pairs
from .reader import Locked, Reader, Writer, stamped, together
from .regional import access_lists, certificates, listed_access_lists, one_access_list
from .released import balancer_vanishes, itself_or_gone, new_balancers
from .whole import whole_balancer

__all__ = [
    "Locked",
    "Reader",
    "Writer",
    "access_lists",
    "all_groups",
    "attributes_and_pool",
    "balancer_columns",
    "balancer_differences",
    "balancer_vanishes",
    "certificates",
    "groups_vanish",
    "health",
    "itself_or_gone",
    "listed_access_lists",
    "listed_groups",
    "listeners",
    "new_balancers",
    "one_access_list",
    "one_group",
    "pairs",
    "some_groups",
    "stamped",
    "together",
    "whole_balancer",
]
