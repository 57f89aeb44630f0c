"""Groups as files: what is written is read back as it was, each mistake is told by its place."""

import json

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cloud import REGION, pay, web
from vservers.cloud.types import BackendServer
from vservers.models import Batch, Member, Operation, Region, VServerGroup
from vservers.services import batches
from vservers.services.batch_verbs import CHANGE, CREATE
from vservers.services.group_files import Reader, as_csv, as_json
from vservers.services.group_import import check_file, draft_import
from vservers.services.groups import create_group

HEADING = "instance_id,group_id,group_name,server_id,port,weight"
WRITERS = {"csv": as_csv, "json": as_json}


def exported(kind, balancer):
    rows = VServerGroup.objects.filter(load_balancer=balancer).order_by("name", "pk")
    return "".join(WRITERS[kind](rows.select_related("load_balancer").prefetch_related("members")))


@pytest.fixture
def region(balancer):
    return Region.objects.get(pk=REGION)


@pytest.fixture
def group(operator, balancer):
    return create_group(
        actor=operator.as_actor(),
        load_balancer=balancer,
        name="blue",
        members=[BackendServer(web(1), 80, 10), BackendServer(web(2), 80, 20)],
    )


_text = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x4FFF, categories=["L", "N", "P", "S", "Zs"]),
    max_size=12,
).filter(str.isprintable)
_name = st.from_regex(r"\A[A-Za-z0-9\u4e00-\u9fff\-/._]{1,12}\Z")
_members = st.dictionaries(
    st.tuples(
        st.sampled_from([web(1), web(2), "i-gone", "eni-1"]),
        st.sampled_from(["", "10.0.0.1"]),
        st.integers(1, 65535),
    ),
    st.tuples(st.integers(0, 100), st.sampled_from(["ecs", "eni", "eci"]), _text),
    max_size=4,
)


@pytest.mark.parametrize("kind", ["csv", "json"])
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(groups=st.lists(st.tuples(_name, _members), min_size=1, max_size=4))
def test_an_export_read_back_changes_nothing(kind, balancer, region, groups):
    """Whatever names repeat, whatever stands in a description, with and without servers."""
    VServerGroup.objects.filter(load_balancer=balancer).delete()
    for number, (name, members) in enumerate(groups):
        made = VServerGroup.objects.create(
            vserver_group_id=f"rsp-{number}",
            load_balancer=balancer,
            name=name,
            synced_at=timezone.now(),
        )
        Member.objects.bulk_create(
            Member(
                group=made,
                server_id=server_id,
                server_ip=ip,
                port=port,
                weight=weight,
                type=kind_of,
                description=words,
            )
            for (server_id, ip, port), (weight, kind_of, words) in members.items()
        )
    checked = check_file(region, exported(kind, balancer))
    assert checked.mistakes == []
    assert checked.tasks == []
    assert checked.unchanged == len(groups)


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_both_forms_say_the_same(kind, balancer, group):
    reader = Reader(exported(kind, balancer))
    [wish] = reader.wishes
    assert (wish.load_balancer_id, wish.group_id, wish.name) == (balancer.pk, group.pk, "blue")
    assert [(one.server_id, one.port, one.weight) for one in wish.members] == [
        (web(1), 80, 10),
        (web(2), 80, 20),
    ]


@pytest.mark.parametrize("formula", ["=1+1", "-1+1", "@SUM(1)"])
def test_a_spreadsheet_takes_no_cell_for_a_formula(balancer, group, formula):
    Member.objects.filter(group=group).update(description=formula)
    text = exported("csv", balancer)
    assert f"'{formula}" in text
    assert Reader(text).wishes[0].members[0].description == formula


def test_new_changed_and_unchanged_groups_are_told_apart_and_carried_out(
    operator, balancer, region, group
):
    text = "\n".join(
        [
            HEADING,
            f"{balancer.pk},{group.pk},blue,{web(1)},80,55",
            f"{balancer.pk},{group.pk},blue,{web(3)},80,5",
            f"{balancer.pk},,green,{web(1)},81,100",
        ]
    )
    checked = check_file(region, text)
    assert checked.mistakes == []
    change, create = checked.tasks
    assert (change.verb, create.verb) == (CHANGE, CREATE)
    batch = draft_import(actor=operator.as_actor(), region=region, checked=checked)
    assert Batch.objects.get().verb == "import groups"
    batches.start(actor=operator.as_actor(), batch=batch)
    assert batches.carry_out(batch.pk)
    assert set(batch.items.values_list("outcome", flat=True)) == {"done"}
    rows = Member.objects.filter(group__load_balancer=balancer)
    assert set(rows.values_list("group__name", "server", "port", "weight")) == {
        ("blue", web(1), 80, 55),
        ("blue", web(3), 80, 5),
        ("green", web(1), 81, 100),
    }
    assert check_file(region, text).tasks == [], "the file and the cloud agree now"


def test_a_group_is_found_by_its_name_where_no_id_is_given(balancer, region, group):
    text = f"{HEADING}\n{balancer.pk},,blue,{web(1)},80,10\n{balancer.pk},,blue,{web(2)},80,20"
    checked = check_file(region, text)
    assert (checked.mistakes, checked.tasks, checked.unchanged) == ([], [], 1)


@pytest.mark.parametrize(
    ("rows", "where", "column", "words"),
    [
        (["{lb},,g,{web},0,1"], "line 2", "port", "from 1 to 65535"),
        (["{lb},,g,{web},80,101"], "line 2", "weight", "from 0 to 100"),
        (["{lb},,g,{web},80,"], "line 2", "weight", "from 0 to 100"),
        (["{lb},,g,{web},80,1", "{lb},,g,{web},80,2"], "line 3", "port", "already"),
        (["lb-none,,g,{web},80,1"], "line 2", "instance_id", "no instance of this ID"),
        (["{lb},rsp-none,g,{web},80,1"], "line 2", "group_id", "no group of this ID"),
        (["{lb},,g h,{web},80,1"], "line 2", "group_name", "Use letters"),
        (["{lb},,g,i-nobody,80,1"], "line 2", "server_id", "not a server of"),
        (["{lb},,g,{web},80"], "line 2", "", "5 cells, the heading 6"),
        (["{lb},,,{web},80,1"], "line 2", "group_name", "Enter a name"),
        (["{lb},,g,,80,1"], "line 2", "server_id", "Enter a server ID"),
        (["{lb},,g,{web},80,1", "{lb},,g,,,"], "line 3", "server_id", "Enter a server ID"),
        (
            ["{lb},{group},x,{web},80,1", "{lb},,blue,{web},80,1"],
            "line 3",
            "group_name",
            "second time",
        ),
    ],
)
def test_each_mistake_is_told_by_line_and_column_and_nothing_is_drafted(
    balancer, region, group, rows, where, column, words
):
    values = {"lb": balancer.pk, "web": web(1), "group": group.pk}
    text = "\n".join([HEADING, *(row.format(**values) for row in rows)])
    checked = check_file(region, text)
    assert checked.tasks == []
    found = [(one.where, one.column) for one in checked.mistakes]
    assert (where, column) in found, checked.mistakes
    assert any(words in one.words for one in checked.mistakes)
    assert not Operation.objects.filter(verb="import groups").exists()


def test_what_reads_wrong_and_what_is_not_there_are_told_together_in_their_order(
    balancer, region, group
):
    rows = (
        "lb-none,,g,{web},80,1",
        "{lb},,h,i-nobody,0,1",
        "{lb},,h,i-nobody,81,1",
        ",,i,{web},80,1",
        "{lb},rsp-none,k,{web},80,x",
        "{lb},,l,{web},80,1",
        "{lb},,l,{web},80,1",
    )
    text = "\n".join([HEADING, *(row.format(lb=balancer.pk, web=web(1)) for row in rows)])
    assert [(one.where, one.column) for one in check_file(region, text).mistakes] == [
        ("line 2", "instance_id"),
        ("line 3", "port"),
        ("line 3", "server_id"),
        ("line 4", "server_id"),
        ("line 5", "instance_id"),
        ("line 6", "weight"),
        ("line 6", "group_id"),
        ("line 8", "port"),
    ]


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("", "", "empty"),
        ("instance_id;group_name\n", "line 1", "missing"),
        (HEADING + ",colour\n", "line 1", "no such column"),
        (HEADING + ",port\n", "line 1", "there twice"),
        (HEADING + '\n"lb,1', "line 2", "no CSV"),
        (HEADING + "\n", "", "no group"),
        ('{"groups": 3}', "", "list of groups"),
        ('{"groups": [', "line 1", "no JSON"),
        ("[" * 100_000, "line 1", "no JSON"),
        ('[{"instance_id": 7, "group_name": "a"}]', "groups[0]", "text is expected"),
        (
            '[{"instance_id": "lb", "group_name": "a", "servers": [7]}]',
            "groups[0].servers[0]",
            "server is",
        ),
        (
            '[{"instance_id": "lb", "group_name": "a",'
            ' "servers": [{"server_id": "i", "port": true, "weight": 1}]}]',
            "groups[0].servers[0]",
            "1 to 65535",
        ),
    ],
)
def test_what_is_no_file_of_groups_is_said(region, text, where, words):
    mistakes = check_file(region, text).mistakes
    assert any(one.where == where and words in one.words for one in mistakes), mistakes


def test_servers_of_another_network_are_named_row_by_row(region, vpc_balancer):
    text = f"{HEADING}\n{vpc_balancer.pk},,g,{pay(1)},80,1\n{vpc_balancer.pk},,g,{web(1)},80,1"
    [mistake] = check_file(region, text).mistakes
    assert (mistake.where, mistake.column) == ("line 3", "server_id")


def test_names_that_repeat_need_the_id(operator, balancer, region, group):
    create_group(actor=operator.as_actor(), load_balancer=balancer, name="blue", members=[])
    text = json.dumps([{"instance_id": balancer.pk, "group_name": "blue", "servers": []}])
    [mistake] = check_file(region, text).mistakes
    assert "several groups of this name" in mistake.words


def test_one_group_of_very_many_servers_is_read_in_a_moment():
    rows = "\n".join(f"lb,,g,i-{n},{port},1" for n in range(500) for port in range(1, 61))
    [wish] = Reader(f"{HEADING}\n{rows}\nlb,,g,i-7,60,1").wishes
    assert len(wish.keys) == 30_000


def test_a_long_list_of_mistakes_ends_somewhere(region):
    text = HEADING + "\n" + "\n".join(f"lb-none,,g{n},i-1,0,101" for n in range(500))
    assert len(check_file(region, text).mistakes) == 200
