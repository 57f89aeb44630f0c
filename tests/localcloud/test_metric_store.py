"""The file of points: what goes in comes out, old points go, the size is bounded."""

import random

import pytest

from vservers.localcloud.metric_store import (
    KEPT_SECONDS,
    PLACES,
    MetricStore,
    Series,
    decode,
    empty_point,
    encode,
    merge,
)

NOW = 1_800_000_000
LISTENER = Series("1000000000000001", "lb-x", "http", 80, "127.64.0.1")


def busy(seed=0):
    chance = random.Random(seed)
    return [float(chance.randrange(1, 2**50)) for _ in empty_point()]


@pytest.fixture
def store(tmp_path):
    made = MetricStore(tmp_path / "metrics.sqlite3", max_bytes=512 * 1024)
    yield made
    made.close()


def all_points(store):
    (number,) = store.series(LISTENER.account, LISTENER.balancer)
    return list(store.points(number, 0, NOW * 2))


def test_a_point_comes_back_as_it_was():
    for point in (empty_point(), busy()):
        assert decode(encode(point)) == point


def test_a_listener_at_rest_takes_few_bytes():
    point = empty_point()
    point[PLACES["samples"]] = 12
    assert len(encode(point)) == 4 + 8


def test_points_of_one_moment_are_added(store):
    first, second = empty_point(), empty_point()
    for point, requests, least in ((first, 3, 5), (second, 4, 2)):
        point[PLACES["samples"]] = 1
        point[PLACES["requests"]] = requests
        point[PLACES["healthy_min"]] = least
    store.add(NOW, [(LISTENER, first)])
    store.add(NOW, [(LISTENER, second)])
    ((moment, point),) = all_points(store)
    assert moment == NOW
    assert point[PLACES["requests"]] == 7
    assert point[PLACES["healthy_min"]] == 2


def test_a_period_without_samples_is_no_least():
    point = empty_point()
    merge(point, busy())
    assert point == busy()


def test_old_points_go(store):
    for age in (KEPT_SECONDS + 60, KEPT_SECONDS - 60):
        store.add(NOW - age, [(LISTENER, busy())])
    store.prune(NOW)
    assert [moment for moment, _ in all_points(store)] == [NOW - KEPT_SECONDS + 60]
    store.prune(NOW * 2)
    assert store.series(LISTENER.account, LISTENER.balancer) == {}


def test_the_file_stays_within_its_bound_and_keeps_the_newest(store, tmp_path):
    for minute in range(0, 20_000, 500):
        for moment in range(minute, minute + 500):
            store.add(NOW + 60 * moment, [(LISTENER, busy(moment))])
        store.prune(NOW + 60 * (minute + 499))
        assert store.size() <= 512 * 1024
    kept = all_points(store)
    assert kept[-1] == (NOW + 60 * 19_999, busy(19_999))
    assert len(kept) > 1000
    # Freed pages are used again: the file itself does not grow either.
    assert (tmp_path / "metrics.sqlite3").stat().st_size < 2 * 512 * 1024
