"""Setting the access control of a listener, from its row."""

from typing import Any

from django import forms
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import done
from console.shell.request import ConsoleRequest
from vservers.models import Listener
from vservers.pages import conflict_rows
from vservers.pages.answers import Attempt, answer_dialog, attempt
from vservers.pages.conflicts import Rows
from vservers.pages.editing import Edit
from vservers.pages.lookup import balancer_or_404, listener_or_404
from vservers.selectors import listener_choices
from vservers.selectors.fingerprints import listener_picture
from vservers.services import listeners as services

from .fields import ACCESS_KINDS


class AccessForm(forms.Form):
    """Off, or a list and what it means."""

    use_required_attribute = False

    access = forms.ChoiceField(widget=forms.RadioSelect, choices=ACCESS_KINDS)
    acl_id = forms.ChoiceField(required=False)

    def __init__(self, data: QueryDict | None, *, listener: Listener) -> None:
        now = listener.settings.get("acl_id") or ""
        super().__init__(data, initial={"access": listener.acl_status or "off", "acl_id": now})
        lists = listener_choices.access_lists(listener.load_balancer)
        if now and now not in dict(lists):
            lists = [*lists, (now, now)]
        self.fields["access"].label = _("Access control")
        field: Any = self.fields["acl_id"]
        field.label = _("Access control list")
        field.choices = [("", _("Choose a list")), *lists]
        self.empty = listener_choices.empty_access_lists(listener.load_balancer)

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        if values.get("access") != "off" and values.get("acl_id") == "":
            self.add_error("acl_id", _("Choose the list, or switch access control off."))
        return values

    @property
    def lets_nobody_in(self) -> bool:
        return self["access"].value() == "white" and self["acl_id"].value() in self.empty

    @property
    def rows(self) -> Rows:
        on = self.cleaned_data["access"] != "off"
        return {
            "access": {
                "acl_status": "on" if on else "off",
                "acl_type": self.cleaned_data["access"] if on else None,
                "acl_id": self.cleaned_data["acl_id"] if on else None,
            }
        }


class AccessEdit(Edit):
    form: AccessForm

    def __init__(self, listener: Listener, data: QueryDict | None) -> None:
        super().__init__(data, listener_picture(listener))
        self.form = AccessForm(data, listener=listener)

    def rows_of(self, picture: Any) -> Rows:
        return {"access": conflict_rows.listener_rows_of(picture)["access"]}

    def mine(self) -> Rows:
        return self.form.rows

    def arguments(self) -> dict[str, Any]:
        """Of set_access_control."""
        access = self.result["access"]
        return {
            "status": access["acl_status"],
            "acl_type": access["acl_type"] or "",
            "acl_id": access["acl_id"] or "",
            "seen": self.seen.fingerprint,
        }


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_LISTENERS)
def listeners_access(
    request: ConsoleRequest, region: str, balancer_id: str, protocol: str, port: int
) -> HttpResponse:
    balancer = balancer_or_404(region, balancer_id)
    listener = listener_or_404(balancer, protocol, port)
    edit = AccessEdit(listener, request.POST if request.method == "POST" else None)
    back_url = reverse("listeners-list", args=[region, balancer.pk])
    made = Attempt()
    if request.method == "POST" and edit.is_ready():
        made = attempt(
            request,
            services.set_access_control,
            services.plan_access_control,
            listener=listener,
            **edit.arguments(),
        )
        if made.stale:
            edit.be_overtaken(listener_picture(listener_or_404(balancer, protocol, port)))
        if made.is_over:
            words, level = made.words(
                _("Access control of %(listener)s was set.") % {"listener": listener},
                unchanged=_("%(listener)s stays as it was.") % {"listener": listener},
            )
            return done(request, to=back_url, message=words, changed="listeners", level=level)
    context = {
        "title": _("Access control of %(listener)s") % {"listener": listener},
        "balancer": balancer,
        "listener": listener,
        "form": edit.form,
        "back_url": back_url,
        **edit.context(),
    }
    return answer_dialog(
        request,
        "vservers/listeners/access.html",
        context,
        refused=edit.refused,
        attempt=made,
        changed="listeners",
    )
