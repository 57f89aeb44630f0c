"""What `manage.py up` is to run, read from the environment and checked before anything starts."""

import errno
import socket
from collections.abc import Mapping
from dataclasses import dataclass

_LOOPBACK = "127.0.0.1"


class Refused(Exception):
    """The environment asks for something that cannot be; the text names the variable to set."""


@dataclass(frozen=True)
class Plan:
    """Where the console listens, and whether the database and the cloud are ours to run."""

    console_address: str
    console_port: int
    localcloud_port: int
    runs_database: bool
    runs_cloud: bool

    @property
    def console_url(self) -> str:
        """The console as a browser on this machine reaches it."""
        anywhere = self.console_address in {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound
        host = _LOOPBACK if anywhere else self.console_address
        return f"http://{f'[{host}]' if ':' in host else host}:{self.console_port}"

    @property
    def localcloud_url(self) -> str:
        return f"http://{_LOOPBACK}:{self.localcloud_port}"

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Plan":
        """Raises Refused when the values make no sense, alone or together."""
        pairs = [
            ("CLOUD_ENDPOINT", "CLOUD_ACCESS_KEY_ID", "CLOUD_ACCESS_KEY_SECRET"),
            ("LOCALCLOUD_ACCESS_KEY_ID", "LOCALCLOUD_ACCESS_KEY_SECRET"),
        ]
        for names in pairs:
            missing = [name for name in names if not environment.get(name)]
            if missing and len(missing) < len(names):
                raise Refused(
                    f"{' and '.join(names)} belong together: set {' and '.join(missing)}."
                )
        plan = cls(
            console_address=environment.get("CONSOLE_ADDRESS") or _LOOPBACK,
            console_port=_port(environment, "CONSOLE_PORT", 8000),
            localcloud_port=_port(environment, "LOCALCLOUD_PORT", 8001),
            runs_database=not environment.get("DATABASE_URL"),
            runs_cloud=not environment.get("CLOUD_ENDPOINT"),
        )
        if plan.runs_cloud and plan.console_port == plan.localcloud_port:
            raise Refused("CONSOLE_PORT and LOCALCLOUD_PORT are the same: set one of them.")
        return plan

    def check_ports(self) -> None:
        """Raises Refused when a port is not free."""
        _check_port("CONSOLE_PORT", self.console_address, self.console_port)
        if self.runs_cloud:
            _check_port("LOCALCLOUD_PORT", _LOOPBACK, self.localcloud_port)


def _port(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise Refused(f"{name} is {text!r}: set it to a port from 1 to 65535.")
    return int(text)


def _check_port(name: str, address: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # Connections of an earlier run that are still fading away are no reason to refuse.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
            probe.listen()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise Refused(
                    f"Port {port} on {address} is taken by another program. Set {name} to a free "
                    f"port, for example: make run {name}={_free_port(address, family)}"
                ) from None
            if error.errno == errno.EACCES:
                raise Refused(
                    f"This user may not listen on port {port}. Set {name} to a port above 1023."
                ) from None
            raise Refused(
                f"{address} port {port} cannot be listened on ({error.strerror}). Set {name} or "
                "CONSOLE_ADDRESS."
            ) from None


def _free_port(address: str, family: socket.AddressFamily) -> int:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])
