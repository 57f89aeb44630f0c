"""Counted answers beside expected shares: within chance or not."""

import random

import pytest

from vservers.selectors.samples import Fit, chance_of, judge


# Upper critical values from printed tables of chi-square.
@pytest.mark.parametrize(
    ("freedom", "deviation", "chance"),
    [
        (1, 3.841, 0.05),
        (1, 6.635, 0.01),
        (2, 5.991, 0.05),
        (3, 11.345, 0.01),
        (4, 9.488, 0.05),
        (5, 15.086, 0.01),
        (10, 18.307, 0.05),
        (19, 36.191, 0.01),
        (30, 50.892, 0.01),
        (7, 0.0, 1.0),
    ],
)
def test_the_chance_is_that_of_the_tables(freedom, deviation, chance):
    assert chance_of(deviation, freedom=freedom) == pytest.approx(chance, abs=2e-5)


def test_an_even_split_fits_equal_shares_and_a_lopsided_one_does_not():
    assert judge([50, 50], [50.0, 50.0]).fit is Fit.FITS
    assert judge([45, 55], [50.0, 50.0]).fit is Fit.FITS
    assert judge([30, 70], [50.0, 50.0]).fit is Fit.DEVIATES
    assert judge([34, 33, 33], [60.0, 30.0, 10.0]).fit is Fit.DEVIATES


def test_an_answer_of_a_server_without_a_share_is_wrong_whatever_the_rest():
    assert judge([99, 1], [100.0, 0.0]).fit is Fit.WRONG


def test_nothing_counted_or_nothing_expected_is_not_judged():
    assert judge([0, 0], [50.0, 50.0]).fit is Fit.NONE
    assert judge([3], [0.0]).fit is Fit.NONE
    assert judge([], []).fit is Fit.NONE


def test_one_server_alone_fits():
    verdict = judge([100, 0], [100.0, 0.0])
    assert (verdict.fit, verdict.p_value) == (Fit.FITS, None)


def test_servers_with_small_shares_are_counted_together():
    # Two of one percent each: a single answer more of one of them proves nothing.
    assert judge([96, 4, 0], [98.0, 1.0, 1.0]).fit is not Fit.WRONG
    assert judge([5, 0, 0, 0], [25.0] * 4).p_value is None


def test_servers_that_keep_their_shares_are_rarely_called_deviating():
    dice = random.Random(5)
    percents = [50.0, 30.0, 20.0]
    deviating = 0
    for _ in range(1000):
        drawn = dice.choices(range(3), percents, k=100)
        deviating += judge([drawn.count(n) for n in range(3)], percents).fit is Fit.DEVIATES
    assert deviating < 30
