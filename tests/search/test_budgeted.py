"""Random search, halving, TPE and exhaustive search: what they train, for how long, and again."""

import re

import numpy as np
import pytest

from autosample.errors import SettingsError
from autosample.run import make_search, run
from autosample.samplers import make_sampler
from autosample.search import TPE, Exhaustive, Halving, Outcome, RandomSearch, adaptive
from autosample.search.halving import rungs
from autosample.search.space import families
from autosample.settings import Settings
from tests.tiny import quick, tiny_dataset

LADDER = ["dns:pool=1", "dns:pool=4", "dns:pool=16", "dns:pool=64", "mixgcf:pool=16"]
RIVALS = [RandomSearch, TPE, Exhaustive, Halving]


def samplers(*specs: str):
    return [make_sampler(spec) for spec in specs or LADDER]


def value(label: str, done: int) -> float:
    """Held-out value of a made-up truth: best at a pool of 16, higher for mixgcf, growing."""
    distance = abs(np.log2(int(label.partition("=")[2] or 1)) - 4)
    return (0.5 + 0.1 * label.startswith("mixgcf") - 0.05 * distance) * (1 - 0.9 ** (done + 1))


def play(search, most: int = 10_000) -> list[tuple[list[str], int]]:
    """(labels, epochs) of the trials of a search that is told the made-up truth."""
    trials, done = [], {}
    while (trial := search.ask()) is not None and len(trials) < most:
        assert [a.sampler.label for a in search.ask().arms] == [a.sampler.label for a in trial.arms]
        outcomes = []
        for arm in trial.arms:
            label = arm.sampler.label
            before = 0 if arm.start == "initial" else done[label]
            done[label] = before + trial.epochs
            outcomes.append(Outcome(label, np.arange(3), np.full(3, value(label, done[label]))))
        trials.append(([a.sampler.label for a in trial.arms], trial.epochs))
        search.tell(outcomes)
    return trials


def cost(trials) -> int:
    return sum(len(labels) * epochs for labels, epochs in trials)


def tried(trials) -> set[str]:
    return {label for labels, _ in trials for label in labels}


@pytest.mark.parametrize("rival", RIVALS)
@pytest.mark.parametrize("budget", [1, 2.5, 3, 4])
def test_no_rival_spends_more_than_its_budget(rival, budget):
    trials = play(rival(samplers(), epochs=40, window=2, patience=40, budget=budget))
    assert cost(trials) <= 40 * budget
    assert cost(trials) > 40 * budget - 10  # and hardly less


@pytest.mark.parametrize("rival", RIVALS)
def test_a_rival_is_a_function_of_what_it_was_told(rival):
    one, other = (play(rival(samplers(), epochs=40, window=2, budget=3)) for _ in range(2))
    assert one == other


@pytest.mark.parametrize("rival", [RandomSearch, TPE])
def test_seeds_lead_to_other_samplers(rival):
    found = {str(play(rival(samplers(), epochs=40, window=4, seed=seed))) for seed in range(4)}
    assert len(found) == 4


@pytest.mark.parametrize("rival", [RandomSearch, TPE])
def test_no_sampler_is_trained_twice_and_a_small_space_ends_the_search(rival):
    trials = play(rival(samplers("uniform", "in_batch"), epochs=4, window=2, budget=50))
    assert tried(trials) == {"uniform", "in_batch"}
    assert cost(trials) == 8


def test_random_search_draws_families_equally_and_hardness_by_its_logarithm():
    labels = tried(play(RandomSearch(samplers(), epochs=1, window=1, budget=150)))
    assert all(1 <= int(label.rpartition("=")[2]) <= 256 for label in labels)
    many = [RandomSearch(samplers(), seed=seed).propose().label for seed in range(600)]
    assert sum(label.startswith("mixgcf") for label in many) / 600 == pytest.approx(0.5, abs=0.06)
    pools = [int(label.rpartition("=")[2]) for label in many if label.startswith("dns")]
    assert np.median(pools) == pytest.approx(16, rel=0.3)  # the middle of 1 and 256 in logarithms


def test_tpe_gives_up_bad_samplers_and_so_sees_more_than_random_search():
    random, tpe = (
        [play(rival(samplers(), epochs=40, window=2, seed=s)) for s in range(5)]
        for rival in (RandomSearch, TPE)
    )
    assert all(len(tried(trials)) == 3 for trials in random)
    assert np.mean([len(tried(trials)) for trials in tpe]) > 4
    for trials in tpe:
        lengths = [len([t for t in trials if t[0] == [label]]) * 2 for label in tried(trials)]
        assert min(lengths) >= 4  # a tenth of the epochs at least


def test_tpe_comes_near_the_optimum_with_a_large_budget():
    trials = play(TPE(samplers("dns:pool=1", "dns:pool=64"), epochs=20, window=4, budget=12))
    pools = [int(label.rpartition("=")[2]) for label in tried(trials)]
    assert min(abs(np.log2(pool) - 4) for pool in pools) < 0.35


def test_tpe_is_told_of_a_proposal_that_was_trained_before():
    search = TPE(samplers("dns:pool=1"), epochs=2, window=1, budget=30)
    trials = play(search)  # pools 1 to 4
    assert tried(trials) == {f"dns:pool={pool}" for pool in (1, 2, 3, 4)}
    told = [trial for trial in search._study.trials if trial.value is not None]
    assert len(told) > 4


def test_without_optuna_the_extra_is_named(monkeypatch):
    monkeypatch.setattr("autosample.extras.find_spec", lambda module: None)
    with pytest.raises(SettingsError, match=r"autosample\[tune\]"):
        TPE(samplers())


def test_a_budget_cuts_the_last_training_off():
    trials = play(Exhaustive(samplers(), epochs=10, window=4, patience=10, budget=1.5))
    assert [epochs for _, epochs in trials] == [4, 4, 2, 4, 1]


def test_rungs_by_hand():
    assert rungs(4, 8, budget=16) == [2, 4, 8]  # 4 x 2 + 2 x 2 + 1 x 4
    assert rungs(4, 8, budget=32) == [8 - 2, 8 - 1, 8]  # budget for all: hardly a rung
    assert rungs(1, 8, budget=24) == [8]
    assert rungs(5, 100, budget=1) == [1, 2, 3, 4]  # an epoch each is the least there is
    assert rungs(5, 2, budget=100) == [1, 2]


@pytest.mark.parametrize("n", range(1, 13))
@pytest.mark.parametrize("budget", [50, 100, 300])
def test_rungs_grow_and_stay_within_the_budget(n, budget):
    ends = rungs(n, 100, budget)
    lengths, alive = np.diff([0, *ends]), [n]
    while alive[-1] > 1:
        alive.append((alive[-1] + 1) // 2)
    assert (lengths > 0).all()
    assert lengths @ alive <= budget
    assert ends[-1] <= 100


def test_halving_keeps_the_better_half_at_the_end_of_a_rung():
    trials = play(Halving(samplers(), epochs=16, window=2, patience=16, budget=2))
    sizes = list(dict.fromkeys(len(labels) for labels, _ in trials))
    assert sizes == [5, 3, 2, 1]
    assert trials[-1][0] == ["mixgcf:pool=16"]
    assert {label for labels, _ in trials if len(labels) == 2 for label in labels} == {
        "dns:pool=16", "mixgcf:pool=16",
    }  # fmt: skip


def test_the_last_one_standing_stops_early():
    search = Halving(samplers("uniform", "dns:pool=4"), epochs=40, window=2, patience=4, budget=1.2)
    alone = 0
    while (trial := search.ask()) is not None:
        alone += trial.epochs * (len(trial.arms) == 1)
        search.tell([Outcome(a.sampler.label, np.arange(2), np.ones(2)) for a in trial.arms])
    assert alone == 4


def test_the_space_reaches_one_step_beyond_the_candidates():
    dns, mixgcf = families(samplers())
    assert (dns.low, dns.high) == (1, 256)  # 1 is the end of the range
    assert (mixgcf.low, mixgcf.high) == (4, 64)
    assert dns.at(0.0).label == "dns:pool=1"
    assert dns.at(0.5).label == "dns:pool=16"
    assert dns.at(1.0).label == "dns:pool=256"


def test_other_settings_make_another_family_and_no_hardness_is_a_family_of_one():
    found = families(samplers("softmax:temperature=1.0:pool=8", "softmax:temperature=2.0:pool=8",
                              "softmax:pool=32", "uniform"))  # fmt: skip
    assert (found[0].low, found[0].high) == (0.25, 8.0)
    assert len(found) == 3
    assert found[-1].at(0.7).label == "uniform"


@pytest.mark.parametrize(
    ("alone", "other"),
    [
        ("popularity:beta=0.0", "popularity:beta=1.0"),
        ("popularity:beta=-0.5", "popularity:beta=1.0"),
        ("softmax:temperature=inf", "softmax:temperature=1.0"),
    ],
)
def test_a_hardness_without_logarithm_is_a_family_of_its_own(alone, other):
    fixed, moves = families(samplers(alone, other))
    assert fixed.at(0.3).label == alone
    assert moves.at(0.5).settings == families(samplers(other))[0].at(0.5).settings


def test_a_value_that_the_class_refuses_is_no_member():
    (family,) = families(samplers("dns_top:pool=8"))
    assert family.at(0.0) is None  # a pool of 2 has no 4 best
    assert family.at(0.5).label == "dns_top:pool=8"


@pytest.mark.parametrize("rival", RIVALS)
@pytest.mark.parametrize(("settings", "code"), [({"budget": 0}, "AS253"), ({"epochs": 0}, "AS250")])
def test_rivals_refuse_what_makes_no_sense(rival, settings, code):
    with pytest.raises(SettingsError) as caught:
        rival(samplers(), **settings)
    assert caught.value.code == code
    with pytest.raises(SettingsError, match="AS251"):
        rival([])


def test_a_budget_is_refused_where_it_would_be_ignored():
    with pytest.raises(SettingsError, match=r"budget.* weighted is one training"):
        quick(strategy="weighted", budget=2)


@pytest.mark.parametrize("strategy", ["random", "halving", "tpe", "exhaustive"])
def test_a_run_keeps_to_the_budget_of_its_settings(strategy):
    result = run(tiny_dataset(), quick(strategy=strategy, budget=1.5))
    assert 1 < result.trainings <= 1.5
    search = make_search(quick(strategy=strategy), tiny_dataset())
    assert search.name == strategy


def test_an_adaptive_run_keeps_to_the_budget_of_its_settings():
    """Two trainings leave something beside its race and the training after it."""
    settings = quick(strategy="adaptive", epochs=20)
    assert run(tiny_dataset(), settings).trainings > 2
    result = run(tiny_dataset(), Settings.of(**settings.model_dump() | {"budget": 2}))
    assert 1 < result.trainings <= 2


@pytest.mark.parametrize("users_per_arm", [3000, 5])
def test_an_adaptive_run_refuses_a_budget_that_it_would_exceed(users_per_arm, monkeypatch):
    """Its race and the training after it are not cut short; five candidates, ten windows."""
    monkeypatch.setattr(adaptive, "USERS_PER_ARM", users_per_arm)
    own = {"strategy": "adaptive", "epochs": 20}
    with pytest.raises(SettingsError, match="AS253") as caught:
        run(tiny_dataset(), quick(**own, budget=1))
    least = float(re.search(r"after it, ([\d.]+) trainings", str(caught.value))[1])
    assert least == (1.8 if users_per_arm == 3000 else 1.25)
    assert run(tiny_dataset(), quick(**own, budget=least)).trainings <= least
    with pytest.raises(SettingsError, match="AS253"):
        run(tiny_dataset(), quick(**own, budget=least - 0.01))


def test_halving_refuses_a_budget_below_an_epoch_of_each_in_every_rung():
    own = {"strategy": "halving", "epochs": 20}  # rungs of 5, 3, 2 and 1 candidates
    assert run(tiny_dataset(), quick(**own, budget=0.55)).trainings == 0.55
    with pytest.raises(SettingsError, match=r"AS253.* 0.55 trainings here, got 0.54"):
        run(tiny_dataset(), quick(**own, budget=0.54))
