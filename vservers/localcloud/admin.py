"""The admin interface: faults on request. JSON over HTTP on a Unix socket beside the state.

A socket file and no port: the file system says who may ask (the socket is its owner's alone), no
web page can reach it, and there is no port to choose or to keep others from. Whoever may open it
may read the access keys and the state as well, so it is always there and asks for no signature.

    GET     /faults           the faults in force, and the instances that are down by request
    POST    /faults           begin one; the body is a fault of faults.py; answers it with its ID
    DELETE  /faults           end all, and bring those instances up again
    DELETE  /faults/<id>      end one
    POST    /instances/<id>   {"status": "Stopped"} or {"status": "Running"}

An instance that goes down is Stopped in DescribeInstances and answers no request and no health
check. That is state like any other: it outlives a restart, the faults do not.

    python -m vservers.localcloud.faultctl --help
    curl --unix-socket var/localcloud/admin.sock http://admin/faults \
        --json '{"kind": "drop", "actions": ["CreateVServerGroup"], "times": 1}'
"""

import json
import os
import shutil
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

from aiohttp import web

from vservers.localcloud.cloud import Cloud
from vservers.localcloud.dataplane.machine import socket_folder
from vservers.localcloud.faults import BadFault
from vservers.localcloud.model import Instance
from vservers.localcloud.store import Draft

SOCKET = "admin.sock"
STATUSES = ("Running", "Stopped")
_MAX_BODY_BYTES = 64 * 1024
_BACKLOG = 16

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def socket_path(data_dir: Path) -> Path:
    """Where the socket of the cloud with this data directory is.

    In a short folder of our own when the directory's path is too long for a socket.
    Raises PermissionError when that folder belongs to somebody else.
    """
    return socket_folder(data_dir.absolute()) / SOCKET


class Admin:
    """Serves the admin interface of a cloud."""

    def __init__(self, cloud: Cloud, data_dir: Path) -> None:
        self._cloud = cloud
        self._data_dir = data_dir.absolute()
        self._path = socket_path(data_dir)
        self._down: set[str] = set()
        application = web.Application(client_max_size=_MAX_BODY_BYTES, middlewares=[_say_why])
        application.router.add_get("/faults", self.list_all)
        application.router.add_post("/faults", self.begin)
        application.router.add_delete("/faults", self.clear_all)
        application.router.add_delete("/faults/{id:[0-9]{1,9}}", self.clear_one)
        application.router.add_post("/instances/{id}", self.set_instance)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)

    async def start(self) -> None:
        """Listen. Whoever holds the data directory's lock may replace a socket left over there."""
        await self._runner.setup()
        self._path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            listening.bind(str(self._path))
        finally:
            os.umask(before)
        await web.SockSite(self._runner, listening, backlog=_BACKLOG).start()

    async def stop(self) -> None:
        """Listen no more."""
        await self._runner.cleanup()
        self._path.unlink(missing_ok=True)
        if self._path.parent != self._data_dir:
            shutil.rmtree(self._path.parent, ignore_errors=True)

    async def list_all(self, request: web.Request) -> web.Response:
        """What is in force."""
        return web.json_response(
            {"faults": self._cloud.faults.shown(), "instances_down": sorted(self._down)}
        )

    async def begin(self, request: web.Request) -> web.Response:
        """A new fault."""
        fault = self._cloud.faults.add(await _body(request))
        return web.json_response(fault.shown(), status=201)

    async def clear_all(self, request: web.Request) -> web.Response:
        """A good day again."""
        ended = self._cloud.faults.clear()
        for instance_id in sorted(self._down):
            await self._set(instance_id, "Running")
        return web.json_response({"ended": ended})

    async def clear_one(self, request: web.Request) -> web.Response:
        """One fault less; 404 when it is over already."""
        ended = self._cloud.faults.clear(int(request.match_info["id"]))
        return web.json_response({"ended": ended}, status=200 if ended else 404)

    async def set_instance(self, request: web.Request) -> web.Response:
        """An instance goes down, or comes up."""
        status = (await _body(request)).get("status")
        if status not in STATUSES:
            raise BadFault(f"status must be one of {', '.join(STATUSES)}")
        instance_id = request.match_info["id"]
        if not await self._set(instance_id, str(status)):
            return web.json_response({"error": f"there is no instance {instance_id}"}, status=404)
        await self._cloud.plane.settled()
        return web.json_response({"id": instance_id, "status": status})

    async def _set(self, instance_id: str, status: str) -> bool:
        """Store the status of the instance, whosoever it is; False when there is none."""

        def job(draft: Draft) -> dict[str, object]:
            found = 0
            for account, entity in self._cloud.store.everything(Instance):
                if entity.id == instance_id:
                    current = draft.find((account, Instance.kind, instance_id))
                    if current is not None:
                        draft.put(account, replace(cast(Instance, current), status=status))
                        found += 1
            return {"found": found}

        answer = await self._cloud.change(job)
        if status == "Running":
            self._down.discard(instance_id)
        elif answer["found"]:
            self._down.add(instance_id)
        return bool(answer["found"])


async def _body(request: web.Request) -> dict[str, object]:
    try:
        body = json.loads(await request.read() or b"{}")
    except (ValueError, RecursionError) as error:
        raise BadFault("the body must be JSON") from error
    if not isinstance(body, dict):
        raise BadFault("the body must be a JSON object")
    return body


@web.middleware
async def _say_why(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refusals as JSON."""
    try:
        return await handler(request)
    except BadFault as error:
        return web.json_response({"error": str(error)}, status=400)
