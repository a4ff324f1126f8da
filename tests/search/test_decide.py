"""Rules of comparison, against scipy, by hand and by simulation."""

import json

import numpy as np
import pytest
from scipy import stats

from autosample.search.decide import (
    MOST,
    Comparison,
    adjusted,
    cheapest_not_worse,
    paired,
    unpaired,
)


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


@pytest.mark.parametrize("base", [np.zeros(2), np.array([0.1, 0.2, 0.3])])
def test_a_difference_that_all_have_has_a_z_that_json_can_say(base):
    z = [paired(base + 0.5, base).z, paired(base, base + 0.5).z]
    assert json.loads(json.dumps(z, allow_nan=False)) == [MOST, -MOST]


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


def test_adjusted_group_means_are_those_of_a_regression_with_group_dummies():
    rng = np.random.default_rng(5)
    groups, x = rng.integers(0, 3, 90), rng.normal(size=(90, 2))
    y = x @ [0.5, -1.0] + 0.1 * groups + rng.normal(0, 0.1, 90)
    dummies = np.eye(3)[groups]
    fit = np.linalg.lstsq(np.column_stack([dummies, x - x.mean(axis=0)]), y, rcond=None)[0]
    found = adjusted(y, groups, x)
    assert [found[groups == g].mean() for g in range(3)] == pytest.approx(fit[:3])


def test_covariates_shrink_the_error_by_what_they_explain_and_leave_the_difference_unbiased():
    rng, raw, lean = np.random.default_rng(6), [], []
    for _ in range(600):
        x = rng.normal(size=(400, 1))
        groups = rng.permutation(400) % 2
        y = 0.1 + 0.03 * groups + 0.2 * x[:, 0] + rng.normal(0, 0.2, 400)  # half explained
        for found, values in ((raw, y), (lean, adjusted(y, groups, x))):
            found.append(values[groups == 1].mean() - values[groups == 0].mean())
    assert np.mean(lean) == pytest.approx(0.03, abs=4 * np.std(lean) / np.sqrt(600))
    assert np.var(lean) / np.var(raw) == pytest.approx(0.5, abs=0.09)


@pytest.mark.parametrize(("users", "spread"), [(900, 0.4), (9000, 1.26)])
def test_an_arm_that_is_three_percent_better_is_found_with_the_stated_power(users, spread):
    """Forks of one state: a user's change between arms is ``spread`` times the mean score."""
    rng, level, better, mean = np.random.default_rng(7), 0.2, 0.03, 0.1
    found = 0
    for _ in range(1500):
        same = rng.exponential(mean, users)
        harder = same + better * mean + rng.normal(0, spread * mean, users)
        lead = harder.mean() > same.mean()
        pair = [paired(harder, same), None] if lead else [None, paired(same, harder)]
        found += cheapest_not_worse(pair, level)[0] == 1
    power = stats.norm.cdf(better * np.sqrt(users) / spread - stats.norm.ppf(1 - level))
    assert found / 1500 == pytest.approx(power, abs=0.03)
    assert power > 0.9


def test_fewer_than_two_users_say_nothing():
    one, none = np.array([0.5]), np.empty(0)
    for comparison in (paired(one, one - 0.25), unpaired(one, none), unpaired(none, none)):
        assert comparison.error == np.inf
        assert comparison.z == 0
        assert cheapest_not_worse([comparison, None], 0.05)[0] == 0
