"""The admin interface: faults on request. JSON over HTTP on a Unix socket beside the state.

A socket file and no port: the file system says who may ask (the socket is its owner's alone), no
web page can reach it, and there is no port to choose or to keep others from. Whoever may open it
may read the access keys and the state as well, so it is always there and asks for no signature.

    GET     /faults           the faults in force, and what is down or locked by request
    POST    /faults           begin one; the body is a fault of faults.py; answers it with its ID
    DELETE  /faults           end all, bring those instances up and unlock those load balancers
    DELETE  /faults/<id>      end one
    POST    /instances/<id>   {"status": "Stopped"} or {"status": "Running"}
    POST    /balancers/<id>   {"status": "locked"} or {"status": "active"}

An instance that goes down is Stopped in DescribeInstances and answers no request and no health
check. A load balancer that is locked, as the cloud does it when a bill is overdue and no action
can, serves nothing and can be read only. Both are state like any other: they outlive a restart,
the faults do not.

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
from vservers.localcloud.model import Balancer, Instance
from vservers.localcloud.store import Draft

SOCKET = "admin.sock"
STATUSES = ("Running", "Stopped")
BALANCER_STATUSES = ("active", "locked")
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
        self._locked: set[str] = set()
        application = web.Application(client_max_size=_MAX_BODY_BYTES, middlewares=[_say_why])
        application.router.add_get("/faults", self.list_all)
        application.router.add_post("/faults", self.begin)
        application.router.add_delete("/faults", self.clear_all)
        application.router.add_delete("/faults/{id:[0-9]{1,9}}", self.clear_one)
        application.router.add_post("/instances/{id}", self.set_instance)
        application.router.add_post("/balancers/{id}", self.set_balancer)
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
            {
                "faults": self._cloud.faults.shown(),
                "instances_down": sorted(self._down),
                "balancers_locked": sorted(self._locked),
            }
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
        for balancer_id in sorted(self._locked):
            await self._lock(balancer_id, locked=False)
        return web.json_response({"ended": ended})

    async def clear_one(self, request: web.Request) -> web.Response:
        """One fault less; 404 when it is over already."""
        ended = self._cloud.faults.clear(int(request.match_info["id"]))
        return web.json_response({"ended": ended}, status=200 if ended else 404)

    async def set_instance(self, request: web.Request) -> web.Response:
        """An instance goes down, or comes up."""
        status = await _status(request, STATUSES)
        instance_id = request.match_info["id"]
        if not await self._set(instance_id, status):
            return web.json_response({"error": f"there is no instance {instance_id}"}, status=404)
        await self._cloud.plane.settled()
        return web.json_response({"id": instance_id, "status": status})

    async def set_balancer(self, request: web.Request) -> web.Response:
        """A load balancer is locked, or active again."""
        status = await _status(request, BALANCER_STATUSES)
        balancer_id = request.match_info["id"]
        if not await self._lock(balancer_id, locked=status == "locked"):
            error = f"there is no load balancer {balancer_id}"
            return web.json_response({"error": error}, status=404)
        await self._cloud.plane.settled()
        return web.json_response({"id": balancer_id, "status": status})

    async def _set(self, instance_id: str, status: str) -> bool:
        """Store the status of the instance; False when there is none."""
        found = await self._change(
            Instance, instance_id, lambda instance: replace(instance, status=status)
        )
        if status == "Running":
            self._down.discard(instance_id)
        elif found:
            self._down.add(instance_id)
        return found

    async def _lock(self, balancer_id: str, *, locked: bool) -> bool:
        """Lock or unlock the load balancer; False when there is none.

        One without listeners that was inactive for want of them is so again afterwards.
        """

        def changed(balancer: Balancer) -> Balancer:
            if locked:
                return replace(balancer, status="locked")
            return replace(balancer, status="inactive" if balancer.idle else "active")

        found = await self._change(Balancer, balancer_id, changed)
        if not locked:
            self._locked.discard(balancer_id)
        elif found:
            self._locked.add(balancer_id)
        return found

    async def _change[E: (Instance, Balancer)](
        self, cls: type[E], entity_id: str, changed: Callable[[E], E]
    ) -> bool:
        """Store a changed object, whosoever it is; False when there is none."""

        def job(draft: Draft) -> dict[str, object]:
            found = 0
            for account, entity in self._cloud.store.everything(cls):
                if entity.id == entity_id:
                    current = draft.find((account, cls.kind, entity_id))
                    if current is not None:
                        draft.put(account, changed(cast(E, current)))
                        found += 1
            return {"found": found}

        return bool((await self._cloud.change(job))["found"])


async def _status(request: web.Request, allowed: tuple[str, ...]) -> str:
    status = (await _body(request)).get("status")
    if status not in allowed:
        raise BadFault(f"status must be one of {', '.join(allowed)}")
    return str(status)


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
