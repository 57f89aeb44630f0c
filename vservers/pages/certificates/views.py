"""Server and CA certificates of a region."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import done, render_page
from console.shell.request import ConsoleRequest
from vservers.models import (
    CACertificate,
    DomainExtension,
    Drift,
    Listener,
    Region,
    ServerCertificate,
)
from vservers.pages.answers import Attempt, answer_dialog, attempt
from vservers.pages.drift.words import in_words
from vservers.pages.lookup import region_or_404
from vservers.pages.places import refresh_places
from vservers.pages.users import users_as_links
from vservers.selectors.access_lists import UNUSED, USED
from vservers.selectors.certificates import (
    EXPIRED,
    EXPIRING,
    VALID,
    Certificate,
    Filters,
    certificates_page,
    rows_of,
)
from vservers.selectors.drift import open_drift_of_region
from vservers.selectors.places import oldest, places_of
from vservers.selectors.runs import several_accounts
from vservers.services import certificates as services
from vservers.services.errors import UsedBy

from .forms import CACertificateForm, NameForm, RenameForm, ServerCertificateForm


@require_safe
@requires(Action.VIEW)
def server_list(request: ConsoleRequest, region: str) -> HttpResponse:
    return _list(request, region_or_404(request, region), ServerCertificate)


@require_safe
@requires(Action.VIEW)
def ca_list(request: ConsoleRequest, region: str) -> HttpResponse:
    return _list(request, region_or_404(request, region), CACertificate)


@require_POST
@requires(Action.REFRESH)
def refresh(request: ConsoleRequest, region: str) -> HttpResponse:
    """Read the certificates of both kinds from the cloud."""
    found = region_or_404(request, region)
    return refresh_places(
        request,
        found,
        lambda place: services.refresh_certificates(actor=request.actor, account_region=place),
        back=_list_url(region, ServerCertificate),
    )


def _list(request: ConsoleRequest, region: Region, model: type[Certificate]) -> HttpResponse:
    given = {name: request.GET.get(name, "").strip() for name in ("state", "use")}
    filters = Filters(
        text=request.GET.get("q", "").strip(), sort=request.GET.get("sort") or "name", **given
    )
    rows, page = certificates_page(model, region, filters, page=request.GET.get("page", 1))
    context = {
        "title": _("Certificates"),
        "region": region,
        "is_server": model is ServerCertificate,
        "drift": in_words(
            open_drift_of_region(
                region,
                Drift.Kind.CERTIFICATE if model is ServerCertificate else Drift.Kind.CA_CERTIFICATE,
            )
        ),
        "rows": rows,
        "page": page,
        "filters": filters,
        "filtered": any(value for name, value in asdict(filters).items() if name != "sort"),
        "states": [
            (VALID, _("Valid")),
            (EXPIRING, _("Expires within 30 days")),
            (EXPIRED, _("Expired")),
        ],
        "uses": [(USED, _("Used")), (UNUSED, _("Not used"))],
        "read_at": oldest(place.certificates_at for place in places_of(region)),
        "several": several_accounts(),
        "list_url": _list_url(region.pk, model),
    }
    return render_page(request, "vservers/certificates/list.html", context)


@require_safe
@requires(Action.VIEW)
def detail(request: ConsoleRequest, region: str, certificate_id: str) -> HttpResponse:
    certificate = _certificate_or_404(region, certificate_id)
    (row,) = rows_of(type(certificate), [certificate])
    context = {
        "title": str(certificate),
        "row": row,
        "certificate": certificate,
        "is_server": isinstance(certificate, ServerCertificate),
        "read_at": oldest(place.certificates_at for place in places_of(certificate.region)),
        "several": several_accounts(),
        "list_url": _list_url(region, type(certificate)),
    }
    return render_page(request, "vservers/certificates/detail.html", context)


@sensitive_post_parameters("private_key", "kept")
@sensitive_variables("form")
@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_CERTIFICATES)
def new_server(request: ConsoleRequest, region: str) -> HttpResponse:
    found = region_or_404(request, region)
    posted = request.POST if request.method == "POST" else None
    form = ServerCertificateForm(posted, region=found, actor=request.actor)
    return _upload(
        request,
        region,
        form,
        services.upload_server_certificate,
        services.plan_server_certificate,
        lambda: {"private_key": form.key},
        _("Upload server certificate"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_CERTIFICATES)
def new_ca(request: ConsoleRequest, region: str) -> HttpResponse:
    form = CACertificateForm(request.POST or None, region=region_or_404(request, region))
    return _upload(
        request,
        region,
        form,
        services.upload_ca_certificate,
        services.plan_ca_certificate,
        dict,
        _("Upload CA certificate"),
    )


@sensitive_variables("form", "more")
def _upload(
    request: ConsoleRequest,
    region: str,
    form: NameForm,
    verb: Callable[..., Any],
    plan: Callable[..., Any],
    more: Callable[[], dict[str, Any]],
    title: str,
) -> HttpResponse:
    to = _list_url(region, form.model)
    made = Attempt()
    if form.is_bound and form.is_valid():
        made = attempt(
            request,
            verb,
            plan,
            account_region=form.place,
            name=form.cleaned_data["name"],
            certificate=form.pem,
            **more(),
        )
        if made.is_over:
            words, level = made.words(
                _("%(name)s was uploaded.") % {"name": form.cleaned_data["name"]}
            )
            return done(request, to=to, message=words, level=level, changed="certificates")
    context = {
        "title": title,
        "form": form,
        "pem": form.pem,
        "submit": _("Upload"),
        "back_url": to,
    }
    return answer_dialog(
        request,
        "vservers/certificates/upload.html",
        context,
        refused=bool(form.errors),
        attempt=made,
        changed="certificates",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_CERTIFICATES)
def rename(request: ConsoleRequest, region: str, certificate_id: str) -> HttpResponse:
    certificate = _certificate_or_404(region, certificate_id)
    form = RenameForm(request.POST or None, initial={"name": certificate.name})
    to = _url(certificate)
    made = Attempt()
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["name"]
        made = attempt(
            request,
            services.rename_certificate,
            services.plan_certificate_rename,
            certificate=certificate,
            name=name,
        )
        if made.is_over:
            words, level = made.words(
                _("The certificate is named %(name)s now.") % {"name": name},
                unchanged=_("It has this name already."),
            )
            return done(request, to=to, message=words, level=level, changed="certificates")
    context = {
        "title": _("Rename %(name)s") % {"name": certificate},
        "form": form,
        "submit": _("Save"),
        "back_url": to,
    }
    return answer_dialog(
        request,
        "vservers/simple_form.html",
        context,
        refused=bool(form.errors),
        attempt=made,
        changed="certificates",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_CERTIFICATES)
def delete(request: ConsoleRequest, region: str, certificate_id: str) -> HttpResponse:
    certificate = _certificate_or_404(region, certificate_id)
    to = _list_url(region, type(certificate))
    made, refused = Attempt(), False
    if request.method == "POST":
        try:
            made = attempt(
                request,
                services.delete_certificate,
                services.plan_certificate_deletion,
                certificate=certificate,
            )
        except UsedBy:
            refused = True
        if made.is_over:
            words, level = made.words(_("%(name)s was deleted.") % {"name": certificate})
            # The page of the certificate would not be there any more.
            return done(request, to=to, message=words, level=level)
    (row,) = rows_of(type(certificate), [certificate])
    users: list[Listener | DomainExtension] = [*row.listeners, *row.extensions]
    context = {
        "title": _("Delete %(name)s?") % {"name": certificate},
        "question": _("The certificate %(name)s (%(id)s) will be deleted.")
        % {"name": certificate, "id": certificate.pk},
        "consequences": []
        if users
        else [_("It cannot be brought back: the cloud tells neither it nor its key.")],
        "blocked": _("The certificate is in use. Set another one here first:") if users else "",
        "links": users_as_links(users),
        "submit": _("Delete"),
        "back_url": to,
    }
    return answer_dialog(
        request,
        "components/confirm.html",
        context,
        refused=refused,
        attempt=made,
        changed="certificates",
    )


def _certificate_or_404(region: str, certificate_id: str) -> Certificate:
    for model in (ServerCertificate, CACertificate):
        rows = model._default_manager.select_related("account", "region")
        if found := rows.filter(pk=certificate_id, region=region).first():
            return found
    raise Http404


def _list_url(region: str, model: type[Certificate]) -> str:
    is_server = model is ServerCertificate
    return reverse("certificates-list" if is_server else "certificates-ca", args=[region])


def _url(certificate: Certificate) -> str:
    return reverse("certificates-detail", args=[certificate.region_id, certificate.pk])
