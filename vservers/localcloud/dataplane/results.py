"""What the engine's last check of each server said, and since when a server is as it is."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vservers.localcloud.dataplane.names import ServerKey

# Column check_status of "show stat" (HAProxy's management guide, 9.1) to the words of answers.
_WORDS = {
    "L4OK": "ok",
    "L6OK": "ok",
    "L7OK": "ok",
    "L7OKC": "ok",
    "L4CON": "refused",
    "L4TOUT": "timeout",
    "L6TOUT": "timeout",
    "L7TOUT": "timeout",
    "L7STS": "status",
    "L7RSP": "invalid",
    "L6RSP": "invalid",
    "SOCKERR": "refused",
}
_NO_RESULT = ("", "UNK", "INI", "CHECKED")
_LONGEST_MESSAGE = 120


@dataclass(frozen=True, slots=True)
class CheckResult:
    """word: ok, refused, timeout, status (code is not among the normal ones), invalid or failed.

    code: the HTTP status of the answer, 0 without one. message: the engine's own words.
    milliseconds: how long the check took. unchanged_seconds: since the server came or went.
    """

    word: str
    code: int
    message: str
    milliseconds: int
    unchanged_seconds: int


def parse(answer: str) -> Iterator[tuple[ServerKey, CheckResult]]:
    """((backend, server), result) of an answer to "show stat", of what has been checked."""
    for row in csv.DictReader(answer.strip().removeprefix("# ").splitlines()):
        # An asterisk in front: a check is under way, and the result is the one before.
        status = (row.get("check_status") or "").removeprefix("* ")
        if status not in _NO_RESULT:
            yield (row["pxname"], row["svname"]), _result(status, row)


def _result(status: str, values: Mapping[str, str]) -> CheckResult:
    return CheckResult(
        word=_WORDS.get(status, "failed"),
        code=_number(values["check_code"]) if status.startswith("L7") else 0,
        message=(values["last_chk"] or values["check_desc"])[:_LONGEST_MESSAGE],
        milliseconds=_number(values["check_duration"]),
        unchanged_seconds=_number(values["lastchg"]),
    )


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0
