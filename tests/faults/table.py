"""What each kind of bad day does to a change, and what the person who made it sees.

The table is tried by test_faults.py on every kind of call, and printed into docs/faults.md by

    python -m tests.faults.table
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.flaky import Fault, FlakyCloud, refusal
from tests.localcloud.process import LocalCloud
from vservers.localcloud.faultctl import ask

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
_HTML = (200, b"<html>Welcome to the airport</html>")


@dataclass(frozen=True)
class Act:
    """A change that is one call. planned_on, shown_by: the readings before and after it.

    looked_for_in: the reading that tells whether it took place when its answer was lost.
    """

    name: str
    action: str
    planned_on: str
    looked_for_in: str
    shown_by: str


_GROUP = "DescribeVServerGroupAttribute"
_GROUPS = "DescribeVServerGroups"
_LISTENERS = "DescribeLoadBalancerListeners"
ACTS = [
    Act("create a group", "CreateVServerGroup", _GROUPS, _GROUPS, _GROUP),
    Act("add servers", "AddVServerGroupBackendServers", _GROUP, _GROUP, _GROUP),
    Act("set weights", "SetVServerGroupAttribute", _GROUP, _GROUP, _GROUP),
    Act("remove servers", "RemoveVServerGroupBackendServers", _GROUP, _GROUP, _GROUP),
    Act("create a listener", "CreateLoadBalancerHTTPListener", _LISTENERS, _LISTENERS, _LISTENERS),
]

Meets = Callable[[FlakyCloud, LocalCloud, Act], object]


@dataclass(frozen=True)
class Row:
    """One bad day. meets: what brings it about.

    sees: the exception that the service raises, "" for success; code, words: what it says, with
    {action}. status: of the operation then; ends: after a worker came by. shows: whether the mirror
    holds the new state or the old one. patience, confirm: seconds for a busy cloud and for readings
    that lag, where the test takes others than the console's.
    """

    day: str
    meets: Meets
    sees: str
    code: str
    words: str
    status: str
    shows: str
    ends: str
    patience: float = 8
    confirm: float = 0.2


def _refused(code: str, times: int) -> Meets:
    return lambda flaky, cloud, act: flaky.refuse(act.action, code, times)


def _meets(fault: Fault) -> Meets:
    return lambda flaky, cloud, act: flaky.meet(act.action, fault)


def _lags(milliseconds: int) -> Meets:
    def meet(flaky: FlakyCloud, cloud: LocalCloud, act: Act) -> None:
        fault = {"kind": "lag", "actions": ["Describe*"], "ms": milliseconds}
        status, told = ask(cloud.data_dir, "POST", "/faults", fault)
        assert status == 201, told

    return meet


def _unread(flaky: FlakyCloud, cloud: LocalCloud, act: Act) -> None:
    flaky.after(act.action, act.shown_by, "InternalError")


def _unknown(flaky: FlakyCloud, cloud: LocalCloud, act: Act) -> None:
    flaky.drop_answers(act.action, 1)
    flaky.after(act.action, act.looked_for_in, "InternalError")


LOST = "{action} got no usable answer, and reading the cloud shows that it did not take place."
UNKNOWN = "It is not known whether {action} took place. It will be found out by reading the cloud."
WAITING = (
    "The cloud is busy ({code}: Not now.). The change goes on by itself as soon as the cloud takes "
    "it."
)
NOTHING = "Nothing was changed."
OVERTAKEN = "The change was made. The cloud confirmed it, but shows something else now"
FAILED, WAITS, UNREAD = "CallFailed", "Waiting", "NotReread"
_BUSY = "VServerGroupProcessing"

ROWS = [
    Row("throttles two calls", _refused("Throttling.User", 2), "", "", "", "done", "new", "done"),
    Row(
        "throttles for longer than a person waits",
        _refused("Throttling.User", 50),
        WAITS,
        "Throttling.User",
        WAITING,
        "waiting",
        "old",
        "done",
        patience=0.3,
    ),
    Row(
        "is busy with an earlier change, twice",
        _refused(_BUSY, 2),
        "",
        "",
        "",
        "done",
        "new",
        "done",
    ),
    Row(
        "is busy for longer than a person waits",
        _refused(_BUSY, 50),
        WAITS,
        _BUSY,
        WAITING,
        "waiting",
        "old",
        "done",
        patience=0.3,
    ),
    Row(
        "refuses",
        _refused("ActionNotAllowed", 1),
        FAILED,
        "ActionNotAllowed",
        NOTHING,
        "failed",
        "old",
        "failed",
    ),
    Row(
        "answers HTTP 500 and has done nothing",
        _meets(Fault(False, answer=refusal("InternalError", 500))),
        FAILED,
        "InternalError",
        LOST,
        "failed",
        "old",
        "failed",
    ),
    Row(
        "answers HTTP 500 and has done it",
        _meets(Fault(True, answer=refusal("InternalError", 500))),
        "",
        "",
        "",
        "done",
        "new",
        "done",
    ),
    Row(
        "answers HTTP 503 and has done nothing",
        _meets(Fault(False, answer=refusal("ServiceUnavailable", 503))),
        FAILED,
        "ServiceUnavailable",
        LOST,
        "failed",
        "old",
        "failed",
    ),
    Row(
        "never answers and has done nothing",
        _meets(Fault(False, "silent")),
        FAILED,
        "NoAnswer",
        LOST,
        "failed",
        "old",
        "failed",
    ),
    Row(
        "never answers and has done it",
        _meets(Fault(True, "silent")),
        "",
        "",
        "",
        "done",
        "new",
        "done",
    ),
    Row(
        "closes the connection and has done nothing",
        _meets(Fault(False, "dropped")),
        FAILED,
        "NoAnswer",
        LOST,
        "failed",
        "old",
        "failed",
    ),
    Row(
        "closes the connection and has done it",
        _meets(Fault(True, "dropped")),
        "",
        "",
        "",
        "done",
        "new",
        "done",
    ),
    Row(
        "closes the connection, has done it, and cannot be read",
        _unknown,
        FAILED,
        "NoAnswer",
        UNKNOWN,
        "unknown",
        "old",
        "done",
    ),
    Row(
        "answers a byte now and then, for ever",
        _meets(Fault(True, "trickling")),
        "",
        "",
        "",
        "done",
        "new",
        "done",
    ),
    Row(
        "answers something else than the API's JSON and has done nothing",
        _meets(Fault(False, answer=_HTML)),
        FAILED,
        "UnreadableAnswer",
        LOST,
        "failed",
        "old",
        "failed",
    ),
    Row(
        "answers something else than the API's JSON and has done it",
        _meets(Fault(True, answer=_HTML)),
        "",
        "",
        "",
        "done",
        "new",
        "done",
    ),
    Row(
        "takes no connection",
        lambda flaky, cloud, act: flaky.vanish(after=act.planned_on),
        FAILED,
        "CloudUnreachable",
        NOTHING,
        "failed",
        "old",
        "failed",
    ),
    Row(
        "shows its state of a second ago",
        _lags(1000),
        "",
        "",
        "",
        "done",
        "new",
        "done",
        confirm=20,
    ),
    Row(
        "shows its old state for longer than is waited for",
        _lags(30_000),
        "Overtaken",
        "",
        OVERTAKEN,
        "done",
        "old",
        "done",
    ),
    Row(
        "has done it and cannot be read",
        _unread,
        UNREAD,
        "",
        "The change was made, but reading it back failed (InternalError: Not now.). Press Refresh.",
        "done",
        "old",
        "done",
    ),
]

_HEAD = """\
# When the cloud has a bad day

What a person sees whose change meets a fault of the cloud or of the network, whatever
the change is. Written by `python -m tests.faults.table`; `tests/faults` tries each
row on each of these calls:
{acts}.

A worker brings "unknown" and "waiting" operations to their end; the last column is what they are
then. A failed operation can be tried again (`Retry the rest`): what stands already is not sent
again, and a group whose creation was lost is looked for first. The page shows what was read last
from the cloud: where that is the old state although the change was made, Refresh reads it again.

| The cloud … | You see | Code | The operation is | The page shows | After the worker |
| --- | --- | --- | --- | --- | --- |
"""


def _seen(row: Row) -> str:
    if not row.sees:
        return "success"
    words = row.words.format(action="the action", code=row.code)
    return f"{words[:1].upper()}{words[1:]}" + ("" if words.endswith(".") else " …")


def document() -> str:
    """docs/faults.md."""
    acts = ",\n".join(f"`{act.action}`" for act in ACTS)
    lines = [
        f"| {row.day} | {_seen(row)} | {f'`{row.code}`' if row.code else ''} | {row.status} "
        f"| the {row.shows} state | {row.ends} |\n"
        for row in ROWS
    ]
    return _HEAD.format(acts=acts) + "".join(lines)


if __name__ == "__main__":
    DOCUMENT.write_text(document())
