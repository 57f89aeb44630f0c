"""Who is asked in the API benchmark, and by which client.

A side makes the calls of one cloud. Each of its methods prepares one call, which is carried out
later on a connection of the side's: what preparing takes is not measured.
"""

import http.client
import itertools
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

from tests.localcloud.client import Client, text
from tests.localcloud.process import LocalCloud

REGION = "cn-hangzhou"
ROWS = 20
SERVERS = [f"i-bp1web{number:02d}".ljust(22, "0") for number in range(1, 6)]
MEMBERS = [(n, 8000 + port) for n in range(len(SERVERS)) for port in range(ROWS // len(SERVERS))]
_BALANCERS = 20
_MOTO_REGION = "us-east-1"
_START_SECONDS = 60

Call = Callable[[Any], object]


class Failed(Exception):
    """An answer that is not a success."""


class Side(Protocol):
    """One cloud and its client. groups: the names of those that `create` made, but for full ones.

    Calls raise Failed.
    """

    groups: list[str]

    def connect(self) -> Any:
        """A client's own connection, for one thread."""

    def create(self, *, full: bool = False) -> Call:
        """Make a group; full: one of those that are described all at once."""

    def add(self, group: str) -> Call:
        """Add 20 servers."""

    def describe(self, group: str) -> Call:
        """Describe one group."""

    def describe_all(self) -> Call:
        """Describe all groups; how many there are."""


class Wire:
    """A plain HTTP client's kept-alive connection: the one that both SDKs stand on, too."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Content-Type": "application/x-www-form-urlencoded"} | headers

    def ask(self, form: str) -> bytes:
        """The answer's body. Raises Failed."""
        try:
            if self._connection.sock is None:
                self._connection.connect()
                self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connection.request("POST", "/", form, self._headers)
            answer = self._connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise Failed(repr(error)) from error
        if answer.status != http.client.OK:
            raise Failed(f"{answer.status} {body[:200]!r}")
        return body


class _LocalCloudSide:
    """Load balancers of the local cloud. None takes more than 1,000 groups: they go round."""

    def __init__(self, cloud: LocalCloud) -> None:
        self._cloud = cloud
        self._client = Client(cloud)
        self._numbers = itertools.count()
        self._balancers = [self._balancer() for _ in range(_BALANCERS)]
        self._full = self._balancer()
        self.groups: list[str] = []

    def _balancer(self) -> str:
        return str(self._client.call("CreateLoadBalancer", RegionId=REGION)["LoadBalancerId"])

    def _place(self, full: bool) -> tuple[str, str]:
        """A load balancer, and the next group's name."""
        number = next(self._numbers)
        return self._full if full else self._balancers[number % _BALANCERS], f"group-{number}"


class Plain(_LocalCloudSide):
    """The local cloud, asked with signed forms."""

    def connect(self) -> Wire:
        return Wire(self._cloud.port, {})

    def _form(self, action: str, **params: object) -> str:
        given = self._client.common("slb", action)
        given |= {"RegionId": REGION} | {name: text(value) for name, value in params.items()}
        return urlencode(self._client.sign(given))

    def create(self, *, full: bool = False) -> Call:
        balancer, name = self._place(full)
        form = self._form("CreateVServerGroup", LoadBalancerId=balancer, VServerGroupName=name)

        def made(wire: Wire) -> None:
            group = json.loads(wire.ask(form))["VServerGroupId"]
            if not full:
                self.groups.append(group)

        return made

    def add(self, group: str) -> Call:
        form = self._form("AddVServerGroupBackendServers", VServerGroupId=group, **_rows(list))
        return lambda wire: wire.ask(form)

    def describe(self, group: str) -> Call:
        form = self._form("DescribeVServerGroupAttribute", VServerGroupId=group)
        return lambda wire: wire.ask(form)

    def describe_all(self) -> Call:
        form = self._form("DescribeVServerGroups", LoadBalancerId=self._full)
        return lambda wire: len(json.loads(wire.ask(form))["VServerGroups"]["VServerGroup"])


class BySdk(_LocalCloudSide):
    """The local cloud, asked by the vendor's SDK."""

    def connect(self) -> Any:
        from alibabacloud_slb20140515.client import Client as SlbClient
        from alibabacloud_tea_openapi.models import Config

        return SlbClient(
            Config(
                access_key_id=self._cloud.access_key_id,
                access_key_secret=self._cloud.access_key_secret,
                endpoint=self._cloud.host,
                protocol="HTTP",
                region_id=REGION,
            )
        )

    def create(self, *, full: bool = False) -> Call:
        balancer, name = self._place(full)
        asked = _sdk_request("CreateVServerGroup", LoadBalancerId=balancer, VServerGroupName=name)

        def made(client: Any) -> None:
            group = _sdk_call(client.create_vserver_group, asked).vserver_group_id
            if not full:
                self.groups.append(group)

        return made

    def add(self, group: str) -> Call:
        asked = _sdk_request(
            "AddVServerGroupBackendServers", VServerGroupId=group, **_rows(json.dumps)
        )
        return lambda client: _sdk_call(client.add_vserver_group_backend_servers, asked)

    def describe(self, group: str) -> Call:
        asked = _sdk_request("DescribeVServerGroupAttribute", VServerGroupId=group)
        return lambda client: _sdk_call(client.describe_vserver_group_attribute, asked)

    def describe_all(self) -> Call:
        asked = _sdk_request("DescribeVServerGroups", LoadBalancerId=self._full)
        return lambda client: len(
            _sdk_call(client.describe_vserver_groups, asked).vserver_groups.vserver_group
        )


def _rows(written: Callable[[list[dict[str, object]]], object]) -> dict[str, object]:
    rows = [{"ServerId": SERVERS[n], "Port": port, "Weight": 100} for n, port in MEMBERS]
    return {"BackendServers": written(rows)}


def _sdk_request(action: str, **params: object) -> Any:
    from alibabacloud_slb20140515 import models

    return getattr(models, f"{action}Request")().from_map({"RegionId": REGION} | params)


def _sdk_call(method: Callable[[Any], Any], asked: Any) -> Any:
    try:
        return method(asked).body
    except Exception as error:  # the SDK raises classes of several packages
        raise Failed(repr(error)) from error


class PlainMoto:
    """moto, asked with forms. It reads service and region from the signature, and checks none."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._vpc, self._instances = _moto_network(port)
        self._numbers = itertools.count()
        self.groups: list[str] = []

    def connect(self) -> Wire:
        said = (
            f"AWS4-HMAC-SHA256 Credential=bench/20260101/{_MOTO_REGION}/elasticloadbalancing/"
            "aws4_request, SignedHeaders=host, Signature=0"
        )
        return Wire(self._port, {"Authorization": said})

    def _form(self, action: str, **params: object) -> str:
        return urlencode({"Action": action, "Version": "2015-12-01"} | params)

    def create(self, *, full: bool = False) -> Call:
        form = self._form(
            "CreateTargetGroup",
            Name=f"group-{next(self._numbers)}",
            Protocol="HTTP",
            Port=80,
            VpcId=self._vpc,
        )

        def made(wire: Wire) -> None:
            found = re.search(rb"<TargetGroupArn>([^<]+)<", answer := wire.ask(form))
            assert found is not None, answer
            self.groups.append(found[1].decode())

        return made

    def add(self, group: str) -> Call:
        rows: dict[str, object] = {}
        for number, (n, port) in enumerate(MEMBERS, 1):
            rows[f"Targets.member.{number}.Id"] = self._instances[n]
            rows[f"Targets.member.{number}.Port"] = port
        form = self._form("RegisterTargets", TargetGroupArn=group, **rows)
        return lambda wire: wire.ask(form)

    def describe(self, group: str) -> Call:
        form = self._form("DescribeTargetGroups", **{"TargetGroupArns.member.1": group})
        return lambda wire: wire.ask(form)

    def describe_all(self) -> Call:
        """All pages."""

        def found(wire: Wire) -> int:
            count, more = 0, {}
            while True:
                answer = wire.ask(self._form("DescribeTargetGroups", **more))
                count += answer.count(b"<TargetGroupArn>")
                marker = re.search(rb"<NextMarker>([^<]+)<", answer)
                if marker is None:
                    return count
                more = {"Marker": marker[1].decode()}

        return found


class MotoByBoto3:
    """moto, asked by boto3."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._vpc, self._instances = _moto_network(port)
        self._numbers = itertools.count()
        self.groups: list[str] = []

    def connect(self) -> Any:
        return _boto3_client("elbv2", self._port)

    def create(self, *, full: bool = False) -> Call:
        asked = {
            "Name": f"group-{next(self._numbers)}",
            "Protocol": "HTTP",
            "Port": 80,
            "VpcId": self._vpc,
        }

        def made(client: Any) -> None:
            answer = _boto3_call(client.create_target_group, asked)
            self.groups.append(answer["TargetGroups"][0]["TargetGroupArn"])

        return made

    def add(self, group: str) -> Call:
        rows = [{"Id": self._instances[n], "Port": port} for n, port in MEMBERS]
        asked = {"TargetGroupArn": group, "Targets": rows}
        return lambda client: _boto3_call(client.register_targets, asked)

    def describe(self, group: str) -> Call:
        asked = {"TargetGroupArns": [group]}
        return lambda client: _boto3_call(client.describe_target_groups, asked)

    def describe_all(self) -> Call:
        """All pages."""

        def found(client: Any) -> int:
            pages = client.get_paginator("describe_target_groups")
            return _boto3_call(lambda: sum(len(one["TargetGroups"]) for one in pages.paginate()))

        return found


def _boto3_client(service: str, port: int) -> Any:
    import boto3
    from botocore.config import Config

    # A call that is tried again would count as one that never failed.
    return boto3.session.Session().client(
        service,
        region_name=_MOTO_REGION,
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="bench",
        aws_secret_access_key="bench",
        config=Config(retries={"total_max_attempts": 1}),
    )


def _boto3_call(method: Callable[..., Any], asked: dict[str, Any] | None = None) -> Any:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return method(**(asked or {}))
    except (BotoCoreError, ClientError) as error:
        raise Failed(repr(error)) from error


def _moto_network(port: int) -> tuple[str, list[str]]:
    """A VPC of moto's, and as many instances as we have servers."""
    ec2 = _boto3_client("ec2", port)
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    image = ec2.describe_images()["Images"][0]["ImageId"]
    run = ec2.run_instances(ImageId=image, MinCount=len(SERVERS), MaxCount=len(SERVERS))
    return vpc, [instance["InstanceId"] for instance in run["Instances"]]


@contextmanager
def moto_server() -> Iterator[int]:
    """moto as a process; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [Path(sys.executable).with_name("moto_server"), "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "true"},
    )
    try:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None, "moto's server ended"
                assert time.monotonic() < deadline, "moto's server does not start"
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()
