"""`python -m vservers.localcloud.faultctl`: ask a running local cloud for faults (see faults.py).

faultctl list
faultctl add latency --actions 'Describe*' --ms 300 --jitter-ms 100
faultctl add throttle --actions '*VServerGroup*' --per-second 2
faultctl add error --actions CreateRules --status 500 --code InternalError --times 3
faultctl add busy --actions SetVServerGroupAttribute --code VServerGroupProcessing --times 2
faultctl add drop --actions CreateVServerGroup --times 1
faultctl add lag --ms 1500
faultctl stop i-bp1web0100000000000000
faultctl start i-bp1web0100000000000000
faultctl lock lb-bp1shopinternet0001
faultctl unlock lb-bp1shopinternet0001
faultctl clear [ID]
"""

import argparse
import http.client
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

from vservers.localcloud.admin import socket_path

_SECONDS = 30.0
_REFUSED = 1
_NOT_RUNNING = 2
_LOCKS = {"lock": "locked", "unlock": "active"}


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("admin", timeout=_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def ask(
    data_dir: Path, method: str, path: str, body: dict[str, Any] | None = None
) -> tuple[int, dict[str, Any]]:
    """Status and answer of one request to the admin interface. Raises OSError: nobody listens."""
    connection = _Connection(socket_path(data_dir))
    try:
        connection.request(method, path, None if body is None else json.dumps(body))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"{}")
    finally:
        connection.close()


def main(arguments: list[str] | None = None) -> int:
    """Ask; 0 when done, 1 when refused, 2 when no local cloud runs there."""
    options = _parser().parse_args(arguments)
    method, path, body = _request(options)
    try:
        status, answer = ask(options.data_dir, method, path, body)
    except OSError as error:
        print(f"no local cloud answers in {options.data_dir}: {error}", file=sys.stderr)
        return _NOT_RUNNING
    print(json.dumps(answer, indent=2))
    return 0 if status < http.client.BAD_REQUEST else _REFUSED


def _request(options: argparse.Namespace) -> tuple[str, str, dict[str, Any] | None]:
    if options.command == "add":
        names = ("kind", "actions", "times", "ms", "jitter_ms", "per_second", "status", "code")
        given = {name: getattr(options, name) for name in names}
        return "POST", "/faults", {name: one for name, one in given.items() if one is not None}
    if options.command == "clear":
        return "DELETE", "/faults" if options.id is None else f"/faults/{options.id}", None
    if options.command == "list":
        return "GET", "/faults", None
    if options.command in _LOCKS:
        return "POST", f"/balancers/{options.balancer}", {"status": _LOCKS[options.command]}
    status = {"stop": "Stopped", "start": "Running"}[options.command]
    return "POST", f"/instances/{options.instance}", {"status": status}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m vservers.localcloud.faultctl",
        description="Ask a running local cloud for faults.",
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=os.environ.get("LOCALCLOUD_DATA_DIR", "var/localcloud"),
        help="the cloud's data directory (LOCALCLOUD_DATA_DIR, else var/localcloud)",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="show the faults in force")
    add = commands.add_parser("add", help="begin a fault")
    add.add_argument("kind", help="latency, throttle, error, busy, drop or lag")
    add.add_argument("--actions", nargs="+", metavar="PATTERN", help="such as 'Describe*' (all)")
    add.add_argument("--times", type=int, help="for so many calls (until cleared)")
    add.add_argument("--ms", type=int, help="of latency and lag")
    add.add_argument("--jitter-ms", type=int, help="of latency: up to so much more")
    add.add_argument("--per-second", type=float, help="of throttle: calls that pass")
    add.add_argument("--status", type=int, help="of error (503)")
    add.add_argument("--code", help="of error (ServiceUnavailable) and busy (ServiceIsConfiguring)")
    clear = commands.add_parser("clear", help="end one fault or all")
    clear.add_argument("id", nargs="?", type=int)
    for word, meaning in (("stop", "take an ECS instance down"), ("start", "bring it up again")):
        commands.add_parser(word, help=meaning).add_argument("instance")
    for word, meaning in (("lock", "lock a load balancer, as if overdue"), ("unlock", "unlock it")):
        commands.add_parser(word, help=meaning).add_argument("balancer")
    return parser


if __name__ == "__main__":
    sys.exit(main())
