"""The groups that a bulk act is about: those ticked, or all that the filters let through."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from vservers.models import LoadBalancer, Region, VServerGroup
from vservers.pages.lookup import balancer_or_404
from vservers.selectors.group_lists import GroupFilters, groups_of
from vservers.services.batches import MAX_ITEMS


@dataclass(frozen=True)
class Selection:
    """What a list's form sends: `all` with the filters of the list, or `group` for each tick.

    balancer: None where the list is of the whole region.
    """

    region: Region
    balancer: LoadBalancer | None
    everything: bool
    filters: GroupFilters
    ticked: tuple[str, ...]

    @classmethod
    def read(cls, region: Region, data: QueryDict, *, everything: bool = False) -> Self:
        """everything: without ticks, too. Raises Http404 where the region has no such instance."""
        instance = data.get("instance", "")
        return cls(
            region,
            balancer_or_404(region.pk, instance) if instance else None,
            everything or data.get("all") == "1",
            GroupFilters.read(data.dict()),
            tuple(dict.fromkeys(data.getlist("group"))),
        )

    @cached_property
    def groups(self) -> QuerySet[VServerGroup]:
        """In no order. Only groups of the place, whatever was ticked."""
        place = self.balancer or self.region
        if self.everything:
            return groups_of(place, self.filters)
        return groups_of(place).filter(pk__in=self.ticked)

    @cached_property
    def count(self) -> int:
        return self.groups.count()

    @property
    def error(self) -> str:
        """Why nothing can be done with it, in words; "" where it can."""
        if not self.count:
            return _("Tick at least one group.")
        if self.count > MAX_ITEMS:
            return ngettext(
                "These are %(count)d groups; take %(most)d at most at once, by a filter.",
                "These are %(count)d groups; take %(most)d at most at once, by a filter.",
                self.count,
            ) % {"count": self.count, "most": MAX_ITEMS}
        return ""

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The same as hidden inputs of the next form."""
        place = [("instance", self.balancer.pk)] if self.balancer else []
        if self.everything:
            return [*place, ("all", "1"), *replace(self.filters, sort="name").pairs]
        return [*place, *(("group", pk) for pk in self.ticked)]
