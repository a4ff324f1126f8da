"""Rules of comparison, against scipy, by hand and by simulation."""

import numpy as np
import pytest
from scipy import stats

from autosample.search.decide import Comparison, cheapest_not_worse, paired, unpaired


def test_paired_is_the_t_statistic():
    rng = np.random.default_rng(0)
    a, b = rng.random(50), rng.random(50)
    assert paired(a, b).z == pytest.approx(stats.ttest_rel(a, b).statistic)


def test_unpaired_is_welchs_statistic():
    rng = np.random.default_rng(1)
    a, b = rng.random(40), 2 * rng.random(70)
    expected = stats.ttest_ind(a, b, equal_var=False).statistic
    assert unpaired(a, b).z == pytest.approx(expected)


def test_equal_scores_have_no_z():
    a = np.array([0.1, 0.2, 0.3])
    assert paired(a, a).z == 0
    assert paired(a + 0.5, a).z == pytest.approx(np.inf, rel=1e-6) or paired(a + 0.5, a).z > 1e6


def test_choice_by_hand():
    leader, far, near = None, Comparison(0.3, 0.1), Comparison(0.01, 0.1)
    place, z = cheapest_not_worse([far, near, leader], 0.05)
    assert place == 1
    assert z == pytest.approx([3, 0.1, 0])
    assert cheapest_not_worse([far, far, leader], 0.05)[0] == 2
    assert cheapest_not_worse([leader, far], 0.05)[0] == 0
    with pytest.raises(ValueError, match="leader"):
        cheapest_not_worse([far], 0.05)


def choice(rng: np.random.Generator, gains: list[float], n: int, level: float) -> int:
    """Place chosen when the arms' users differ from a common score by noise and a gain."""
    arms = [0.1 + gain + rng.normal(0, 0.1, n) for gain in gains]
    leader = max(range(len(arms)), key=lambda i: arms[i].mean())
    comparisons = [None if i == leader else paired(arms[leader], a) for i, a in enumerate(arms)]
    return cheapest_not_worse(comparisons, level)[0]


def test_a_costlier_equal_arm_is_rarely_preferred():
    rng = np.random.default_rng(3)
    switched = [choice(rng, [0.0, 0.0], 300, 0.1) == 1 for _ in range(2000)]
    assert np.mean(switched) <= 0.1 + 3 * np.sqrt(0.1 * 0.9 / 2000)
    assert np.mean(switched) >= 0.1 - 3 * np.sqrt(0.1 * 0.9 / 2000)  # not over-cautious either


def test_power_is_what_the_normal_approximation_says():
    rng = np.random.default_rng(4)
    gain, n, level = 0.015, 300, 0.1
    found = np.mean([choice(rng, [0.0, gain], n, level) == 1 for _ in range(2000)])
    shift = gain / (0.1 * np.sqrt(2 / n))
    power = stats.norm.cdf(shift - stats.norm.ppf(1 - level))
    assert found == pytest.approx(power, abs=0.035)
    assert power > 0.6
