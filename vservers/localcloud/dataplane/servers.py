"""What the engine knows of its servers: reading it, and carrying it over a reload."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vservers.localcloud.dataplane.names import ServerKey
from vservers.localcloud.dataplane.render import Server

# Columns of "show servers state", version 1 (HAProxy's management guide, 9.3).
_BACKEND, _SERVER, _ADDRESS, _STATE = 1, 3, 4, 5
_USER_WEIGHT, _INITIAL_WEIGHT = 7, 8
_CHECK_STATUS, _CHECK_STATE, _PORT, _CHECK_PORT = 10, 13, 18, 21
_COLUMNS = 22

_STOPPED = "0"
_NO_RESULT_YET = ("0", "1")
_CHECK_CONFIGURED = 0x02

EMPTY_STATE = "1\n"

NORMAL, ABNORMAL, UNAVAILABLE = "normal", "abnormal", "unavailable"


@dataclass(frozen=True, slots=True)
class ServerState:
    """health in the cloud's words: normal, abnormal, or unavailable (no result, no check)."""

    key: ServerKey
    address: str
    port: int
    health: str
    checked: bool
    columns: tuple[str, ...]


def parse(dump: str) -> Iterator[ServerState]:
    """The servers of an answer to "show servers state"; other lines are passed over."""
    for line in dump.splitlines():
        columns = tuple(line.split())
        if len(columns) < _COLUMNS or columns[0] == "#":
            continue
        checked = bool(int(columns[_CHECK_STATE]) & _CHECK_CONFIGURED)
        yield ServerState(
            key=(columns[_BACKEND], columns[_SERVER]),
            address=columns[_ADDRESS],
            port=int(columns[_PORT]),
            health=_health(columns, checked),
            checked=checked,
            columns=columns,
        )


def _health(columns: tuple[str, ...], checked: bool) -> str:
    if not checked or columns[_CHECK_STATUS] in _NO_RESULT_YET:
        return UNAVAILABLE
    return ABNORMAL if columns[_STATE] == _STOPPED else NORMAL


def healths(dump: str) -> dict[ServerKey, str]:
    return {state.key: state.health for state in parse(dump)}


def carry_over(dump: str, wanted: Mapping[ServerKey, Server]) -> str:
    """A state file that gives the servers of the next configuration the health they have now.

    A server that moved or whose check was switched on or off starts anew. Weights and the port of
    the check are those of the next configuration, which the engine would otherwise pass over.
    """
    lines = [EMPTY_STATE]
    for state in parse(dump):
        server = wanted.get(state.key)
        if server is None or (server.address, server.port, server.checked) != (
            state.address,
            state.port,
            state.checked,
        ):
            continue
        columns = list(state.columns)
        columns[_USER_WEIGHT] = columns[_INITIAL_WEIGHT] = str(server.weight)
        columns[_CHECK_PORT] = "0"
        lines.append(" ".join(columns) + "\n")
    return "".join(lines)
