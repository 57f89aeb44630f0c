"""Whatever a service says, no page breaks on it."""

import inspect

import pytest
from django.contrib.messages.storage.fallback import FallbackStorage

from tests.pages.addresses import HTMX
from vservers.cloud import CloudRefused
from vservers.models import Operation
from vservers.pages.middleware import RefusalMiddleware
from vservers.services import errors
from vservers.services.planning import CannotPlan

LOST = CloudRefused(action="CreateRules", code="Gone", message="No.", request_id="R")


def said():
    """One of each kind that services raise."""
    operation = Operation(pk=7, waiting_code="Busy", waiting_message="Not now.")
    given = {
        errors.Refusal: ["No."],
        errors.CallFailed: [],
        errors.NotRead: [LOST],
        errors.NotReread: [LOST],
        errors.Overtaken: [operation],
        errors.Waiting: [operation],
        errors.Busy: [],
        errors.CannotUndo: ["No."],
        errors.NotPossible: ["No."],
        errors.Stale: ["rule"],
        errors.InvalidMembers: [{("i-1", 80): "No."}],
        errors.InUse: [[], []],
        errors.UsedBy: [[]],
        errors.Gone: ["rule"],
        CannotPlan: ["No."],
    }
    for kind, arguments in given.items():
        error = kind(*arguments)
        if kind is errors.CallFailed:
            error.action, error.code, error.message, error.request_id = "A", "C", "M", "R"
        yield error


def test_each_kind_is_tried():
    defined = {
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, Exception) and kind.__module__ == errors.__name__
    }
    # Needs the calls of an operation; it is a CallFailed.
    assert {type(error) for error in said()} >= defined - {errors.OperationFailed}


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize("error", list(said()), ids=lambda error: type(error).__name__)
def test_what_no_view_answers_is_said_in_words(rf, db, operator, error, headers):
    request = rf.post("/", headers=headers)
    request.user, request.session, request.actor = operator, {}, operator.as_actor()
    request.resolver_match = None
    request._messages = FallbackStorage(request)
    answer = RefusalMiddleware(lambda _: None).process_exception(request, error)
    assert answer is not None
    assert answer.status_code < 500
    if isinstance(error, errors.Waiting):
        to = answer.get("HX-Redirect") or answer["Location"]
        assert to == "/operations/7/"
    else:
        words = str(error)
        assert words in answer.content.decode().replace("&#x27;", "'")


def test_a_mistake_of_ours_stays_one(rf):
    assert RefusalMiddleware(lambda _: None).process_exception(rf.get("/"), KeyError("x")) is None
