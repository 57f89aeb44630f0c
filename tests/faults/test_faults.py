"""Each kind of bad day with each kind of call: what the person sees, and what stands then."""

from collections.abc import Iterator

import pytest

from tests.cloud import REGION, web
from tests.crashes.kinds.listeners import SETTINGS
from tests.crashes.kinds.start import rows
from tests.crashes.pictures import in_cloud, in_mirror
from tests.faults.table import ACTS, DOCUMENT, ROWS, Act, Row, document
from tests.localcloud.process import LocalCloud
from vservers.cloud import Cloud, Credentials, deadline
from vservers.localcloud.faultctl import ask
from vservers.models import Operation
from vservers.selectors.fingerprints import fingerprint
from vservers.services import operations, running
from vservers.services.errors import CallFailed, NotReread, Waiting
from vservers.services.groups import change_group, create_group
from vservers.services.listeners import ListenerSpec, create_listener
from vservers.services.settling import settle

# Long enough for an answer of the local cloud on a slow machine.
ANSWER_SECONDS = 2.5
HELD = [(web(1), 80, 10), (web(2), 80, 20)]
WANTED = {
    "add servers": [*HELD, (web(3), 80, 30)],
    "set weights": [(web(1), 80, 99), (web(2), 80, 20)],
    "remove servers": HELD[:1],
}


@pytest.fixture
def bad_days(cloud: LocalCloud, monkeypatch) -> Iterator[None]:
    """The cloud is well again afterwards, and nobody waits for long for an answer."""
    monkeypatch.setattr(deadline, "ANSWER_SECONDS", ANSWER_SECONDS)
    yield
    ask(cloud.data_dir, "DELETE", "/faults")


def direct(cloud: LocalCloud) -> Cloud:
    """The cloud without the proxy."""
    key = Credentials(cloud.access_key_id, cloud.access_key_secret)
    return Cloud(endpoint=cloud.endpoint, credentials=key, region_id=REGION)


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.name)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.day)
def test_the_person_sees_what_the_table_says(
    row: Row, act: Act, bad_days, cloud, flaky_cloud, balancer, operator, monkeypatch
):
    actor = operator.as_actor()
    group = create_group(actor=actor, load_balancer=balancer, name="held", members=rows(*HELD))
    former = in_cloud(direct(cloud), balancer.pk)
    assert in_mirror(balancer.pk) == former
    monkeypatch.setattr(operations, "FOREGROUND_SECONDS", row.patience)
    monkeypatch.setattr(running, "CONFIRM_SECONDS", row.confirm)

    def change() -> None:
        if act.name == "create a group":
            create_group(
                actor=actor, load_balancer=balancer, name="new", members=rows((web(1), 81, 7))
            )
        elif act.name == "create a listener":
            create_listener(
                actor=actor,
                load_balancer=balancer,
                protocol="http",
                port=80,
                spec=ListenerSpec(
                    settings=SETTINGS,
                    vserver_group=group,
                    backend_server_port=None,
                    description="shop",
                ),
                start=False,
            )
        else:
            change_group(
                actor=actor,
                group=group,
                name="held",
                members=rows(*WANTED[act.name]),
                seen=fingerprint(group),
            )

    row.meets(flaky_cloud, cloud, act)
    seen: Exception | None = None
    try:
        change()
    except (CallFailed, NotReread, Waiting) as error:
        seen = error
    operation = Operation.objects.latest("pk")
    _check_seen(row, act, seen)
    assert operation.status == row.status
    ask(cloud.data_dir, "DELETE", "/faults")
    flaky_cloud.be_well()
    now = in_cloud(direct(cloud), balancer.pk)
    assert (now != former) == (row.status in {"done", "unknown"})
    assert in_mirror(balancer.pk) == (now if row.shows == "new" else former)
    if row.status == row.ends:
        return
    assert settle(operation.pk, in_flight_seconds=0)
    operation.refresh_from_db()
    assert operation.status == row.ends
    now = in_cloud(direct(cloud), balancer.pk)
    assert in_mirror(balancer.pk) == now != former


def _check_seen(row: Row, act: Act, seen: Exception | None) -> None:
    if not row.sees:
        assert seen is None, seen
        return
    assert row.sees in [one.__name__ for one in type(seen).__mro__], seen
    if isinstance(seen, CallFailed):
        assert seen.code == row.code
        said = " ".join(seen.done)
    else:
        said = str(seen)
    assert said.startswith(row.words.format(action=act.action, code=row.code)), said


def test_the_document_is_the_table():
    assert DOCUMENT.read_text() == document(), "run python -m tests.faults.table"
