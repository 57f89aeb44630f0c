"""A process with Django loaded and nothing open, which forks a child for each task it is given.

A child carries out one task with real commits and real calls, counts its steps, and may kill itself
by SIGKILL at one of them. So a crash costs a fork instead of the start of a program.

    python -m tests.crashes.nursery     tasks as JSON lines on stdin, reports on stdout
"""

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
_CRASHED = 70


@dataclass(frozen=True)
class Report:
    """What a child did. steps: in order, the last is where it died if it did."""

    died: bool
    steps: list[str]
    error: str

    @property
    def writes(self) -> list[str]:
        """The writing calls that were sent."""
        return [step.removeprefix("after ") for step in self.steps if _is_write(step)]


def _is_write(step: str) -> bool:
    """Whether the step is right after a writing call was carried out."""
    when, _, what = step.partition(" ")
    return when == "after" and not what.startswith(("Describe", "commit"))


class Nursery:
    """The process, from the test's side. database, cloud: settings for its children."""

    def __init__(self, *, database: dict[str, Any], cloud: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crashes.nursery"],
            cwd=ROOT,
            env={
                **os.environ,
                **cloud,
                "NURSERY_DATABASE": json.dumps(database),
                "DJANGO_SETTINGS_MODULE": "console.settings",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(
        self, task: str, *, kill_at: int = 0, kill_after_write: int = 0, **arguments: Any
    ) -> Report:
        """Let a child do a task of tasks.TASKS.

        kill_at: it dies at its step of that number, from 1. kill_after_write: as soon as the cloud
        has carried out its writing call of that number, from 1.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        order = {
            "task": task,
            "kill_at": kill_at,
            "kill_after_write": kill_after_write,
            "arguments": arguments,
        }
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return Report(**json.loads(self._process.stdout.readline()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate(timeout=30)


class Steps:
    """Counts what a child does to the cloud and to the database, and kills it at one step."""

    def __init__(self, pipe: int, kill_at: int, *, kill_after_write: int) -> None:
        self._pipe = pipe
        self._left = kill_at
        self._writes_left = kill_after_write

    def reach(self, step: str) -> None:
        os.write(self._pipe, f"{step}\n".encode())
        self._left -= 1
        self._writes_left -= _is_write(step)
        if self._left == 0 or (self._writes_left == 0 and _is_write(step)):
            os.kill(os.getpid(), signal.SIGKILL)

    def install(self) -> None:
        """Around every cloud call and every commit of this process."""
        from django.db import connection

        from vservers.cloud import sending

        send = sending.post

        def post(base: str, path: str, headers: Any) -> Any:
            action = headers["x-acs-action"]
            self.reach(f"before {action}")
            answer = send(base, path, headers)
            self.reach(f"after {action}")
            return answer

        sending.post = post
        commit = connection._commit
        written: list[str] = []

        def execute(
            run: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any
        ) -> Any:
            words = str(sql).split()
            if words[0] not in {"INSERT", "UPDATE", "DELETE"}:
                return run(sql, params, many, context)
            name = f"commit {words[0]} {words[1 if words[0] == 'UPDATE' else 2]}"
            if connection.in_atomic_block:
                written.append(name)
                return run(sql, params, many, context)
            self.reach(f"before {name}")
            result = run(sql, params, many, context)
            self.reach(f"after {name}")
            return result

        def committing() -> None:
            name = f"commit of {len(written)} writes"
            if written:
                self.reach(f"before {name}")
            commit()
            if written:
                written.clear()
                self.reach(f"after {name}")

        connection.execute_wrappers.append(execute)
        connection._commit = committing


def _child(order: dict[str, Any], pipe: int) -> None:
    from tests.crashes.tasks import TASKS

    Steps(pipe, order["kill_at"], kill_after_write=order["kill_after_write"]).install()
    TASKS[order["task"]](**order["arguments"])


def _tend(order: dict[str, Any]) -> dict[str, Any]:
    """Fork, and say what became of the child."""
    reading, writing = os.pipe()
    errors, complaining = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = _CRASHED
        try:
            os.close(reading)
            _child(order, writing)
            code = 0
        except BaseException:
            os.write(complaining, traceback.format_exc().encode())
        finally:
            os._exit(code)
    os.close(writing)
    os.close(complaining)
    with os.fdopen(reading) as steps, os.fdopen(errors) as complaints:
        done = steps.read().splitlines()
        said = complaints.read()
    _, status = os.waitpid(pid, 0)
    return {"died": os.WIFSIGNALED(status), "steps": done, "error": said}


def main() -> None:
    from django.conf import settings

    chosen = settings.DATABASES["default"]
    chosen.update(json.loads(os.environ["NURSERY_DATABASE"]))
    chosen["OPTIONS"].pop("pool", None)

    import django

    django.setup()
    import tests.crashes.tasks  # noqa: F401 - loaded before the first fork

    for line in sys.stdin:
        print(json.dumps(_tend(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
