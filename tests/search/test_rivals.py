"""Samplers that train on beside the forks: when they win, and when they are given up."""

from __future__ import annotations

import numpy as np
import pytest

from autosample.samplers import make_sampler
from autosample.search import Outcome
from autosample.search.rivals import LOSSES, TRIALS, Rivals, behind

NOISE = np.random.default_rng(0).normal(0.0, 0.1, 1000)
CHOSEN = Outcome("dns:pool=4", np.arange(1000), np.full(1000, 0.5))


def outcome(z: float) -> Outcome:
    """Ahead of the chosen one by ``z`` standard errors."""
    change = (NOISE - NOISE.mean()) / NOISE.std(ddof=1)
    return Outcome("x", np.arange(1000), CHOSEN.scores + (change + z / np.sqrt(1000)) * 0.1)


def with_one(gap: float | None = 0.0) -> Rivals:
    rivals = Rivals(0.2)
    assert rivals.add(make_sampler("mixgcf:pool=16"), gap=gap) == "rival mixgcf:pool=16"
    return rivals


def test_a_rival_trains_on_from_its_own_parameters():
    (arm,) = with_one().arms
    assert (arm.sampler.label, arm.start, arm.save) == (
        "mixgcf:pool=16",
        "rival mixgcf:pool=16",
        "rival mixgcf:pool=16",
    )


@pytest.mark.parametrize(("z", "wins"), [(1.27, False), (1.29, True)])
def test_it_wins_at_half_the_level(z, wins):
    rivals = with_one()  # the upper tenth of a normal distribution begins at 1.2816
    winner, given_up, evidence = rivals.meet([outcome(z)], CHOSEN, 9)
    assert not given_up
    assert (winner is not None) == wins
    assert len(rivals.arms) == (not wins)
    assert evidence["rival mixgcf:pool=16"]["ahead_z"] == pytest.approx(z)


def test_the_better_of_two_winners_wins_and_the_other_stays():
    rivals = with_one()
    rivals.add(make_sampler("dns:pool=4"))
    winner = rivals.meet([outcome(2), outcome(3)], CHOSEN, 9).winner
    assert winner.sampler.label == "dns:pool=4"
    assert rivals.states == ["rival mixgcf:pool=16"]


def given_up_after(*ahead: float, later: int = 5, gap: float | None = 0.0) -> int | None:
    """Trials it takes part in, when it is ahead by these z; None: still there after all."""
    rivals = with_one(gap)
    for place, z in enumerate(ahead, 1):
        if given_up := rivals.meet([outcome(z)], CHOSEN, later).given_up:
            assert [(r.state, r.trials) for r in given_up] == [("rival mixgcf:pool=16", place)]
            return place
    return None


def test_losses_end_it_unless_it_was_level_in_between():
    assert LOSSES == 3
    assert given_up_after(-1, -1, -1) == 3
    assert given_up_after(-1, -1, 0, -1, -1) is None
    assert given_up_after(-0.8, -0.8, -0.8, -0.8) is None  # not worse at the level: z = 0.84


def test_losses_do_not_count_while_it_comes_close_at_a_pace_that_will_do():
    assert given_up_after(-12, -12, -9, -7, -5) is None  # 3 a trial and 5 trials left for 9
    assert given_up_after(-12, -12, -9, later=2) == 3
    assert given_up_after(-12, -12, -11, -5) == 3  # 1 a trial for 11
    assert given_up_after(-12, -12, -9, -12) == 4


def test_no_loss_counts_before_it_is_known_how_far_it_is_behind():
    assert given_up_after(-1, -1, -1, -1, gap=None) == 4
    assert given_up_after(-12, -12, -12, gap=0.0) == 3
    known = 15 * 0.1 / np.sqrt(1000) / 0.5  # z = -15, of which the first trial makes 3 up
    assert given_up_after(-12, -12, -12, gap=known) is None


def test_a_slow_starter_is_judged_by_its_share_of_a_mean_that_rises():
    rivals, kept = with_one(gap=None), []
    for place, (theirs, main) in enumerate([(0.01, 0.1), (0.06, 0.3), (0.2, 0.5), (0.45, 0.7)]):
        them, chosen = (
            Outcome(name, np.arange(1000), mean + noise)
            for name, mean, noise in (("x", theirs, NOISE / 50), ("y", main, 0 * NOISE))
        )
        rivals.meet([them], chosen, later=9 - place)
        kept += [(rival.losses, round(rival.gap, 2)) for rival in rivals]
    # the gap in points grows from 0.09 to 0.24 and 0.3 while it shrinks as a share
    assert kept == [(0, 0.9), (0, 0.8), (0, 0.6), (0, 0.36)]


def test_a_rival_of_nothing_is_not_behind():
    nothing = Outcome("x", np.arange(4), np.zeros(4))
    assert behind(nothing, nothing) == 0
    assert behind(nothing, CHOSEN) == 1


def test_it_is_given_up_after_some_trials_in_any_case():
    assert TRIALS == 8
    rivals = with_one()
    for _ in range(TRIALS):
        assert len(rivals.arms) == 1
        rivals.meet([outcome(0)], CHOSEN, 9)
    assert not rivals.arms


def test_a_sampler_that_comes_again_starts_from_its_newest_parameters():
    rivals = with_one()
    for _ in range(TRIALS - 1):
        rivals.meet([outcome(0)], CHOSEN, 9)
    rivals.add(make_sampler("mixgcf:pool=16"), instead_of="mixgcf:pool=64")
    assert len(rivals.arms) == 1
    rivals.meet([outcome(0)], CHOSEN, 9)
    assert len(rivals.arms) == 1


def test_equal_rivals_take_over_at_the_stated_rate_only():
    rng, wins, n = np.random.default_rng(1), 0, 2000
    for _ in range(n):
        theirs = Outcome("x", np.arange(200), 0.5 + rng.normal(0, 0.1, 200))
        chosen = Outcome("y", np.arange(200), np.full(200, 0.5))
        wins += with_one().meet([theirs], chosen, 9).winner is not None
    assert abs(wins / n - 0.1) < 3 * np.sqrt(0.09 / n)
