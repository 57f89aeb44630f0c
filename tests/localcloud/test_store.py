"""What the store keeps and finds again, and what drafts over it see."""

import random
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace

import pytest

from tests.localcloud.conftest import REGION
from vservers.localcloud import demo
from vservers.localcloud.addresses import Addresses
from vservers.localcloud.assets import (
    AccessList,
    AccessLog,
    CaCertificate,
    CipherPolicy,
    Monitor,
    ServerCertificate,
)
from vservers.localcloud.model import (
    Balancer,
    DomainExtension,
    Group,
    MasterSlaveGroup,
    Member,
    dump,
    load,
    servers_in,
)
from vservers.localcloud.store import Draft, Edit, Store, View
from vservers.localcloud.wiring import topology

ACCOUNT = "1"


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / "state.sqlite3")
    save(opened, *demo.entities(Addresses("127.99.0.0/16", ())))
    yield opened
    opened.close()


def save(store, *entities):
    draft = Draft(store)
    edit = Edit(draft, ACCOUNT)
    for entity in entities:
        edit.put(entity)
    store.write(draft.changes)
    store.publish(draft.changes)


def test_a_store_reads_back_all_kinds_of_objects(store, tmp_path):
    facts = {"common_name": "", "fingerprint": "", "expires": 1, "tags": (("k", "v"),)}
    kept = [
        ServerCertificate("c-1", REGION, "", 1, "PEM", key="KEY", names=("a", "b"), **facts),
        CaCertificate("c-2", REGION, "", 1, "PEM", **facts),
        AccessList("acl-1", REGION, "", 1, entries=(("10.0.0.0/8", "x"),)),
        CipherPolicy("tls-1", REGION, "", 1, ("TLSv1.3",), ("TLS_AES_128_GCM_SHA256",)),
        DomainExtension("de-1", demo.SHOP_BALANCER, 443, REGION, "b.test", "c-1", 1),
        MasterSlaveGroup("rsp-1", demo.SHOP_BALANCER, REGION, "", 1, (Member("i-1", 80),)),
        AccessLog(demo.SHOP_BALANCER, REGION, "layer7", "p", "s"),
        Monitor(REGION, "p", "s"),
    ]
    save(store, *kept)
    again = Store(tmp_path / "state.sqlite3")
    assert [View(again, ACCOUNT).get(type(one), one.id) for one in kept] == kept
    again.close()


def test_a_store_reads_back_what_it_wrote_in_the_order_of_creation(store, tmp_path):
    group = View(store, ACCOUNT).get(Group, "rsp-bp1payblue0000001")
    save(store, *(replace(group, id=f"rsp-{letter}") for letter in "zay"))
    save(store, replace(group, name="changed"))

    def order(opened):
        groups = View(opened, ACCOUNT).children(Group, demo.PAY_BALANCER)
        return [(one.id, one.name) for one in groups]

    assert [name for name, _ in order(store)[2:]] == ["rsp-z", "rsp-a", "rsp-y"]
    again = Store(tmp_path / "state.sqlite3")
    assert order(again) == order(store)
    assert topology(again) == topology(store)
    again.close()


def test_what_an_earlier_version_kept_is_taken_over(store, tmp_path):
    groups = [Group(f"rsp-{letter}", demo.PAY_BALANCER, REGION, letter, 1) for letter in "cab"]
    with closing(sqlite3.connect(tmp_path / "former.sqlite3", isolation_level=None)) as former:
        former.execute(
            "CREATE TABLE entities (account TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,"
            " number INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (account, kind, id))"
            " WITHOUT ROWID, STRICT"
        )
        rows = [(ACCOUNT, "group", one.id, n, dump(one)) for n, one in enumerate(groups, 7)]
        former.executemany("INSERT INTO entities VALUES (?, ?, ?, ?, ?)", rows)
    for changed in ("c", "changed"):
        with closing(Store(tmp_path / "former.sqlite3")) as opened:
            found = list(View(opened, ACCOUNT).children(Group, demo.PAY_BALANCER))
            assert found == [replace(groups[0], name=changed), *groups[1:]]
            save(opened, replace(groups[0], name="changed"))


def test_a_draft_over_a_draft_sees_both_and_leaves_the_store_alone(store):
    group = View(store, ACCOUNT).get(Group, "rsp-bp1payblue0000001")
    lower = Draft(store)
    Edit(lower, ACCOUNT).put(replace(group, name="lower"))
    upper = Draft(lower)
    edit = Edit(upper, ACCOUNT)
    edit.put(replace(group, id="rsp-new", name="upper"))
    edit.delete(View(store, ACCOUNT).get(Group, "rsp-bp1payapi00000001"))
    names = [one.name for one in edit.children(Group, demo.PAY_BALANCER)]
    assert names == ["lower", "upper"]
    stored = View(store, ACCOUNT).children(Group, demo.PAY_BALANCER)
    assert [one.name for one in stored] == ["pay-blue", "pay-api"]
    lower.absorb(upper)
    store.publish(lower.changes)
    stored = View(store, ACCOUNT).children(Group, demo.PAY_BALANCER)
    assert [one.name for one in stored] == ["lower", "upper"]


def test_an_object_of_an_older_version_takes_new_fields_defaults():
    text = '{"id":"rsp-1","balancer_id":"lb-1","region":"r","name":"n","created":1}'
    assert load("group", text) == Group("rsp-1", "lb-1", "r", "n", 1)
    for written in ('{"server_id":"i-1","port":80}', '["i-1",80]'):
        members = text.replace("}", f',"members":[{written}]}}')
        assert load("group", members).members == (Member("i-1", 80),)


def test_the_uses_of_servers_are_counted_through_drafts_and_over_a_restart(store, tmp_path):
    dice = random.Random(7)
    servers = [f"i-{number}" for number in range(6)]

    def members():
        chosen = dice.sample(servers, dice.randrange(len(servers)))
        return tuple(Member(one, port) for one in chosen for port in (80, 81))

    def anything(view):
        """A group made, changed or deleted, or a pool changed."""
        name = f"rsp-{dice.randrange(12)}"
        kind = Group if int(name.removeprefix("rsp-")) % 3 else MasterSlaveGroup
        known = view.get(kind, name)
        if dice.random() < 0.2:
            balancer = view.get(Balancer, demo.PAY_BALANCER)
            view.put(replace(balancer, pool=members()))
        elif known is None:
            view.put(kind(name, demo.PAY_BALANCER, REGION, "", 1, members()))
        elif dice.random() < 0.3:
            view.delete(known)
        else:
            view.put(replace(known, members=members()))

    def uses(view):
        return {server: count for server in servers if (count := view.uses(server))}

    def counted(view):
        holders = [*view.children(Balancer, REGION)]
        holders += [
            group
            for kind in (Group, MasterSlaveGroup)
            for balancer in view.children(Balancer, REGION)
            for group in view.children(kind, balancer.id)
        ]
        found = Counter(server for holder in holders for server in servers_in(holder))
        return {server: found[server] for server in servers if found[server]}

    for _ in range(60):
        batch = Draft(store)
        for _ in range(3):
            draft = Draft(batch)
            for _ in range(2):
                anything(view := Edit(draft, ACCOUNT))
                assert uses(view) == counted(view)
            if dice.random() < 0.7:
                batch.absorb(draft)
                assert uses(Edit(batch, ACCOUNT)) == counted(Edit(batch, ACCOUNT))
        store.write(batch.changes)
        store.publish(batch.changes)
        assert uses(View(store, ACCOUNT)) == counted(View(store, ACCOUNT))
        assert uses(View(store, "2")) == {}
    again = Store(tmp_path / "state.sqlite3")
    assert uses(View(again, ACCOUNT)) == counted(View(store, ACCOUNT)) != {}
    again.close()
