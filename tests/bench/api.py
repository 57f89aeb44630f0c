"""API requests per second, beside moto's server doing the like for ELBv2 target groups.

Both are real processes on loopback, asked in turn by the same plain HTTP client over kept-alive
connections, so that what differs is the servers. The local cloud checks each signature and answers
a write when it is on disk; moto does neither. A group's description has its 20 servers, moto's
target group's has none.
"""

import http.client
import itertools
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from tests.localcloud.client import Client, text
from tests.localcloud.process import ROOT, LocalCloud

REGION = "cn-hangzhou"
SECONDS = 2.5
CLIENTS = (1, 4)
GROUPS = 1000
ROWS = 20
SERVERS = [f"i-bp1web{number:02d}".ljust(22, "0") for number in range(1, 6)]
MEMBERS = [(n, 8000 + port) for n in range(len(SERVERS)) for port in range(ROWS // len(SERVERS))]
START_SECONDS = 60

Body = tuple[str, str]  # path, form body
Ask = Callable[[Body], bytes]


class Failed(Exception):
    """An answer that is not a success."""


@dataclass(frozen=True)
class Result:
    """Answers per second, and how many calls failed."""

    per_second: float
    failed: int


class Wire:
    """One client's kept-alive connection."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._headers = {"Content-Type": "application/x-www-form-urlencoded"} | headers

    def ask(self, request: Body) -> bytes:
        """The answer's body. Raises Failed."""
        try:
            self._connection.request("POST", request[0], request[1], self._headers)
            answer = self._connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise Failed(repr(error)) from error
        if answer.status != http.client.OK:
            raise Failed(f"{answer.status} {body[:200]!r}")
        return body


class Ours:
    """The local cloud, and the requests that it is asked."""

    name = "local cloud"

    def __init__(self, cloud: LocalCloud) -> None:
        self._client = Client(cloud)
        self.port = cloud.port
        self.headers: dict[str, str] = {}
        self._numbers = itertools.count()
        # No balancer takes more than 1,000 groups: created ones go round over many.
        self._balancers = [self._balancer() for _ in range(20)]
        self._full = self._balancer()
        self.groups: list[str] = []

    def _balancer(self) -> str:
        return self._client.call("CreateLoadBalancer", RegionId=REGION)["LoadBalancerId"]

    def _request(self, action: str, **params: object) -> Body:
        given = self._client.common("slb", action)
        given |= {"RegionId": REGION} | {name: text(value) for name, value in params.items()}
        return "/", urlencode(self._client.sign(given))

    def create(self, full: bool = False) -> Body:
        number = next(self._numbers)
        balancer = self._full if full else self._balancers[number % len(self._balancers)]
        return self._request(
            "CreateVServerGroup", LoadBalancerId=balancer, VServerGroupName=f"group-{number}"
        )

    def created(self, answer: bytes) -> None:
        self.groups.append(json.loads(answer)["VServerGroupId"])

    def add(self, group: str) -> Body:
        rows = [{"ServerId": SERVERS[n], "Port": port, "Weight": 100} for n, port in MEMBERS]
        return self._request(
            "AddVServerGroupBackendServers", VServerGroupId=group, BackendServers=rows
        )

    def describe(self, group: str) -> Body:
        return self._request("DescribeVServerGroupAttribute", VServerGroupId=group)

    def describe_all(self, ask: Ask) -> int:
        """How many groups a description of all had."""
        answer = ask(self._request("DescribeVServerGroups", LoadBalancerId=self._full))
        return len(json.loads(answer)["VServerGroups"]["VServerGroup"])


class Moto:
    """moto's server. It reads the service and region from the signature, and checks none."""

    name = "moto"

    def __init__(self, port: int) -> None:
        import boto3

        made = {
            "region_name": "us-east-1",
            "endpoint_url": f"http://127.0.0.1:{port}",
            "aws_access_key_id": "bench",
            "aws_secret_access_key": "bench",
        }
        ec2 = boto3.client("ec2", **made)
        self._vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        image = ec2.describe_images()["Images"][0]["ImageId"]
        run = ec2.run_instances(ImageId=image, MinCount=len(SERVERS), MaxCount=len(SERVERS))
        self._instances = [instance["InstanceId"] for instance in run["Instances"]]
        self.port = port
        self.headers = {
            "Authorization": "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/"
            "elasticloadbalancing/aws4_request, SignedHeaders=host, Signature=0"
        }
        self._numbers = itertools.count()
        self.groups: list[str] = []

    def _request(self, action: str, **params: object) -> Body:
        return "/", urlencode({"Action": action, "Version": "2015-12-01"} | params)

    def create(self, full: bool = False) -> Body:
        name = f"group-{next(self._numbers)}"
        return self._request(
            "CreateTargetGroup", Name=name, Protocol="HTTP", Port=80, VpcId=self._vpc
        )

    def created(self, answer: bytes) -> None:
        found = re.search(rb"<TargetGroupArn>([^<]+)<", answer)
        assert found is not None, answer
        self.groups.append(found[1].decode())

    def add(self, group: str) -> Body:
        rows = {}
        for number, (n, port) in enumerate(MEMBERS, 1):
            rows[f"Targets.member.{number}.Id"] = self._instances[n]
            rows[f"Targets.member.{number}.Port"] = str(port)
        return self._request("RegisterTargets", TargetGroupArn=group, **rows)

    def describe(self, group: str) -> Body:
        return self._request("DescribeTargetGroups", **{"TargetGroupArns.member.1": group})

    def describe_all(self, ask: Ask) -> int:
        """How many groups a description of all had, over all pages."""
        found, more = 0, {}
        while True:
            answer = ask(self._request("DescribeTargetGroups", **more))
            found += answer.count(b"<TargetGroupArn>")
            marker = re.search(rb"<NextMarker>([^<]+)<", answer)
            if marker is None:
                return found
            more = {"Marker": marker[1].decode()}


Side = Ours | Moto


def measure(side: Side, work: Callable[[Ask], None], clients: int) -> Result:
    """How often `work` is done a second by so many clients at once."""
    done, failed = [0] * clients, [0] * clients
    begin, ends = threading.Barrier(clients + 1), []

    def run(number: int) -> None:
        wire = Wire(side.port, side.headers)
        begin.wait()
        until = time.perf_counter() + SECONDS
        while time.perf_counter() < until:
            try:
                work(wire.ask)
            except Failed:
                failed[number] += 1
            except StopIteration:
                break
            else:
                done[number] += 1
        ends.append(time.perf_counter())

    threads = [threading.Thread(target=run, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    begin.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return Result(sum(done) / (max(ends) - began), sum(failed))


def fill(side: Side) -> None:
    """Bring the groups that are described all at once to 1,000."""
    wire = Wire(side.port, side.headers)
    missing = GROUPS if isinstance(side, Ours) else GROUPS - len(side.groups)
    for _ in range(missing):
        side.created(wire.ask(side.create(full=True)))


def works(side: Side) -> Iterator[tuple[str, float, Callable[[Ask], None]]]:
    """(what is done, how many times moto's rate it should be, one time of doing it)."""

    def create(ask: Ask) -> None:
        side.created(ask(side.create()))

    yield "create a group", 4, create
    fill(side)
    fresh = iter(list(side.groups))

    def add(ask: Ask) -> None:
        ask(side.add(next(fresh)))

    yield f"add {ROWS} servers", 4, add
    round_robin = itertools.cycle(side.groups[: GROUPS // 10])

    def describe(ask: Ask) -> None:
        ask(side.describe(next(round_robin)))

    yield "describe one group", 5, describe

    def describe_all(ask: Ask) -> None:
        found = side.describe_all(ask)
        if found < GROUPS:
            raise Failed(f"only {found} groups")

    yield f"describe {GROUPS:,} groups", 10, describe_all


@contextmanager
def moto_server() -> Iterator[int]:
    """moto as a process; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("moto_server")
    process = subprocess.Popen(
        [program, "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "true"},
    )
    try:
        deadline = time.monotonic() + START_SECONDS
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


def main() -> bool:
    """Measure, print the table; whether all aims are met."""
    (ROOT / "var").mkdir(exist_ok=True)
    met = True
    row = "{:<24}{:>8}{:>14}{:>12}{:>10}{:>8}  {}"
    print("\nAPI requests per second (the local cloud's writes are on disk when answered)\n")
    print(row.format("", "clients", "local cloud", "moto", "times", "aim", "failed calls"))
    with (
        # In the project's own folder: a temporary one may be in memory, where nothing is synced.
        tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / "var") as folder,
        # moto has no limits of this kind either.
        LocalCloud(Path(folder), env={"LOCALCLOUD_QUOTAS": "server_uses=0"}) as cloud,
        moto_server() as port,
    ):
        for ours, theirs in zip(works(us := Ours(cloud)), works(them := Moto(port)), strict=True):
            what, aim, work = ours
            for clients in CLIENTS:
                mine, other = measure(us, work, clients), measure(them, theirs[2], clients)
                times = mine.per_second / other.per_second if other.per_second else float("inf")
                good = times >= aim and not mine.failed
                met = met and good
                said = f"{mine.failed} / {other.failed}{'' if good else '   MISSED'}"
                rates = (f"{one.per_second:,.1f}" for one in (mine, other))
                print(row.format(what, clients, *rates, f"{times:.1f}", f"{aim:g}", said))
    return met


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
