"""`manage.py up` from the outside: real processes, real signals."""

import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import requests

from console.runtime.places import database_url, socket_folder

from .console_process import ConsoleProcess

# Starts cost seconds and both cores: one after the other.
pytestmark = pytest.mark.xdist_group("up")
_NETWORK = "127.91.0.0/16"


@pytest.fixture
def console(tmp_path: Path):
    # Deep enough for a socket's path not to fit, with what shells and URLs trip over.
    data_dir = tmp_path / "a folder, 100% deep" / ("d" * 90) / "data"
    data_dir.parent.mkdir(parents=True)
    console = ConsoleProcess(data_dir, _NETWORK)
    yield console
    console.clean_up()


def sign_in(console: ConsoleProcess, password: str) -> bool:
    """Sign in as a browser does; whether it worked."""
    session = requests.Session()
    page = session.get(f"{console.url}/accounts/login/", timeout=10)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert token, page.text
    answer = session.post(
        f"{console.url}/accounts/login/",
        {"login": "admin", "password": password, "csrfmiddlewaretoken": token.group(1)},
        headers={"Referer": console.url},
        allow_redirects=False,
        timeout=10,
    )
    return answer.status_code == 302


def wait_until(happens: Callable[[], bool], console: ConsoleProcess) -> None:
    """Try until it works, as a person would who reloads the page."""
    deadline = time.monotonic() + 120
    while True:
        try:
            if happens():
                return
        except (AssertionError, requests.RequestException, subprocess.CalledProcessError):
            time.sleep(0.2)
        assert time.monotonic() < deadline, console.output


def test_it_serves_stops_without_a_trace_and_keeps_all(console: ConsoleProcess):
    console.start()
    password = console.said(r"password (\S+) \(said only now")
    key = console.said(r"AccessKey ID\s+(\S+)")
    assert sign_in(console, password)
    assert not sign_in(console, "not-" + password)
    console.wait_for("Load balancers")
    assert "127.91." in console.said(r"Load balancers(.*)")
    # What holds secrets is for its owner only.
    for name in ("secret_key", "localcloud_key.json"):
        assert (console.data_dir / name).stat().st_mode & 0o077 == 0

    code, refusal = console.run_to_its_end()
    assert code == 2
    assert "runs already" in refusal
    assert "CONSOLE_DATA_DIR" in refusal

    assert console.send(signal.SIGINT) == 0
    assert console.survivors() == []

    console.start()
    assert "password as set before" in console.output
    assert console.said(r"AccessKey ID\s+(\S+)") == key
    assert sign_in(console, password)

    # Nobody is left to stop the others: the kernel tells them.
    console.send(signal.SIGKILL)
    console.start()
    assert sign_in(console, password)
    console.send(signal.SIGKILL)
    assert console.survivors(within_seconds=15) == []


def test_a_given_password_is_set_and_a_program_that_dies_comes_back(console: ConsoleProcess):
    console.environment["CONSOLE_ADMIN_PASSWORD"] = "given by the owner"
    console.start()
    assert sign_in(console, "given by the owner")
    assert "given by the owner" not in console.output

    words = ("granian", "vservers.localcloud", "postgres")
    for child in [*map(console.child, words), console.child("worker", exactly=True)]:
        child.kill()
    for name in ("web", "cloud", "postgres", "worker"):
        console.wait_for(f"{name} was ended by signal 9")
    wait_until(lambda: sign_in(console, "given by the owner"), console)
    wait_until(lambda: "regions read" in console.manage("sync"), console)

    # The same commands that work without it work beside it, on the same data.
    assert "127.91." in console.manage("list_addresses")
    with psycopg.connect(database_url(console.data_dir)) as connection:
        assert connection.execute("SELECT username FROM accounts_user").fetchall() == [("admin",)]
    assert console.send(signal.SIGTERM) == 0
    assert console.survivors() == []
    assert not socket_folder(console.data_dir).exists()


@pytest.mark.parametrize("name", ["CONSOLE_PORT", "LOCALCLOUD_PORT"])
def test_a_taken_port_is_said_before_anything_starts(console: ConsoleProcess, name: str):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        console.environment[name] = str(port)
        code, said = console.run_to_its_end()
    assert code == 2
    assert f"Port {port} on 127.0.0.1 is taken" in said
    assert f"Set {name}" in said
    assert not (console.data_dir / "postgres").exists()


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"CONSOLE_PORT": "eighty"}, "CONSOLE_PORT is 'eighty'"),
        ({"CLOUD_ENDPOINT": "https://slb.example"}, "set CLOUD_ACCESS_KEY_ID"),
        ({"DATABASE_URL": "postgres://127.0.0.1:9/x"}, "The database of DATABASE_URL"),
        ({"LOCALCLOUD_ACCESS_KEY_ID": "mine"}, "set LOCALCLOUD_ACCESS_KEY_SECRET"),
    ],
)
def test_values_that_make_no_sense_are_refused_by_name(
    console: ConsoleProcess, environment: dict[str, str], named: str
):
    console.environment.update(environment)
    code, said = console.run_to_its_end()
    assert code == 2
    assert named in said
