"""Beyond accuracy, by hand."""

import numpy as np
import pytest

from autosample.beyond import coverage, gini, popularity_lift
from autosample.errors import DataError

LISTS = np.array([[0, 1], [0, 2], [0, -1]])  # item 0 three times, 1 and 2 once, 3 never
NOTHING = np.full((2, 3), -1)


def test_coverage():
    assert coverage(LISTS, 4) == 3 / 4
    assert coverage(NOTHING, 4) == 0


def test_gini_by_hand_and_by_mean_difference():
    # counts 0, 1, 1, 3: (-3 * 0 - 1 * 1 + 1 * 1 + 3 * 3) / (4 * 5)
    assert gini(LISTS, 4) == pytest.approx(9 / 20)
    counts = np.random.default_rng(0).integers(0, 9, 30)
    difference = np.abs(counts[:, None] - counts[None]).mean()
    lists = np.repeat(np.arange(30), counts)[:, None]
    assert gini(lists, 30) == pytest.approx(difference / (2 * counts.mean()))


def test_gini_limits():
    assert gini(np.arange(6).reshape(3, 2), 6) == 0
    assert gini(np.zeros((5, 1), np.int64), 4) == pytest.approx(1 - 1 / 4)


def test_popularity_lift():
    # recommended: (3 * 4 + 3 + 2) / 5 = 3.4; chosen: (16 + 9 + 4 + 1) / 10 = 3
    assert popularity_lift(LISTS, np.array([4, 3, 2, 1])) == pytest.approx(3.4 / 3 - 1)
    assert popularity_lift(LISTS, np.array([5, 5, 5, 5])) == 0


def test_recommending_what_was_chosen_lifts_nothing():
    counts = np.array([7, 1, 0, 4])
    assert popularity_lift(np.repeat(np.arange(4), counts)[:, None], counts) == pytest.approx(0)


def test_nothing_recommended_is_refused():
    with pytest.raises(DataError, match=r"AS143.*recommendation"):
        gini(NOTHING, 4)
    with pytest.raises(DataError, match=r"AS143.*recommendation"):
        popularity_lift(NOTHING, np.ones(4, np.int64))
    with pytest.raises(DataError, match=r"AS143.*training"):
        popularity_lift(LISTS, np.zeros(4, np.int64))


@pytest.mark.parametrize("lists", [[[0, 4]], [[-2, 0]], [[0.5, 1]]])
def test_numbers_that_the_catalogue_does_not_have_are_refused(lists):
    for measure in (
        lambda: coverage(np.array(lists), 4),
        lambda: gini(np.array(lists), 4),
        lambda: popularity_lift(np.array(lists), np.ones(4, np.int64)),
    ):
        with pytest.raises(DataError, match="AS111: Every item number"):
            measure()
    assert coverage([[0, 1], [0, -1]], 4) == 1 / 2
