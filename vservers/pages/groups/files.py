"""VServer groups as files: export of those ticked or of all, and import with a preview."""

from collections.abc import Iterator

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import redirect, render_page
from console.shell.request import ConsoleRequest
from vservers.models import VServerGroup
from vservers.pages.lookup import region_or_404
from vservers.services import group_files
from vservers.services.group_import import check_file, draft_import

from .selection import Selection
from .weights import back_to_list

_CHUNK = 500
_FORMATS = {
    "csv": (group_files.as_csv, "text/csv; charset=utf-8"),
    "json": (group_files.as_json, "application/json"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.VIEW)
def group_export(request: ConsoleRequest, region: str, kind: str) -> HttpResponse:
    """POST: the list's ticks. GET: all that the filters of the address let through."""
    data = request.POST if request.method == "POST" else request.GET
    selection = Selection.read(
        region_or_404(request, region), data, everything=request.method != "POST"
    )
    write, content_type = _FORMATS[kind]
    name = f"vserver-groups-{selection.balancer.pk if selection.balancer else region}.{kind}"
    answer = StreamingHttpResponse(write(_in_order(selection.groups)), content_type=content_type)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "private, no-store"
    # Annotated as HttpResponse everywhere; Django's base class of both has no public name.
    return answer  # type: ignore[return-value]


def _in_order(groups: QuerySet[VServerGroup]) -> Iterator[VServerGroup]:
    """A part at a time, so that no export holds more than one of them."""
    rows = groups.select_related("load_balancer").prefetch_related("members")
    ordered = rows.order_by("load_balancer__name", "load_balancer", "name", "pk")
    return ordered.iterator(chunk_size=_CHUNK)


class ImportForm(forms.Form):
    """The file."""

    use_required_attribute = False

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("CSV or JSON, as an export has it, UTF-8."),
        error_messages={"required": gettext_lazy("Choose a file.")},
        widget=forms.FileInput(attrs={"accept": ".csv,.json,text/csv,application/json"}),
    )

    def clean_file(self) -> str:
        """Its text."""
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > group_files.MAX_BYTES:
            raise forms.ValidationError(
                _("The file is larger than %(most)d MB."),
                params={"most": group_files.MAX_BYTES // 1_000_000},
            )
        try:
            return file.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise forms.ValidationError(
                _("The file is not UTF-8; byte %(place)d cannot be read."),
                params={"place": error.start},
            ) from error


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_GROUPS)
def group_import(request: ConsoleRequest, region: str) -> HttpResponse:
    """A file without a mistake leads to the draft of what it would do."""
    place = region_or_404(request, region)
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    mistakes = []
    if request.method == "POST" and form.is_valid():
        checked = check_file(place, form.cleaned_data["file"])
        if not checked.mistakes:
            batch = draft_import(actor=request.actor, region=place, checked=checked)
            return redirect(request, reverse("batches-detail", args=[batch.pk]))
        mistakes = checked.mistakes
    context = {
        "title": _("Import groups"),
        "region": place,
        "form": form,
        "mistakes": mistakes,
        "many": len(mistakes) >= group_files.MAX_ERRORS,
        "columns": group_files.COLUMNS,
        "back_url": back_to_list(Selection.read(place, request.GET)),
    }
    refused = bool(form.errors or mistakes)
    return render_page(
        request, "vservers/groups/import.html", context, status=422 if refused else 200
    )
