"""Domain extensions of an HTTPS listener: list, add, change, delete."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import done, render_page
from console.shell.request import ConsoleRequest
from vservers.models import (
    AccountRegion,
    DomainExtension,
    Drift,
    Listener,
    LoadBalancer,
    ServerCertificate,
)
from vservers.pages.answers import Attempt, answer_dialog, attempt
from vservers.pages.drift.words import in_words
from vservers.pages.lookup import balancer_or_404, listener_or_404
from vservers.selectors.certificates import choosable
from vservers.selectors.drift import open_drift
from vservers.selectors.extensions import covers, extension_rows
from vservers.services import extensions as services

from .forms import CertificateForm, ExtensionForm


@require_safe
@requires(Action.VIEW)
def extensions(request: ConsoleRequest, region: str, balancer_id: str, port: int) -> HttpResponse:
    listener = _listener_or_404(region, balancer_id, port)
    query = request.GET.get("q", "").strip()
    rows = extension_rows(listener, text=query)
    context = {
        "title": _("Domain extensions"),
        "balancer": listener.load_balancer,
        "listener": listener,
        "drift": in_words(open_drift(listener.load_balancer, Drift.Kind.EXTENSION)),
        "own": rows[0],
        "rows": rows[1:],
        "query": query,
    }
    return render_page(request, "vservers/extensions/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_LISTENERS)
def new(request: ConsoleRequest, region: str, balancer_id: str, port: int) -> HttpResponse:
    listener = _listener_or_404(region, balancer_id, port)
    form = ExtensionForm(
        request.POST or None,
        listener=listener,
        certificates=_choosable(listener.load_balancer),
    )
    return _form(
        request,
        listener,
        form,
        services.add_extension,
        services.plan_new_extension,
        lambda: {"listener": listener, "domain": form.cleaned_data["domain"]},
        lambda: str(form.cleaned_data["domain"]),
        title=_("Add a domain to %(listener)s") % {"listener": listener},
        submit=_("Add"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_LISTENERS)
def edit(
    request: ConsoleRequest, region: str, balancer_id: str, port: int, extension_id: str
) -> HttpResponse:
    listener = _listener_or_404(region, balancer_id, port)
    extension = _extension_or_404(listener, extension_id)
    form = CertificateForm(
        request.POST or None,
        initial={"certificate": extension.server_certificate_id},
        certificates=_choosable(listener.load_balancer),
    )
    return _form(
        request,
        listener,
        form,
        services.change_extension,
        services.plan_extension_change,
        lambda: {"extension": extension},
        lambda: extension.domain,
        title=_("Certificate for %(domain)s") % {"domain": extension.domain},
        submit=_("Save"),
    )


def _form(
    request: ConsoleRequest,
    listener: Listener,
    form: CertificateForm,
    verb: Callable[..., Any],
    plan: Callable[..., Any],
    arguments: Callable[[], dict[str, Any]],
    domain_of: Callable[[], str],
    *,
    title: str,
    submit: str,
) -> HttpResponse:
    made = Attempt()
    if request.method == "POST" and form.is_valid():
        made = attempt(request, verb, plan, certificate_id=form.chosen.pk, **arguments())
        if made.is_over:
            domain = domain_of()
            words, level = made.words(
                _("%(domain)s shows the certificate %(certificate)s now.")
                % {"domain": domain, "certificate": form.chosen},
                unchanged=_("It shows this certificate already."),
            )
            if made.result is not False and not made.gone:
                _warn_of_other_names(request, form.chosen, domain)
            return _done(request, listener, words, level)
    region = listener.load_balancer.region_id
    context = {
        "title": title,
        "balancer": listener.load_balancer,
        "form": form,
        "submit": submit,
        "certificates_url": reverse("certificates-list", args=[region]),
        "back_url": _back(listener),
    }
    return answer_dialog(
        request,
        "vservers/extensions/form.html",
        context,
        refused=bool(form.errors),
        attempt=made,
        changed="extensions",
    )


def _warn_of_other_names(
    request: ConsoleRequest, certificate: ServerCertificate, domain: str
) -> None:
    if certificate.names and not covers(certificate.names, domain):
        messages.warning(
            request,
            _(
                "The certificate is not valid for %(domain)s, so browsers will warn. Its "
                "domains: %(names)s."
            )
            % {"domain": domain, "names": ", ".join(certificate.names)},
        )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_LISTENERS)
def delete(
    request: ConsoleRequest, region: str, balancer_id: str, port: int, extension_id: str
) -> HttpResponse:
    listener = _listener_or_404(region, balancer_id, port)
    extension = _extension_or_404(listener, extension_id)
    made = Attempt()
    if request.method == "POST":
        made = attempt(
            request,
            services.delete_extension,
            services.plan_extension_deletion,
            extension=extension,
        )
        if made.is_over:
            words = made.words(_("%(domain)s was deleted.") % {"domain": extension.domain})
            return _done(request, listener, *words)
    rules = listener.rules.filter(domain=extension.domain)
    blocked = _("Forwarding rules name this domain. Delete these first:") if rules else ""
    place = [region, balancer_id, listener.protocol, port]
    context = {
        "title": _("Delete %(domain)s?") % {"domain": extension.domain},
        "balancer": listener.load_balancer,
        "question": _("Clients that ask for it get the listener's own certificate then."),
        "blocked": blocked,
        "links": [(str(rule), reverse("rules-list", args=place)) for rule in rules],
        "submit": _("Delete"),
        "back_url": _back(listener),
    }
    return answer_dialog(
        request,
        "components/confirm.html",
        context,
        refused=False,
        attempt=made,
        changed="extensions",
    )


def _listener_or_404(region: str, balancer_id: str, port: int) -> Listener:
    return listener_or_404(
        balancer_or_404(region, balancer_id), Listener.Protocol.HTTPS.value, port
    )


def _extension_or_404(listener: Listener, extension_id: str) -> DomainExtension:
    rows = DomainExtension.objects.select_related("listener__load_balancer")
    return get_object_or_404(rows, pk=extension_id, listener=listener)


def _choosable(balancer: LoadBalancer) -> list[ServerCertificate]:
    place = AccountRegion.objects.filter(account=balancer.account_id, region=balancer.region_id)
    found = place.first()
    if found is None:
        raise Http404
    return choosable(found)


def _back(listener: Listener) -> str:
    balancer = listener.load_balancer
    return reverse("extensions-list", args=[balancer.region_id, balancer.pk, listener.port])


def _done(request: ConsoleRequest, listener: Listener, words: str, level: int) -> HttpResponse:
    return done(request, to=_back(listener), message=words, level=level, changed="extensions")
