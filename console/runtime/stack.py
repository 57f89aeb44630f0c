"""What the console is made of on one machine, and the order in which it starts."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable

import aiohttp
import psycopg
from django.conf import settings

from .keys import local_cloud_key
from .packages import PATH
from .plan import Plan, Refused
from .postgres import STOP_SIGNAL, EmbeddedPostgres
from .processes import Processes, Program, ProgramFailed

_MANAGE = [sys.executable, "manage.py"]
_MOST_WEB_PROCESSES = 2
# Requests that one web process works on at once; the database pool has as many connections.
_WEB_THREADS = 4
_PROBE_SECONDS = 5
_READY_PATH = "/-/ready"


class Stack:
    """The programs of one plan."""

    def __init__(self, plan: Plan, processes: Processes, say: Callable[[str], None]) -> None:
        self._plan = plan
        self._processes = processes
        self._say = say
        self._key = local_cloud_key(settings.DATA_DIR)

    async def run(self) -> str:
        """Start all in order, say how to reach it, and keep it; returns why it had to end."""
        if not self._plan.runs_database:
            await _check_database(os.environ["DATABASE_URL"])
        # Neither needs the other, and both take a while at the first start.
        _, sign_in = await asyncio.gather(self._start_cloud(), self._start_database())
        await self._start_web()
        await self._start_worker()
        self._say(await self._welcome(sign_in))
        await self._first_sync()
        return await self._processes.failure()

    async def _start_database(self) -> str:
        """Start the database where it is ours, and bring it up to date; returns how to sign in."""
        if self._plan.runs_database:
            await self._start_postgres()
        return await self._processes.run("prepare", [*_MANAGE, "prepare"])

    async def _start_postgres(self) -> None:
        self._say("Starting PostgreSQL.")
        postgres = EmbeddedPostgres(settings.DATA_DIR)
        account = postgres.prepare()
        await self._processes.start(
            Program(
                "postgres",
                postgres.argv,
                ready=postgres.answers,
                account=account,
                stop_signal=STOP_SIGNAL,
                quiet=True,
            )
        )

    async def _start_cloud(self) -> None:
        if not self._plan.runs_cloud:
            return
        self._say("Starting the local cloud.")
        await self._processes.start(
            Program(
                "cloud",
                [sys.executable, "-m", "vservers.localcloud"],
                ready=_answers(f"{self._plan.localcloud_url}{_READY_PATH}"),
                environment={
                    "PATH": PATH,
                    "LOCALCLOUD_PORT": str(self._plan.localcloud_port),
                    "LOCALCLOUD_DATA_DIR": str(settings.DATA_DIR / "localcloud"),
                    "LOCALCLOUD_ACCESS_KEY_ID": self._key.id,
                    "LOCALCLOUD_ACCESS_KEY_SECRET": self._key.secret,
                },
            )
        )

    async def _start_web(self) -> None:
        self._say("Starting the console.")
        plan = self._plan
        command = [
            sys.executable, "-m", "granian", "console.wsgi:application",
            "--interface", "wsgi",
            "--host", plan.console_address,
            "--port", str(plan.console_port),
            "--workers", str(min(_MOST_WEB_PROCESSES, os.cpu_count() or 1)),
            "--blocking-threads", str(_WEB_THREADS),
            "--respawn-failed-workers",
            "--workers-kill-timeout", "5",
            "--no-ws",
            "--log-level", "warning",
        ]  # fmt: skip
        await self._processes.start(
            Program("web", command, ready=_answers(f"{plan.console_url}{_READY_PATH}"))
        )

    async def _start_worker(self) -> None:
        await self._processes.start(Program("worker", [*_MANAGE, "worker"], ready=_at_once))

    async def _first_sync(self) -> None:
        """Read the cloud into the mirror; the console is of use without, so failing only speaks."""
        try:
            await self._processes.run("sync", [*_MANAGE, "sync"])
            addresses = await self._processes.run("addresses", [*_MANAGE, "list_addresses"])
        except ProgramFailed as error:
            self._say(f"{error}\nThe console runs on with what it knows; Refresh tries again.")
            return
        if self._plan.runs_cloud:
            self._say(_table("Load balancers", addresses.splitlines()))

    async def _welcome(self, sign_in: str) -> str:
        plan = self._plan
        rows = [
            _table("Console", [f"{plan.console_url}/"]),
            _table("Sign in", sign_in.splitlines()),
        ]
        if plan.runs_cloud:
            rows += [
                _table("Local cloud", [plan.localcloud_url]),
                _table("AccessKey ID", [self._key.id]),
                _table("AccessKey secret", [self._key.secret]),
                _table("Data plane", await _data_plane(f"{plan.localcloud_url}{_READY_PATH}")),
            ]
        else:
            rows.append(_table("Cloud", [settings.CLOUD_ENDPOINT]))
        rows.append(_table("Data", [f"{settings.DATA_DIR} (kept when you stop with Ctrl-C)"]))
        return "\n".join(["", *rows, ""])


async def _check_database(url: str) -> None:
    """Raises Refused when the user's own database does not let us in."""
    try:
        connection = await psycopg.AsyncConnection.connect(url, connect_timeout=_PROBE_SECONDS)
    except psycopg.Error as error:
        raise Refused(f"The database of DATABASE_URL cannot be used: {error}") from None
    await connection.close()


async def _data_plane(url: str) -> list[str]:
    """Whether load balancers take traffic, and what a person should know about it."""
    async with aiohttp.ClientSession() as session, session.get(url) as reply:
        state = await reply.json()
    plane = state["dataplane"]
    return ["on", *state["notices"]] if plane["on"] else [f"off: {plane['reason']}"]


async def _at_once() -> bool:
    """For a program that nobody waits for."""
    return True


def _answers(url: str) -> Callable[[], Awaitable[bool]]:
    async def ask() -> bool:
        timeout = aiohttp.ClientTimeout(total=_PROBE_SECONDS)
        try:
            async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as reply:
                return reply.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    return ask


def _table(title: str, lines: list[str]) -> str:
    titles = [title, *[""] * (len(lines) - 1)]
    return "\n".join(f"  {name:<18}{line}" for name, line in zip(titles, lines, strict=False))
