"""One act on the ticked instances, or on all that match the filters of the list."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy
from django.views.decorators.http import require_http_methods

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import redirect
from console.shell.request import ConsoleRequest
from vservers.jobs import defer_batch
from vservers.models import LoadBalancer, Region
from vservers.pages.answers import PLAN, Attempt, answer_dialog
from vservers.pages.lookup import region_or_404
from vservers.pages.preview import Preview, previews_together
from vservers.pages.ticks import Ticks
from vservers.selectors import offers
from vservers.selectors.balancers import Filters, balancers_by_id, matching
from vservers.services import batch_verbs, batches
from vservers.services.balancers import plan_release, plan_start, plan_stop
from vservers.services.changes import INSTANCE, Change, Kind
from vservers.services.errors import CallFailed, Gone, NotPossible
from vservers.services.observing import balancer_values
from vservers.services.operations import Plan
from vservers.services.tags import MAX_TAGS, plan_balancer_tags, tag_changes

from .acts import CHANGED, release_consequences
from .filters import filters_of
from .forms import TypedForm
from .tag_draft import MORE, TagDraft

# So many are named, or planned, one by one.
MOST_NAMED = 10

type LeftOut = list[tuple[str, list[LoadBalancer], int]]


@dataclass(frozen=True, slots=True)
class BulkAct:
    """A button under the list. title: counts; verb: of the batch; status: that it leads to."""

    key: str
    label: Promise
    icon: str
    title: Any
    question: Promise
    why_not: Callable[[LoadBalancer], str]
    verb: str
    plan: Callable[..., Plan]
    status: str = ""
    primary: bool = True

    def url(self, region: Region) -> str:
        return reverse("balancers-bulk", args=[region.pk, self.key])


ACTS = {
    act.key: act
    for act in (
        BulkAct(
            "start",
            gettext_lazy("Start"),
            "player-play",
            ngettext_lazy("Start %(count)d instance?", "Start %(count)d instances?", "count"),
            gettext_lazy("Their running listeners take requests from then on."),
            offers.why_not_start,
            batch_verbs.START,
            plan_start,
            status=LoadBalancer.Status.ACTIVE.value,
        ),
        BulkAct(
            "stop",
            gettext_lazy("Stop"),
            "player-stop",
            ngettext_lazy("Stop %(count)d instance?", "Stop %(count)d instances?", "count"),
            gettext_lazy("Every request to them fails until they are started again."),
            offers.why_not_stop,
            batch_verbs.STOP,
            plan_stop,
            status=LoadBalancer.Status.INACTIVE.value,
            primary=False,
        ),
        BulkAct(
            "tags",
            gettext_lazy("Edit tags"),
            "tags",
            ngettext_lazy("Tags of %(count)d instance", "Tags of %(count)d instances", "count"),
            gettext_lazy(""),
            offers.why_not_touch,
            batch_verbs.TAG_INSTANCE,
            plan_balancer_tags,
        ),
        BulkAct(
            "release",
            gettext_lazy("Release"),
            "trash",
            ngettext_lazy("Release %(count)d instance?", "Release %(count)d instances?", "count"),
            gettext_lazy("Their addresses answer nobody any more, and are not given back."),
            offers.why_not_release,
            batch_verbs.RELEASE,
            plan_release,
            primary=False,
        ),
    )
}


@dataclass(slots=True)
class Selection:
    """What an act is about: those that it can be done to, and the others by reason."""

    targets: list[LoadBalancer] = field(default_factory=list)
    left_out: dict[str, list[LoadBalancer]] = field(default_factory=dict)

    def context(self) -> dict[str, Any]:
        shown = self.targets[:MOST_NAMED]
        left: LeftOut = [
            (why, some[:MOST_NAMED], max(0, len(some) - MOST_NAMED))
            for why, some in self.left_out.items()
        ]
        return {
            "targets": shown,
            "more": len(self.targets) - len(shown),
            "left_out": left,
        }


def _selected(ticks: Ticks, region: Region, act: BulkAct) -> Selection:
    """The ticked ones, or all that match the filters of the list."""
    if ticks.everything:
        found: Iterable[LoadBalancer] = matching(region=region, filters=filters_of(ticks.data))
    else:
        found = balancers_by_id(ticks.of("on"), region=region)
    selection = Selection()
    for balancer in found:
        if why := act.why_not(balancer):
            selection.left_out.setdefault(why, []).append(balancer)
        else:
            selection.targets.append(balancer)
    return selection


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_INSTANCES)
def bulk_act(request: ConsoleRequest, region: str, act: str) -> HttpResponse:
    """Ask about all of them at once; a worker does them one by one, on a page that shows it."""
    place = region_or_404(request, region)
    if act not in ACTS:
        raise Http404
    wanted = ACTS[act]
    ticks = Ticks.read(request)
    selection = _selected(ticks, place, wanted)
    count = len(selection.targets)
    data = request.POST if ticks.is_answer else None
    form = TypedForm(data, word=str(count)) if act == "release" else None
    draft = TagDraft(_held(selection.targets), data, several=True) if act == "tags" else None
    made = Attempt()
    intent = request.POST.get("intent", "")
    if data is not None and count and intent == PLAN and (draft is None or draft.is_valid()):
        made = _planned(request, act, selection.targets, draft)
    elif data is not None and count and intent != MORE and _is_valid(form, draft):
        batch = batches.draft(
            actor=request.actor,
            verb=wanted.verb,
            region_id=region,
            tasks=[_task(wanted, balancer, draft) for balancer in selection.targets],
        )
        # The person has seen and confirmed it in this dialog.
        batches.start(actor=request.actor, batch=batch)
        defer_batch(batch.pk)
        return redirect(request, reverse("batches-detail", args=[batch.pk]))
    back = reverse("balancers-list", args=[region])
    context: dict[str, Any] = {
        "title": wanted.title % {"count": count} if count else wanted.label,
        "question": wanted.question if count else "",
        "submit": _("Confirm") if act == "tags" else wanted.label,
        "submit_kind": "primary" if wanted.primary else "danger",
        "blocked": "" if count else _blocked(selection),
        "back_url": back,
        "form": form if intent != PLAN else form and TypedForm(None, word=str(count)),
        "draft": draft,
        "most": MAX_TAGS,
        **selection.context(),
        **ticks.context("on", *Filters.__dataclass_fields__),
    }
    if act == "release" and count:
        context["consequences"] = release_consequences(selection.targets)
    refused = data is not None and intent not in {PLAN, MORE} and not _is_valid(form, draft)
    return answer_dialog(
        request,
        _TEMPLATES.get(act, "vservers/instances/bulk.html"),
        context,
        refused=refused,
        attempt=made,
        changed=CHANGED,
    )


_TEMPLATES = {
    "release": "vservers/instances/release.html",
    "tags": "vservers/instances/tags.html",
}


def _task(act: BulkAct, balancer: LoadBalancer, draft: TagDraft | None) -> batches.Task:
    """An item of the batch, with what it will do as the mirror sees it."""
    arguments = draft.arguments if draft else {}
    if draft:
        changes = tag_changes(INSTANCE, balancer.pk, balancer.tags, put=draft.put, take=draft.taken)
    else:
        before = {"status": balancer.status} if act.status else balancer_values(balancer)
        after = {"status": act.status} if act.status else None
        changes = [Change(Kind.BALANCER, (balancer.pk,), before, after)]
    return batches.Task(act.verb, balancer, balancer.pk, balancer.name, arguments, changes)


def _is_valid(form: TypedForm | None, draft: TagDraft | None) -> bool:
    return (form is None or form.is_valid()) and (
        draft is None or (draft.is_valid() and bool(draft.put or draft.take))
    )


def _blocked(selection: Selection) -> str:
    if not selection.left_out:
        return _("Tick the instances first.")
    return ngettext(
        "It cannot be done to the instance that is ticked.",
        "It cannot be done to any of the instances that are ticked.",
        sum(map(len, selection.left_out.values())),
    )


def _held(balancers: list[LoadBalancer]) -> dict[str, tuple[str, int]]:
    """{key: ("", on how many of them)}"""
    counts = Counter(key for balancer in balancers for key in balancer.tags)
    return {key: ("", count) for key, count in counts.items()}


def _planned(
    request: ConsoleRequest, act: str, targets: list[LoadBalancer], draft: TagDraft | None
) -> Attempt:
    """What would be sent for the first of them: each plan reads the cloud."""
    made = Attempt()
    plans = []
    for balancer in targets[:MOST_NAMED]:
        try:
            plan = ACTS[act].plan(
                actor=request.actor,
                load_balancer=balancer,
                **(draft.arguments if draft else {}),
            )
        except (Gone, NotPossible):
            continue
        except CallFailed as failure:
            made.error = failure
            return made
        plans.append(plan)
    preview: Preview = previews_together(plans)
    made.preview = replace(preview, more=max(0, len(targets) - MOST_NAMED))
    return made
