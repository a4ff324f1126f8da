"""Medians, ratios by round, growth."""

import pytest
from benchmarks.speed.ratios import compare, fastest, growth, spread

ROW = {
    "ours": {"rates": [10.0, 30.0, 20.0]},
    "slow": {"rates": [1.0, 1.0, 1.0]},
    "quick": {"rates": [5.0, 10.0, 4.0]},
    "broken": {"error": "no wheel"},
}


def test_spread_by_hand() -> None:
    assert spread([8.0, 10.0, 12.0]) == pytest.approx(0.4)


def test_the_fastest_by_median_among_the_measured() -> None:
    assert fastest(ROW, ["slow", "quick", "broken", "absent"]) == "quick"
    assert fastest(ROW, ["broken", "absent"]) is None


def test_rounds_are_paired() -> None:
    ratio = compare(ROW, ["ours"], ["slow", "quick"])
    assert ratio == (3.0, 2.0, 5.0, "quick")  # 10 / 5, 30 / 10, 20 / 4


def test_a_slow_machine_in_one_round_changes_no_ratio() -> None:
    slowed = {name: {"rates": [a, b / 9, c]} for name, (a, b, c) in
              {"ours": (6.0, 6.0, 6.0), "quick": (2.0, 2.0, 2.0)}.items()}  # fmt: skip
    assert compare(slowed, ["ours"], ["quick"])[:3] == pytest.approx((3.0, 3.0, 3.0))


def test_nothing_to_compare_with() -> None:
    assert compare(ROW, ["ours"], ["broken"]) is None
    assert compare(ROW, ["absent"], ["slow"]) is None


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_growth_finds_the_exponent(power: float) -> None:
    sizes = [1e5, 1e6, 1e7]
    assert growth(sizes, [3.0 * size**power for size in sizes]) == pytest.approx(power)
