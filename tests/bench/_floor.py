"""The floor under a full sync: the same answers fetched, the same rows written, and nothing else.

`python -m tests.bench._floor CONNECTIONS`, with CLOUD_ENDPOINT, CLOUD_ACCESS_KEY_ID,
CLOUD_ACCESS_KEY_SECRET and DATABASE_URL in the environment. Each connection is a thread that signs
(v1), sends and reads; the rows go by COPY into temporary tables and from there by one INSERT ...
ON CONFLICT a table. It knows nothing of errors, of what vanished, or of who else writes. Afterwards
it asks for the lists that every incremental sync must read, and does nothing with them.
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import batched, count
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import psycopg

REGION = "cn-hangzhou"
PAGE_SIZE = 100
BALANCERS_PER_CALL = 10
VERSIONS = {"slb": "2014-05-15", "ecs": "2014-05-26"}
Row = tuple[Any, ...]
Json = dict[str, Any]

# What a health check may tell of its last try, and what stands where it tells nothing.
LAST_CHECK = {"Result": "", "Code": 0, "Message": ""}
# What a row of rules and health names its listener by; its number is looked up when it is written.
LISTENER_KEY = ("load_balancer_id", "protocol", "port")


@dataclass(frozen=True)
class Table:
    """A table of the mirror. columns: as rows have them; key: what a row is known by.

    by_listener: rows begin with LISTENER_KEY and have no listener_id.
    """

    columns: tuple[str, ...]
    key: tuple[str, ...]
    by_listener: bool = False


def _table(columns: str, key: str, *, by_listener: bool = False) -> Table:
    return Table(tuple(columns.split()), tuple(key.split()), by_listener)


TABLES = {
    "server": _table(
        "server_id account_id region_id name status zone_id network_type vpc_id private_ip"
        " public_ip instance_type tags owner",
        "server_id",
    ),
    "loadbalancer": _table(
        "load_balancer_id account_id region_id name status address address_type network_type"
        " vpc_id vswitch_id master_zone_id slave_zone_id spec created_at"
        " ip_version pay_type charge_type internet_charge_type bandwidth delete_protection"
        " modification_protection modification_protection_reason resource_group_id"
        " data_plane_status data_plane_reason tags owner synced_at listed_at listeners_at pool_at",
        "load_balancer_id",
    ),
    "poolserver": _table(
        "load_balancer_id server_id server_ip weight type description",
        "load_balancer_id server_id server_ip",
    ),
    "vservergroup": _table(
        "vserver_group_id load_balancer_id name created_at tags owner synced_at", "vserver_group_id"
    ),
    "member": _table(
        "group_id server_id server_ip port weight type description",
        "group_id server_id server_ip port",
    ),
    "listener": _table(
        "load_balancer_id protocol port status backend_server_port vserver_group_id description"
        " scheduler health_check forward_port settings served_at served_notice"
        " master_slave_server_group_id",
        "load_balancer_id protocol port",
    ),
    "rule": _table(
        "rule_id name domain url vserver_group_id scheduler settings", "rule_id", by_listener=True
    ),
    "serverhealth": _table(
        "server_id port status read_at check_result check_code check_message",
        "listener_id server_id port",
        by_listener=True,
    ),
}


class Fetcher:
    """Signed reads over one kept-alive connection a thread."""

    def __init__(self, endpoint: str, key_id: str, secret: str) -> None:
        self._address = urlsplit(endpoint)
        self._key_id = key_id
        self._secret = f"{secret}&".encode()
        self._numbers = count()
        self._mine = threading.local()
        self._run = os.urandom(8).hex()

    def __call__(self, action: str, product: str = "slb", **params: object) -> Json:
        given = {
            "Action": action,
            "Version": VERSIONS[product],
            "AccessKeyId": self._key_id,
            "SignatureMethod": "HMAC-SHA1",
            "SignatureVersion": "1.0",
            "SignatureNonce": f"{self._run}{next(self._numbers)}",
            "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "Format": "JSON",
            "RegionId": REGION,
        } | {name: str(value) for name, value in params.items()}
        query = "&".join(f"{name}={quote(given[name], safe='-_.~')}" for name in sorted(given))
        text = f"GET&%2F&{quote(query, safe='-_.~')}"
        digest = hmac.digest(self._secret, text.encode(), hashlib.sha1)
        signature = urlencode({"Signature": base64.b64encode(digest).decode()})
        connection = self._connection()
        connection.request("GET", f"/?{query}&{signature}")
        answer = connection.getresponse()
        body = json.loads(answer.read())
        if answer.status != http.client.OK:
            raise SystemExit(f"{action}: {body}")
        return body

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._mine, "connection", None)
        if connection is None:
            host, port = self._address.hostname or "", self._address.port
            connection = self._mine.connection = http.client.HTTPConnection(host, port)
            connection.connect()
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def pages(self, action: str, product: str, outer: str, inner: str) -> Iterator[Json]:
        for page in count(1):
            body = self(action, product, PageNumber=page, PageSize=PAGE_SIZE)
            yield from body[outer][inner]
            if page * PAGE_SIZE >= body["TotalCount"]:
                return


def prepare(database: psycopg.Connection) -> int:
    """What rows must belong to: a region and an account, whose number this is."""
    database.execute(
        "INSERT INTO vservers_region (region_id, name, position) VALUES (%s, '', 0)", [REGION]
    )
    made = database.execute(
        "INSERT INTO vservers_cloudaccount (name, endpoint, access_key_id, sealed_secret, enabled,"
        " paces, from_environment, created_at)"
        " VALUES ('floor', '', '', '', true, '{}', false, now()) RETURNING id"
    ).fetchone()
    assert made is not None
    return int(made[0])


def fetch(ask: Fetcher, connections: int, account: int) -> dict[str, list[Row]]:
    """The rows of every table."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    ask("DescribeRegions")
    rows: dict[str, list[Row]] = {table: [] for table in TABLES}
    rows["server"] = [
        server_row(item, account)
        for item in ask.pages("DescribeInstances", "ecs", "Instances", "Instance")
    ]
    balancers = list(ask.pages("DescribeLoadBalancers", "slb", "LoadBalancers", "LoadBalancer"))
    listeners: dict[str, list[Json]] = {item["LoadBalancerId"]: [] for item in balancers}
    for some in batched(listeners, BALANCERS_PER_CALL):
        named = {f"LoadBalancerId.{number}": one for number, one in enumerate(some, 1)}
        for one in ask("DescribeLoadBalancerListeners", MaxResults=100, **named)["Listeners"]:
            listeners[one["LoadBalancerId"]].append(one)

    def of_balancer(item: Json) -> dict[str, list[Row]]:
        return balancer_rows(ask, item, listeners[item["LoadBalancerId"]], account, now)

    with ThreadPoolExecutor(connections) as pool:
        for found in pool.map(of_balancer, balancers):
            for table, some in found.items():
                rows[table] += some
    return rows


def fetch_lists(ask: Fetcher, connections: int) -> None:
    """The list of load balancers, and of each the list of its groups with their rules."""
    balancers = ask.pages("DescribeLoadBalancers", "slb", "LoadBalancers", "LoadBalancer")

    def of_balancer(item: Json) -> Json:
        balancer = item["LoadBalancerId"]
        return ask("DescribeVServerGroups", LoadBalancerId=balancer, IncludeRule="true")

    with ThreadPoolExecutor(connections) as pool:
        for _ in pool.map(of_balancer, balancers):
            pass


def tags_of(item: Json) -> str:
    return json.dumps({tag["TagKey"]: tag["TagValue"] for tag in item["Tags"]["Tag"]})


def server_row(item: Json, account: int) -> Row:
    vpc = item["VpcAttributes"]
    private = vpc["PrivateIpAddress"]["IpAddress"] or item["InnerIpAddress"]["IpAddress"]
    public = item["PublicIpAddress"]["IpAddress"]
    return (
        *(item["InstanceId"], account, REGION, item["InstanceName"], item["Status"]),
        *(item["ZoneId"], item["InstanceNetworkType"], vpc["VpcId"]),
        *(private[0] if private else "", public[0] if public else "", item["InstanceType"]),
        *(tags_of(item), ""),
    )


def balancer_rows(
    ask: Fetcher, item: Json, listeners: list[Json], account: int, now: str
) -> dict[str, list[Row]]:
    """What one load balancer has: as many calls as it has groups and HTTP listeners, and three."""
    balancer = item["LoadBalancerId"]
    detail = ask("DescribeLoadBalancerAttribute", LoadBalancerId=balancer)
    rows: dict[str, list[Row]] = {
        "loadbalancer": [
            (
                *(balancer, account, REGION, item["LoadBalancerName"], item["LoadBalancerStatus"]),
                *(item["Address"], item["AddressType"], item["NetworkType"], item["VpcId"]),
                *(item["VSwitchId"], item["MasterZoneId"], item["SlaveZoneId"]),
                *(item["LoadBalancerSpec"], item["CreateTime"]),
                *(item["AddressIPVersion"], item["PayType"], item["InstanceChargeType"]),
                *(item["InternetChargeTypeAlias"], item["Bandwidth"], item["DeleteProtection"]),
                *(item["ModificationProtectionStatus"], item["ModificationProtectionReason"]),
                item["ResourceGroupId"],
                *(detail["DataPlane"]["Status"], detail["DataPlane"]["Reason"]),
                *(tags_of(detail), "", now, now, now, now),
            )
        ],
        "poolserver": [
            (balancer, one["ServerId"], "", one["Weight"], one["Type"], "")
            for one in detail["BackendServers"]["BackendServer"]
        ],
        "vservergroup": [],
        "member": [],
        "listener": [],
        "rule": [],
        "serverhealth": [],
    }
    listed = ask("DescribeVServerGroups", LoadBalancerId=balancer)
    for group in listed["VServerGroups"]["VServerGroup"]:
        body = ask("DescribeVServerGroupAttribute", VServerGroupId=group["VServerGroupId"])
        group_id = body["VServerGroupId"]
        rows["vservergroup"].append(
            (
                *(group_id, balancer, body["VServerGroupName"], body["CreateTime"]),
                *(tags_of(body), "", now),
            )
        )
        rows["member"] += [
            (
                *(group_id, one["ServerId"], one.get("ServerIp", ""), one["Port"], one["Weight"]),
                *(one["Type"], one.get("Description", "")),
            )
            for one in body["BackendServers"]["BackendServer"]
        ]
    for one in listeners:
        protocol, port = one["ListenerProtocol"], one["ListenerPort"]
        config = one[f"{protocol.upper()}ListenerConfig"]
        rows["listener"].append(
            (
                *(balancer, protocol, port, one["Status"], one.get("BackendServerPort")),
                *(one["VServerGroupId"] or None, one.get("Description", ""), one["Scheduler"]),
                *(
                    config.get("HealthCheck", ""),
                    config.get("ForwardPort"),
                    json.dumps(config if protocol == "http" else {}),
                ),
                *(one["ServedAt"], one["ServedNotice"]),
                config.get("MasterSlaveServerGroupId", ""),
            )
        )
        if protocol == "http":
            body = ask(
                "DescribeRules",
                LoadBalancerId=balancer,
                ListenerProtocol=protocol,
                ListenerPort=port,
            )
            rows["rule"] += [
                (
                    *(balancer, protocol, port, rule["RuleId"], rule["RuleName"], rule["Domain"]),
                    *(rule["Url"], rule["VServerGroupId"], "", json.dumps({})),
                )
                for rule in body["Rules"]["Rule"]
            ]
    health = ask("DescribeHealthStatus", LoadBalancerId=balancer)
    rows["serverhealth"] = [
        (
            *(balancer, one["Protocol"], one["ListenerPort"], one["ServerId"], one["Port"]),
            *(one["ServerHealthStatus"], now),
            *(one.get("LastCheck", {}).get(name, none) for name, none in LAST_CHECK.items()),
        )
        for one in health["BackendServers"]["BackendServer"]
    ]
    # The account has none, which a sync must ask to know.
    ask("DescribeMasterSlaveServerGroups", LoadBalancerId=balancer)
    return rows


def write(database: psycopg.Connection, rows: dict[str, list[Row]]) -> None:
    """All rows, in one transaction."""
    with database.transaction(), database.cursor() as cursor:
        for name, table in TABLES.items():
            real, fresh = f"vservers_{name}", f"fresh_{name}"
            columns, sources = list(table.columns), [f"f.{column}" for column in table.columns]
            key, join = "", ""
            if table.by_listener:
                key = "".join(f"l.{column} AS l_{column}, " for column in LISTENER_KEY)
                on = " AND ".join(f"l.{column} = f.l_{column}" for column in LISTENER_KEY)
                join = f" JOIN vservers_listener l ON {on}"
                columns, sources = ["listener_id", *columns], ["l.id", *sources]
            kept = ", ".join(f"r.{column}" for column in table.columns)
            changed = ", ".join(f"{c} = EXCLUDED.{c}" for c in columns if c not in table.key)
            cursor.execute(
                f"CREATE TEMPORARY TABLE {fresh} ON COMMIT DROP AS SELECT {key}{kept}"  # noqa: S608
                f" FROM {real} r, vservers_listener l WITH NO DATA"
            )
            with cursor.copy(f"COPY {fresh} FROM STDIN") as copy:
                for row in rows[name]:
                    copy.write_row(row)
            cursor.execute(
                f"INSERT INTO {real} ({', '.join(columns)})"  # noqa: S608 - the names are ours
                f" SELECT {', '.join(sources)} FROM {fresh} f{join}"
                f" ON CONFLICT ({', '.join(table.key)}) DO UPDATE SET {changed}"
            )


def main(connections: int) -> None:
    """Fetch and write, then fetch the lists; prints seconds of each, as JSON."""
    environment = os.environ
    ask = Fetcher(
        environment["CLOUD_ENDPOINT"],
        environment["CLOUD_ACCESS_KEY_ID"],
        environment["CLOUD_ACCESS_KEY_SECRET"],
    )
    with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as database:
        account = prepare(database)
        began = time.perf_counter()
        rows = fetch(ask, connections, account)
        fetched = time.perf_counter()
        write(database, rows)
        written = time.perf_counter()
    fetch_lists(ask, connections)
    listed = time.perf_counter()
    parts = {"fetch": fetched - began, "write": written - fetched, "lists": listed - written}
    print(json.dumps(parts))


if __name__ == "__main__":
    main(int(sys.argv[1]))
