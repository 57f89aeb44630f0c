"""From stored objects to what is served."""

from dataclasses import replace

import pytest

from vservers.localcloud import demo
from vservers.localcloud.addresses import Addresses, NetworkFull
from vservers.localcloud.model import Group, Instance, Listener, load
from vservers.localcloud.store import Draft, Edit, Store, View
from vservers.localcloud.wiring import topology

ACCOUNT = "1"


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / "state.sqlite3")
    save(opened, *demo.entities(Addresses("127.99.0.0/16", ())))
    yield opened
    opened.close()


def save(store, *entities, gone=()):
    draft = Draft(store)
    edit = Edit(draft, ACCOUNT)
    for entity in entities:
        edit.put(entity)
    for entity in gone:
        edit.delete(entity)
    store.write(draft.changes)
    store.publish(draft.changes)


def served(store, balancer_id):
    return [one for one in topology(store).listeners if one.load_balancer_id == balancer_id]


def test_the_default_pool_is_served_on_the_listeners_port(store):
    (listener,) = served(store, demo.SHOP_BALANCER)
    assert (listener.address, listener.port) == ("127.99.0.1", 80)
    assert listener.default_backend == demo.SHOP_BALANCER
    (pool,) = listener.backends
    assert [(one.address, one.port) for one in pool.members] == [
        (f"127.99.128.{number}", 8080) for number in (1, 2, 3)
    ]
    assert listener.health_check is not None
    assert listener.health_check.http_codes == ("http_2xx", "http_3xx")


def test_groups_of_the_listener_and_of_rules_are_backends(store):
    (listener,) = served(store, demo.PAY_BALANCER)
    assert listener.default_backend == "rsp-bp1payblue0000001"
    assert [backend.key for backend in listener.backends] == [
        "rsp-bp1payblue0000001",
        "rsp-bp1payapi00000001",
    ]
    (route,) = listener.routes
    assert (route.domain, route.backend_key) == ("api.pay.example.com", "rsp-bp1payapi00000001")
    assert [member.weight for member in listener.backends[0].members] == [100, 100, 50]


def test_a_stopped_listener_and_an_inactive_balancer_serve_nothing(store):
    view = View(store, ACCOUNT)
    (listener,) = view.children(Listener, demo.SHOP_BALANCER)
    save(store, replace(listener, status="stopped"))
    assert served(store, demo.SHOP_BALANCER) == []


def test_every_running_instance_answers_and_the_stopped_one_does_not(store):
    instances = dict(topology(store).instances)
    assert len(instances) == 24 - 1 + 4 + 3
    assert "i-bp1web08000000000000" not in instances
    view = View(store, ACCOUNT)
    server = view.get(Instance, "i-bp1web01000000000000")
    save(store, replace(server, status="Stopped"))
    (listener,) = served(store, demo.SHOP_BALANCER)
    assert [member.running for member in listener.backends[0].members] == [False, True, True]


def test_a_timeout_shorter_than_the_interval_counts_as_the_interval(store):
    (listener,) = View(store, ACCOUNT).children(Listener, demo.SHOP_BALANCER)
    settings = dict(listener.settings) | {"HealthCheckInterval": 50, "StickySession": "on"}
    settings |= {"StickySessionType": "insert", "CookieTimeout": 9}
    save(store, replace(listener, settings=settings))
    (found,) = served(store, demo.SHOP_BALANCER)
    assert (found.health_check.interval, found.health_check.timeout) == (50, 50)
    assert (found.sticky.kind, found.sticky.cookie_timeout) == ("insert", 9)


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


def test_a_network_that_is_full_says_so():
    addresses = Addresses("127.9.9.0/24", {"127.9.9.1"})
    given = [addresses.for_balancer() for _ in range(125)]
    assert given[0] == "127.9.9.2"
    assert len(set(given)) == 125
    with pytest.raises(NetworkFull):
        addresses.for_balancer()
    assert addresses.for_instance() == "127.9.9.129"
