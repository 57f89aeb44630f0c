"""Whatever a service says, no page breaks on it."""

import inspect
import re
from contextlib import suppress

import pytest
from django.contrib.messages.storage.fallback import FallbackStorage
from django.urls import NoReverseMatch, get_resolver, reverse

from tests.cloud import REGION, mirror
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


NUL = "a\x00b"


@pytest.mark.parametrize(
    "url", ["/regions/cn-hangzhou/balancers/", "/operations/", "/search/", "/people/"]
)
def test_a_search_for_what_no_text_may_have_is_refused_in_words(
    client_of, administrator, cloud, url
):
    client = client_of(administrator)
    answer = client.get(url, {"q": NUL, "text": NUL})
    if answer.status_code != 200:  # a page may as well find nothing
        assert answer.status_code == 400
        assert "a character that no text may have" in answer.content.decode()
    part = client.get(url, {"q": NUL, "text": NUL}, headers=HTMX)
    assert part.status_code == answer.status_code
    assert client.get(f"{url}a%00b/").status_code in {400, 404}


def test_a_form_of_too_many_fields_is_refused_in_words(client_of, administrator, balancer):
    client = client_of(administrator)
    url = f"/regions/cn-hangzhou/balancers/{balancer.pk}/listeners/new/"
    answer = client.post(url, {f"field-{number}": "x" for number in range(6000)})
    assert answer.status_code == 400
    assert "more in it than the console takes at once" in answer.content.decode()


@pytest.mark.parametrize(
    "url",
    [
        "/regions/cn-hangzhou/access-lists/new/",
        "/regions/cn-hangzhou/certificates/new/",
        "/regions/cn-hangzhou/balancers/new/",
        "/cloud-accounts/new/",
        "/people/new/",
    ],
)
def test_a_form_that_was_left_empty_says_what_to_enter(client_of, administrator, cloud, url):
    answer = client_of(administrator).post(url, {"name": ""}, headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in page
    assert re.search(r"<p>(<svg.*?</svg>)?Enter a ", page, re.S)


def test_every_list_of_a_region_or_of_all_is_in_the_menu(client_of, administrator, cloud):
    mirror("lb-bp1shopinternet0001")
    page = client_of(administrator).get(f"/regions/{REGION}/balancers/").content.decode()
    names = [name for name in get_resolver().reverse_dict if str(name).endswith("-list")]
    missing = []
    for name in names:
        for arguments in ([], [REGION]):
            with suppress(NoReverseMatch):
                url = reverse(name, args=arguments)
                if f'href="{url}"' not in page:
                    missing.append(url)
    assert len(names) > 10
    assert missing == []
