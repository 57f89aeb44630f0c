"""`python -m vservers.localcloud`: run the local cloud until SIGTERM or Ctrl-C."""

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

from aiohttp import web

from vservers.localcloud import demo
from vservers.localcloud.admin import Admin
from vservers.localcloud.cloud import Cloud
from vservers.localcloud.data_dir import STATE_FILE, CannotStart, locked
from vservers.localcloud.dataplane import DataPlane
from vservers.localcloud.encryption import CERTIFICATE, server_context
from vservers.localcloud.endpoint import MAX_LINE_BYTES, Endpoint
from vservers.localcloud.keys import DEFAULT_ACCOUNT, open_key_ring
from vservers.localcloud.metrics import PERIOD_SECONDS, Metrics
from vservers.localcloud.plane import NoPlane, Plane
from vservers.localcloud.quotas import Quotas
from vservers.localcloud.store import Changes, Store

_BACKLOG = 512
_CANNOT_START = 2
# How long running requests may take to end when we are told to stop.
_SHUTDOWN_SECONDS = 5.0


def main() -> int:
    """Run; 0 after a clean stop, 2 when it could not start."""
    options = _options()
    logging.basicConfig(level=logging.INFO, format="localcloud: %(levelname)s %(message)s")
    try:
        asyncio.run(_serve(options))
    except CannotStart as reason:
        print(f"local cloud: {reason}", file=sys.stderr)
        return _CANNOT_START
    return 0


def _options() -> argparse.Namespace:
    environment = os.environ
    parser = argparse.ArgumentParser(
        prog="python -m vservers.localcloud",
        description="The embedded local cloud: SLB and ECS OpenAPI on loopback.",
        epilog="Access keys are never on the command line: set LOCALCLOUD_ACCESS_KEY_ID and "
        "LOCALCLOUD_ACCESS_KEY_SECRET, or find a generated pair in the data directory.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port",
        type=int,
        default=environment.get("LOCALCLOUD_PORT", "8001"),
        help="port to listen on, 0 for a free one (LOCALCLOUD_PORT, else 8001)",
    )
    parser.add_argument(
        "--tls-port",
        type=int,
        default=environment.get("LOCALCLOUD_TLS_PORT") or None,
        help="port for HTTPS beside it, with a certificate of our own in the data directory, 0 for "
        "a free one (LOCALCLOUD_TLS_PORT, else no HTTPS)",
    )
    parser.add_argument(
        "--tls-names",
        default=environment.get("LOCALCLOUD_TLS_NAMES", ""),
        metavar="NAMES",
        help="further names in that certificate, comma-separated, for clients whose hosts file "
        "leads a name of the vendor here (LOCALCLOUD_TLS_NAMES)",
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=environment.get("LOCALCLOUD_DATA_DIR", "var/localcloud"),
        help="where the state is kept (LOCALCLOUD_DATA_DIR, else var/localcloud)",
    )
    parser.add_argument(
        "--network",
        default=environment.get("LOCALCLOUD_NETWORK", "127.64.0.0/16"),
        help="loopback network of balancers and instances (LOCALCLOUD_NETWORK, else 127.64.0.0/16)",
    )
    parser.add_argument(
        "--demo",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="fill an empty default account with demo objects",
    )
    parser.add_argument(
        "--dataplane",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="serve real traffic through HAProxy",
    )
    parser.add_argument(
        "--instances",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="answer at the instances' addresses; without, run servers of your own there",
    )
    parser.add_argument(
        "--quotas",
        default=environment.get("LOCALCLOUD_QUOTAS", ""),
        help="other limits than the cloud's: name=number, comma-separated, 0 for none "
        "(LOCALCLOUD_QUOTAS)",
    )
    parser.add_argument(
        "--settling",
        type=int,
        default=environment.get("LOCALCLOUD_SETTLING_MS", "0"),
        metavar="MS",
        help="how long a listener is starting, stopping or configuring (LOCALCLOUD_SETTLING_MS)",
    )
    parser.add_argument(
        "--metric-seconds",
        type=int,
        default=environment.get("LOCALCLOUD_METRIC_SECONDS", str(PERIOD_SECONDS)),
        help="seconds between points of a metric; less than 60 is for tests "
        "(LOCALCLOUD_METRIC_SECONDS, else %(default)s)",
    )
    return parser.parse_args()


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # Bound before anything is made, so that a taken port leaves no trace; heard only when ready.
    with contextlib.ExitStack() as held:
        listening = held.enter_context(_bound_socket(options.host, options.port, "LOCALCLOUD_PORT"))
        encrypted = None
        if options.tls_port is not None:
            encrypted = held.enter_context(
                _bound_socket(options.host, options.tls_port, "LOCALCLOUD_TLS_PORT")
            )
        held.enter_context(locked(options.data_dir))
        try:
            keys = open_key_ring(options.data_dir, os.environ)
            store = _loaded(options.data_dir / STATE_FILE)
            metrics = Metrics(options.data_dir / "metrics.sqlite3", options.metric_seconds)
            cloud = Cloud(
                store,
                _plane(options),
                options.network,
                metrics,
                quotas=Quotas.parsed(options.quotas),
                settling=options.settling,
            )
            admin = Admin(cloud, options.data_dir)
            names = [name.strip() for name in options.tls_names.split(",") if name.strip()]
            tls = server_context(options.data_dir, options.host, names) if encrypted else None
        except (ValueError, OSError) as error:
            raise CannotStart(str(error)) from error
        except sqlite3.Error as error:
            raise CannotStart(f"the state in {options.data_dir} cannot be used: {error}") from error
        if options.demo and not store.holds(DEFAULT_ACCOUNT):
            store_demo(cloud)
        await cloud.start()
        runner = web.AppRunner(
            Endpoint(cloud, keys).application(),
            access_log=None,
            shutdown_timeout=_SHUTDOWN_SECONDS,
            max_line_size=MAX_LINE_BYTES,
            max_field_size=MAX_LINE_BYTES,
        )
        try:
            await runner.setup()
            await admin.start()
            await web.SockSite(runner, listening, backlog=_BACKLOG).start()
            if encrypted is not None:
                await web.SockSite(runner, encrypted, ssl_context=tls, backlog=_BACKLOG).start()
                host, port = encrypted.getsockname()[:2]
                trusted = options.data_dir / CERTIFICATE
                print(f"HTTPS on https://{host}:{port}, certificate {trusted}", flush=True)
            host, port = listening.getsockname()[:2]
            print(f"local cloud ready on http://{host}:{port}", flush=True)
            await stop.wait()
        finally:
            await runner.cleanup()
            await admin.stop()
            await cloud.stop()


def _loaded(path: Path) -> Store:
    """The store, with all its objects set aside for good from Python's search for garbage.

    A large account is loaded in three quarters of the time without that search, and is not gone
    through again by each later one.
    """
    gc.disable()
    try:
        return Store(path)
    finally:
        gc.freeze()
        gc.enable()


def store_demo(cloud: Cloud) -> None:
    """Put the demo's objects into the default account, all or none."""
    changes: Changes = {
        (DEFAULT_ACCOUNT, entity.kind, entity.id): entity
        for entity in demo.entities(cloud.addresses)
    }
    cloud.store.write(changes)
    cloud.store.publish(changes)


def _plane(options: argparse.Namespace) -> Plane:
    if not options.dataplane:
        return NoPlane("switched off with --no-dataplane")
    return DataPlane(options.data_dir / "dataplane", instances=options.instances)


@contextlib.contextmanager
def _bound_socket(host: str, port: int, setting: str) -> Iterator[socket.socket]:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
        except (OSError, OverflowError) as error:
            raise CannotStart(
                f"cannot listen on {host}:{port} ({error}); set {setting} to another port"
            ) from error
        yield listening


if __name__ == "__main__":
    sys.exit(main())
