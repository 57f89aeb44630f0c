"""What will be sent: a plan as the person sees it before confirming."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from vservers.cloud.calls import Call
from vservers.services.code import command_line, python_sdk
from vservers.services.desired import desired
from vservers.services.operations import AnyPlan
from vservers.services.planning import PlannedCall
from vservers.services.terraform import terraform

from .wording import Row, Wording


@dataclass(frozen=True, slots=True)
class Step:
    """One call and what it does."""

    action: str
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Program:
    """The plan as a text to copy. key: part of the ID of its tab."""

    key: str
    label: str
    hint: str
    text: str


@dataclass(frozen=True, slots=True)
class Preview:
    """The calls in their order, and the same as programs; no steps: nothing would be sent.

    more: of how many further objects the calls are not shown.
    """

    steps: list[Step]
    programs: list[Program]
    more: int = 0


def preview_of(plan: AnyPlan) -> Preview:
    """Raises CannotPlan."""
    return previews_together([plan])


def previews_together(plans: Iterable[AnyPlan]) -> Preview:
    """The calls of several plans of one region after each other. Raises CannotPlan."""
    planned = [(plan, plan.calls) for plan in plans]
    some = [(plan, calls) for plan, calls in planned if calls]
    if not some:
        return Preview([], [])
    calls = [call for _plan, its_calls in some for call in its_calls]
    return Preview(_steps(calls), list(_programs([plan for plan, _calls in some], calls)))


def _steps(calls: list[PlannedCall]) -> list[Step]:
    wording = Wording(change for planned in calls for change in planned.changes)
    return [
        Step(
            planned.call.action,
            [row for change in planned.changes for row in wording.rows(change)],
        )
        for planned in calls
    ]


def _programs(plans: list[AnyPlan], planned: list[PlannedCall]) -> Iterable[Program]:
    yield from programs_of([one.call for one in planned], plans[0].place.region_id)
    resources = [terraform(desired(plan.place, plan.changes)) for plan in plans]
    yield Program(
        "terraform",
        _("Terraform"),
        _(
            "The state after the change, for the provider aliyun/alicloud. What exists is "
            "taken over by import blocks (Terraform 1.7). Read what terraform plan says "
            "before you apply it."
        ),
        "\n".join(resources),
    )


def programs_of(calls: list[Call], region: str) -> Iterable[Program]:
    """Calls as a script and as a program."""
    yield Program(
        "cli",
        _("Command line"),
        _("For bash and the vendor's command line tool, aliyun."),
        command_line(calls, region),
    )
    yield Program(
        "python",
        _("Python"),
        _("A whole program. The access key comes from the environment."),
        python_sdk(calls, region),
    )
