"""Three pictures become one: nobody's change is lost without being chosen against."""

from hypothesis import given
from hypothesis import strategies as st

from vservers.pages.conflicts import CHOICE, MINE, THEIRS, Conflict, Seen, carried

ROWS = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 2))


def conflict(before, theirs, mine, choices=None):
    return Conflict(before=before, theirs=theirs, mine=mine, choices=choices or {})


@given(before=ROWS, theirs=ROWS, mine=ROWS)
def test_what_one_side_alone_changed_stands(before, theirs, mine):
    made = conflict(before, theirs, mine)
    for key in "abcdef":
        was, their, my = before.get(key), theirs.get(key), mine.get(key)
        if their == was:
            assert made.result.get(key) == my
        elif my == was:
            assert made.result.get(key) == their


@given(before=ROWS, theirs=ROWS, mine=ROWS)
def test_only_what_both_changed_is_open(before, theirs, mine):
    open_keys = {one.key for one in conflict(before, theirs, mine).differences if not one.choice}
    assert open_keys == {
        key for key in "abcdef" if len({before.get(key), theirs.get(key), mine.get(key)}) == 3
    }


@given(theirs=ROWS, mine=ROWS)
def test_without_the_picture_from_before_every_difference_is_open(theirs, mine):
    assert not any(one.choice for one in conflict(None, theirs, mine).differences)


@given(before=ROWS, theirs=ROWS, mine=ROWS)
def test_who_chooses_one_side_everywhere_gets_that_side(before, theirs, mine):
    for side, rows in ((MINE, mine), (THEIRS, theirs)):
        choices = {CHOICE + key: side for key in "abcdef"}
        made = conflict(before, theirs, mine, choices)
        assert made.is_settled
        assert made.result == rows


def test_a_form_that_carries_a_forged_picture_knows_none():
    seen = Seen.of([["a", 1]])
    honest = Seen.from_post(dict(seen.fields))
    assert honest == seen
    swapped = Seen.from_post({"seen": seen.fingerprint, "picture": carried([["a", 2]])})
    forged = Seen.from_post({"seen": seen.fingerprint, "picture": "x:y:z"})
    for one in (swapped, forged):
        assert one.overtaken_by([["a", 3]]).base == one.picture != seen.picture
