"""One real PostgreSQL for the whole test run, and the people that every test knows."""

import os
from collections.abc import Callable

import dj_database_url
import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as how_to_try

from console.shell.catalogue import compile_catalogue
from tests.database import DatabaseOfTheRun

# A busy machine is no mistake of what is tried.
how_to_try.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
how_to_try.load_profile("patient")
# Each starts clouds of its own.
_MOST_WORKERS = 7
# Folders and files whose processes cost about as much as their tests: one worker has all of each.
_BY_ONE_WORKER = (
    "tests/cloud_client/test_transport.py",
    "tests/contract/",
    "tests/localcloud/test_faults.py",
    "tests/localcloud/test_fuzz_http.py",
    "tests/localcloud/test_generate.py",
    "tests/localcloud/test_isolation.py",
    "tests/localcloud/test_metrics.py",
    "tests/localcloud/test_served.py",
    "tests/selectors/",
    "tests/services/syncing/",
    "tests/shell/test_script.py",
)


def pytest_configure(config: pytest.Config) -> None:
    """Compile the translations, and start the database, unless one is given.

    The workers of xdist are started by this process and find it in their environment.
    """
    if not hasattr(config, "workerinput"):
        for catalogue in settings.BASE_DIR.glob("locale/*/LC_MESSAGES/django.po"):
            compile_catalogue(catalogue)
    if not os.environ.get("DATABASE_URL"):
        database = DatabaseOfTheRun()
        os.environ["DATABASE_URL"] = database.url
        config.add_cleanup(database.stop)
        config.add_cleanup(lambda: os.environ.pop("DATABASE_URL"))
    # pytest-django has read the settings by now; nothing has connected yet.
    chosen = settings.DATABASES["default"]
    chosen.update(dj_database_url.parse(os.environ["DATABASE_URL"], engine=chosen["ENGINE"]))
    # A pool would keep connections to a test database that is to be dropped.
    chosen["OPTIONS"].pop("pool", None)
    # Pages are drawn without `collectstatic`; the processes of tests/runtime use the real storage.
    settings.STORAGES["staticfiles"]["BACKEND"] = (
        "django.contrib.staticfiles.storage.StaticFilesStorage"
    )
    # Else the first request of each client reads the whole folder of static files.
    settings.WHITENOISE_AUTOREFRESH = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Whatever the environment says: no test talks to a real cloud unless it asks for it by name.
    settings.CLOUD_ENDPOINT = "http://127.0.0.1:9"
    settings.CLOUD_ACCESS_KEY_ID = settings.CLOUD_ACCESS_KEY_SECRET = "none"
    # A test that wants several readers, or a pace, says so.
    settings.SYNC_READERS = 1
    settings.ENVIRONMENT_PACES = {"read": 0, "write": 0, "CreateVServerGroup": 0}


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than cores: a third of the tests' time is waiting, as for health checks."""
    return min(os.cpu_count() or 1, _MOST_WORKERS) + 1


@pytest.fixture(autouse=True)
def english():
    """Whatever language the request of a test before has left to this thread."""
    translation.activate("en")


def _person(name: str, role: str):
    # Models can be imported only when Django is set up.
    from console.accounts.models import User

    return User.objects.create_user(username=name, password=f"{name}-password", role=role)


@pytest.hookimpl(tryfirst=True)  # Before xdist reads the groups.
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with a time limit of their own first: no worker is alone with one at the end."""
    for item in items:
        for start in _BY_ONE_WORKER:
            if item.nodeid.startswith(start):
                item.add_marker(pytest.mark.xdist_group(start))
    items.sort(key=lambda item: item.get_closest_marker("timeout") is None)


@pytest.fixture
def administrator(db):
    """May do everything."""
    return _person("administrator", "administrator")


@pytest.fixture
def operator(db):
    """Changes load balancers, but not people."""
    return _person("operator", "operator")


@pytest.fixture
def reader(db):
    """Sees everything, changes nothing."""
    return _person("reader", "viewer")


@pytest.fixture
def stranger(db):
    """Can sign in and has no role, so sees nothing."""
    return _person("stranger", "")


@pytest.fixture
def client_of() -> Callable[..., Client]:
    """`client_of(person)`: a browser of its own, signed in as that person."""

    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    def signed_in(person) -> Client:
        # What `Client.force_login` leaves, which asks the database fifteen times for it.
        session = SessionStore()
        session[SESSION_KEY] = str(person.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = person.get_session_auth_hash()
        session.save()
        client = Client()
        client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
        return client

    return signed_in
