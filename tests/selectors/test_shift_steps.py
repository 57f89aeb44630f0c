"""The steps of a shift: weights and shares, as sums."""

from hypothesis import given
from hypothesis import strategies as st

from vservers.services.shift_steps import FROM, STAYS, TO, Row, share_to, steps_of, weights_at


def rows(*values):
    return [Row("g", side, weight) for side, weight in values]


def test_all_weight_moves_in_even_shares():
    chosen = rows((FROM, 100), (FROM, 100), (TO, 0), (TO, 0))
    steps = steps_of(chosen, count=4, percent=100)
    assert steps == [
        [75, 75, 25, 25],
        [50, 50, 50, 50],
        [25, 25, 75, 75],
        [0, 0, 100, 100],
    ]
    assert [share_to(chosen, step, "g") for step in steps] == [25.0, 50.0, 75.0, 100.0]


def test_a_part_moves_in_proportion_to_what_the_takers_have():
    chosen = rows((FROM, 100), (TO, 10), (TO, 30))
    assert steps_of(chosen, count=1, percent=50) == [[50, 22, 68]]


def test_where_the_takers_cannot_hold_the_weight_all_are_scaled_and_the_shares_stay():
    chosen = rows((FROM, 100), (FROM, 100), (FROM, 100), (TO, 0))
    steps = steps_of(chosen, count=4, percent=100)
    shares = [round(share_to(chosen, step, "g")) for step in steps]
    assert shares == [25, 50, 75, 100]
    assert steps[-1] == [0, 0, 0, 100]


def test_other_servers_of_the_group_keep_their_weights():
    chosen = rows((FROM, 60), (TO, 0), (STAYS, 40))
    assert steps_of(chosen, count=2, percent=100) == [[30, 30, 40], [0, 60, 40]]


def test_beside_other_servers_a_weight_ends_at_its_limit():
    chosen = rows((FROM, 100), (FROM, 100), (TO, 0), (STAYS, 100))
    assert steps_of(chosen, count=1, percent=100) == [[0, 0, 100, 100]]


def test_nobody_who_is_to_have_a_share_is_rounded_away():
    chosen = rows((FROM, 1), (TO, 0))
    assert weights_at(chosen, 0.1) == [1, 1]


def test_steps_that_would_change_nothing_are_left_out():
    chosen = rows((FROM, 2), (TO, 0))
    assert len(steps_of(chosen, count=10, percent=100)) < 10


def test_groups_are_moved_each_by_itself():
    chosen = [Row("a", FROM, 10), Row("a", TO, 0), Row("b", FROM, 50), Row("b", TO, 50)]
    assert steps_of(chosen, count=1, percent=100) == [[0, 10, 0, 100]]


weights = st.integers(0, 100)
sides = st.sampled_from([FROM, TO, STAYS])


@given(st.lists(st.tuples(sides, weights), min_size=2, max_size=8), st.integers(1, 20))
def test_every_weight_is_one_that_the_cloud_takes_and_at_the_end_the_givers_have_none(drawn, count):
    chosen = rows((FROM, 50), (TO, 0), *drawn)
    steps = steps_of(chosen, count=count, percent=100)
    assert all(0 <= weight <= 100 for step in steps for weight in step)
    assert all(w == 0 for row, w in zip(chosen, steps[-1], strict=True) if row.side == FROM)
    for row, *path in zip(chosen, *steps, strict=True):
        if row.side == STAYS:
            assert set(path) == {row.weight}
    shares = [share_to(chosen, step, "g") or 0 for step in steps]
    assert shares[-1] == max(shares)
