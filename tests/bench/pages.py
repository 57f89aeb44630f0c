"""The pages over a company's account, beside Django's admin and a plain ListView of its rows.

500 load balancers, 10,000 groups, 200,000 members and 5,000 servers in the mirror's tables. Each
address is asked for in turns with all others, within one process and through every middleware, so
that what the machine does besides falls on all alike. Then the first visit: all styles and scripts
that a page names, compressed as they are served.
"""

import gzip
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.database import DatabaseOfTheRun

BALANCERS, GROUPS_EACH, MEMBERS_EACH, SERVERS = 500, 20, 20, 5_000
ROUNDS = 30
REGION = "cn-hangzhou"
AIM_PLAIN, AIM_LAST, AIM_QUERIES, AIM_KB = 1.6, 1.3, 8, 120


@dataclass
class Page:
    """plain: the page that it is held against. first: the first page of this last one."""

    name: str
    address: str
    plain: str = ""
    first: str = ""
    milliseconds: list[float] = field(default_factory=list)
    queries: int = 0
    size: int = 0

    @property
    def median(self) -> float:
        return statistics.median(self.milliseconds)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.milliseconds, n=20)[-1]


def pages() -> list[Page]:
    groups, instances = f"/regions/{REGION}/groups/", f"/regions/{REGION}/balancers/"
    one = f"{instances}lb-00000/"
    last = BALANCERS * GROUPS_EACH // 50
    return [
        Page("plain ListView, groups", "/plain/groups/"),
        Page("plain ListView, instances", "/plain/balancers/"),
        Page("admin, groups", "/admin/vservers/vservergroup/"),
        Page("admin, instances", "/admin/vservers/loadbalancer/"),
        Page("Instances", instances, plain="plain ListView, instances"),
        Page("Instances, last page", f"{instances}?page={BALANCERS // 20}", first="Instances"),
        Page("Instances, search", f"{instances}?q=i-00777"),
        Page("VServer groups", f"{groups}?size=50", plain="plain ListView, groups"),
        Page("VServer groups, last page", f"{groups}?size=50&page={last}", first="VServer groups"),
        Page("VServer groups, search", f"{groups}?q=group-00777"),
        Page("groups of one instance", f"{one}groups/"),
        Page("create dialog", f"{one}groups/new/"),
        Page("create dialog, search", f"{one}groups/new/?q=server-04"),
        Page("search over everything", "/search/?q=server-0477"),
    ]


def fill() -> None:
    """The rows, straight into the mirror."""
    from vservers.models import (
        AccountRegion,
        CloudAccount,
        Listener,
        LoadBalancer,
        Member,
        Region,
        Server,
        VServerGroup,
    )

    now = datetime.now(UTC)
    account = CloudAccount.objects.create(name="bench", endpoint="http://127.0.0.1:9")
    region = Region.objects.create(region_id=REGION, name="Hangzhou")
    AccountRegion.objects.create(account=account, region=region, listed_at=now, synced_at=now)
    common: dict[str, Any] = {"account": account, "region": region}
    Server.objects.bulk_create(
        Server(
            server_id=f"i-{n:05}",
            name=f"server-{n:05}",
            status="Running",
            zone_id=f"{REGION}-b",
            network_type="classic",
            private_ip=f"10.{n // 65536}.{n // 256 % 256}.{n % 256}",
            **common,
        )
        for n in range(SERVERS)
    )
    LoadBalancer.objects.bulk_create(
        LoadBalancer(
            load_balancer_id=f"lb-{n:05}",
            name=f"instance-{n:05}",
            status="active",
            address=f"203.0.{n // 256}.{n % 256}",
            address_type="internet",
            network_type="classic",
            created_at=now,
            listed_at=now,
            synced_at=now,
            **common,
        )
        for n in range(BALANCERS)
    )
    groups = [
        VServerGroup(
            vserver_group_id=f"rsp-{n:05}",
            load_balancer_id=f"lb-{n // GROUPS_EACH:05}",
            name=f"group-{n:05}",
            created_at=now,
            synced_at=now,
        )
        for n in range(BALANCERS * GROUPS_EACH)
    ]
    VServerGroup.objects.bulk_create(groups, batch_size=2000)
    Member.objects.bulk_create(
        (
            Member(
                group_id=group.pk,
                server_id=f"i-{(n * 7 + m) % SERVERS:05}",
                port=8080,
                weight=100,
            )
            for n, group in enumerate(groups)
            for m in range(MEMBERS_EACH)
        ),
        batch_size=5000,
    )
    Listener.objects.bulk_create(
        Listener(
            load_balancer_id=f"lb-{n:05}",
            protocol="http",
            port=port,
            status="running",
            scheduler="wrr",
            health_check="on",
            vserver_group_id=f"rsp-{n * GROUPS_EACH:05}",
        )
        for n in range(BALANCERS)
        for port in (80, 8080)
    )


def measure(shown: list[Page]) -> None:
    """Ask for each page in turns; queries and size by one more request each."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from console.accounts.models import User

    client = Client(headers={"accept-encoding": "identity"})
    client.force_login(User.objects.create_superuser("bench", role="administrator"))
    for page in shown:
        # The first page of a region is noted in the session, which no later one does.
        client.get(page.address, follow=True)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            answer = client.get(page.address, follow=True)
        assert answer.status_code == 200, f"{page.address}: {answer.status_code}"
        page.queries, page.size = len(asked), len(answer.content)
    for _ in range(ROUNDS):
        for page in shown:
            began = time.perf_counter()
            client.get(page.address)
            page.milliseconds.append((time.perf_counter() - began) * 1000)


def first_visit() -> int:
    """Bytes of all styles and scripts of the page Instances, each as gzip serves it."""
    from django.contrib.staticfiles import finders
    from django.test import Client

    from console.accounts.models import User

    client = Client()
    client.force_login(User.objects.get(username="bench"))
    page = client.get(f"/regions/{REGION}/groups/").text
    names = set(re.findall(r'(?:href|src)="/static/([^"]+\.(?:css|js))"', page))
    total = 0
    for name in names:
        path = finders.find(name)
        assert isinstance(path, str), name
        with open(path, "rb") as file:  # noqa: PTH123 - as it is served
            total += len(gzip.compress(file.read(), 9))
    return total


def judge(shown: list[Page], first_bytes: int) -> Iterator[str]:
    """What misses its aim."""
    named = {page.name: page for page in shown}
    for page in shown:
        if page.plain and page.median > AIM_PLAIN * named[page.plain].median:
            yield f"{page.name}: {page.median / named[page.plain].median:.2f} x the plain ListView"
        if page.first and page.median > AIM_LAST * named[page.first].median:
            yield f"{page.name}: {page.median / named[page.first].median:.2f} x the first page"
        if page.plain and page.queries > AIM_QUERIES:
            yield f"{page.name}: {page.queries} queries"
    if first_bytes > AIM_KB * 1000:
        yield f"first visit: {first_bytes / 1000:.0f} kB"


def run() -> bool:
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    began = time.perf_counter()
    fill()
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    print(f"\n{BALANCERS * GROUPS_EACH:,} groups written in {time.perf_counter() - began:.0f} s")
    shown = pages()
    measure(shown)
    print(f"{'page':28} {'median ms':>10} {'p95 ms':>8} {'queries':>8} {'kB':>7}")
    for page in shown:
        print(
            f"{page.name:28} {page.median:10.1f} {page.p95:8.1f} {page.queries:8} "
            f"{page.size / 1000:7.1f}"
        )
    first_bytes = first_visit()
    print(f"first visit: {first_bytes / 1000:.1f} kB of styles and scripts, compressed")
    missed = list(judge(shown, first_bytes))
    for words in missed:
        print(f"missed: {words}")
    return not missed


def main() -> bool:
    """Run it in a process of its own, on a database of its own."""
    database = DatabaseOfTheRun()
    try:
        environment = {
            **os.environ,
            "DATABASE_URL": database.url,
            "CONSOLE_LOG_LEVEL": "ERROR",
            "CLOUD_ENDPOINT": "http://127.0.0.1:9",
        }
        return (
            subprocess.run([sys.executable, "-m", "tests.bench.pages"], env=environment).returncode
            == 0
        )
    finally:
        database.stop()


def _configured() -> None:
    import django
    from django.conf import settings

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
    settings.INSTALLED_APPS = ["django.contrib.admin", *settings.INSTALLED_APPS]
    settings.ROOT_URLCONF = "tests.bench._pages_app"
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.STORAGES["staticfiles"]["BACKEND"] = (
        "django.contrib.staticfiles.storage.StaticFilesStorage"
    )
    django.setup()


if __name__ == "__main__":
    _configured()
    sys.exit(0 if run() else 1)
