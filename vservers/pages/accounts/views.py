"""The Accounts page; administrators only."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import done, render_dialog, render_page
from console.shell.request import ConsoleRequest
from vservers.cloud import CloudError
from vservers.models import CloudAccount
from vservers.selectors.runs import account_rows
from vservers.services import accounts

from .forms import AccountForm


@require_safe
@requires(Action.MANAGE_ACCOUNTS)
def accounts_list(request: ConsoleRequest) -> HttpResponse:
    context = {"title": _("Accounts"), "rows": account_rows()}
    return render_page(request, "vservers/accounts/list.html", context)


@sensitive_post_parameters("secret")
@sensitive_variables("form", "secret")
@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.MANAGE_ACCOUNTS)
def accounts_new(request: ConsoleRequest) -> HttpResponse:
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if request.POST.get("intent") == "test":
            return _try(request, form)
        account = accounts.add_account(actor=request.actor, **form.values)
        message = _("%(account)s was added. A worker reads it now.") % {"account": account}
        return done(request, to=_back(), message=message, changed="accounts")
    return _form(request, form)


@sensitive_post_parameters("secret")
@sensitive_variables("form", "secret")
@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.MANAGE_ACCOUNTS)
def accounts_edit(request: ConsoleRequest, account_id: int) -> HttpResponse:
    account = get_object_or_404(CloudAccount, pk=account_id)
    form = AccountForm(request.POST or None, account=account)
    if request.method == "POST" and form.is_valid():
        if request.POST.get("intent") == "test":
            return _try(request, form)
        changed = accounts.change_account(actor=request.actor, account=account, **form.values)
        words = _("%(name)s was changed.") if changed else _("%(name)s stays as it was.")
        return done(request, to=_back(), message=words % {"name": account}, changed="accounts")
    return _form(request, form)


def _try(request: ConsoleRequest, form: AccountForm) -> HttpResponse:
    """Ask the cloud once; nothing is saved. A secret that was typed has to be typed again."""
    values = form.values
    try:
        count = accounts.try_connection(
            actor=request.actor,
            endpoint=values["endpoint"],
            access_key_id=values["access_key_id"],
            secret=values.get("secret", ""),
            account=form.account,
        )
    except CloudError as error:
        return _form(request, form, error=error)
    tried = ngettext(
        "The cloud answers: %(number)s region.", "The cloud answers: %(number)s regions.", count
    ) % {"number": count}
    if values.get("secret"):
        tried += " " + _("Type the secret once more to save it.")
    return _form(request, form, tried=tried)


def _form(
    request: ConsoleRequest,
    form: AccountForm,
    *,
    error: CloudError | None = None,
    tried: str = "",
) -> HttpResponse:
    account = form.account
    context = {
        "title": _("Edit %(account)s") % {"account": account} if account else _("Add account"),
        "form": form,
        "account": account,
        "back_url": _back(),
        "submit": _("Save") if account else _("Add"),
        "error": error,
        "tried": tried,
    }
    status = 422 if error or form.errors else 200
    return render_dialog(request, "vservers/accounts/form.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.MANAGE_ACCOUNTS)
def accounts_delete(request: ConsoleRequest, account_id: int) -> HttpResponse:
    account = get_object_or_404(CloudAccount, pk=account_id)
    if request.method == "POST" and not account.from_environment:
        accounts.delete_account(actor=request.actor, account=account)
        return done(
            request,
            to=_back(),
            message=_("%(account)s was deleted.") % {"account": account},
            changed="accounts",
        )
    count = account.load_balancers.count()
    context = {
        "title": _("Delete %(account)s?") % {"account": account},
        "question": _("The console forgets the account %(account)s and its key.")
        % {"account": account},
        "consequences": [
            ngettext(
                "%(number)s instance leave the console with all that was read of them. "
                "In the cloud nothing changes.",
                "%(number)s instances leave the console with all that was read of them. "
                "In the cloud nothing changes.",
                count,
            )
            % {"number": count},
            _("The record of what was done stays."),
        ],
        "blocked": str(accounts.OfTheEnvironment()) if account.from_environment else "",
        "submit": _("Delete"),
        "back_url": _back(),
    }
    return render_dialog(
        request,
        "components/confirm.html",
        context,
        status=422 if request.method == "POST" else 200,
    )


def _back() -> str:
    return reverse("cloud-accounts-list")
