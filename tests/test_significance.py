"""Tests and intervals against scipy, against numbers worked out by hand, and by simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from autosample.significance import holm, paired

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("n", [2, 3, 50, 4000])
def test_the_paired_test_is_that_of_scipy(n):
    a, b = RNG.normal(0.3, 1, n), RNG.normal(0.2, 1, n)
    found, expected = paired(a - b), stats.ttest_rel(a, b)
    assert found.p == pytest.approx(expected.pvalue)
    interval = expected.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.mean == pytest.approx((a - b).mean())
    assert found.effect == pytest.approx(expected.statistic / math.sqrt(n))


def test_by_hand():
    found = paired(np.array([1.0, 2.0, 3.0]))  # mean 2, deviation 1, error 1 / sqrt 3, t = 3.4641
    assert (found.n, found.mean, found.effect) == (3, 2.0, 2.0)
    assert found.p == pytest.approx(0.0742, abs=5e-5)  # two-sided, 2 degrees of freedom
    assert found.high - found.mean == pytest.approx(4.3027 / math.sqrt(3), abs=1e-3)


def test_one_pair_is_no_test_and_no_pair_no_mean():
    assert math.isnan(paired(np.array([0.5])).p)
    assert paired(np.array([0.5])).mean == 0.5
    assert paired(np.array([])).n == 0
    assert paired(np.array([])).as_dict() == {
        "n": 0, "mean": None, "low": None, "high": None, "p": None, "effect": None,
    }  # fmt: skip


def test_differences_that_do_not_vary():
    assert paired(np.zeros(5)).p == 1.0
    assert paired(np.ones(5)).p == 0.0
    tenths = paired(np.full(3, 0.1))  # numpy has 1.7e-17 for their deviation
    assert (tenths.low, tenths.high) == (tenths.mean, tenths.mean)
    assert math.isnan(tenths.effect)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_holm_leaves_out_what_is_no_test():
    found = holm([0.01, math.nan, 0.04])
    assert found[0] == 0.02
    assert math.isnan(found[1])
    assert found[2] == 0.04


def test_holm_is_between_no_correction_and_bonferroni_and_keeps_the_order():
    for _ in range(50):
        p = RNG.uniform(0, 0.2, 7)
        found = np.array(holm(list(p)))
        assert (found >= p).all()
        assert (found <= np.minimum(1, 7 * p) + 1e-15).all()
        assert (np.diff(found[np.argsort(p)]) >= 0).all()


def test_the_chance_of_any_false_rejection_stays_at_the_level():
    wrong = sum(min(holm([paired(d).p for d in RNG.normal(0, 1, (5, 30))])) < 0.05
                for _ in range(500))  # fmt: skip
    assert wrong / 500 < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 500)
