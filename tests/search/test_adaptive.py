"""The adaptive search, told made-up outcomes: what it asks for next, and how often it errs."""

from collections.abc import Callable

import numpy as np
import pytest

from autosample.data.interactions import Interactions
from autosample.errors import SettingsError
from autosample.samplers import make_sampler
from autosample.search import Adaptive, Outcome
from autosample.search.base import INITIAL, MAIN
from autosample.search.mixture import Split
from autosample.search.users_split import user_covariates

LADDER = ["dns:pool=1", "dns:pool=4", "dns:pool=16", "dns:pool=64"]


def search(*specs: str, **settings) -> Adaptive:
    chosen = specs or LADDER
    return Adaptive([make_sampler(spec) for spec in chosen], **{"window": 5} | settings)


class Truth:
    """Scores by a true gain of each sampler over noise that users share between arms."""

    def __init__(self, gain: Callable[[str, int], float], *, users: int = 400, noise: float = 0.05):
        self.gain, self.noise, self.users = gain, noise, users
        self.rng, self.window = np.random.default_rng(0), 0

    def outcome(self, label: str) -> Outcome:
        own = self.rng.normal(0.3, self.noise, self.users)
        return Outcome(label, np.arange(self.users), own + self.gain(label, self.window))

    def play(self, adaptive: Adaptive, windows: int = 1000) -> list[str]:
        """Labels of the incumbents, window by window."""
        path = []
        while (trial := adaptive.ask()) is not None and windows:
            labels = [arm.sampler.label for arm in trial.arms]
            path.append(adaptive.tell([self.outcome(label) for label in labels]).label)
            self.window, windows = self.window + 1, windows - 1
        return path


def pool(label: str) -> int:
    return int(label.rpartition("=")[2])


def test_the_first_trial_races_all_candidates_from_the_initial_parameters():
    trial = search().ask()
    assert [arm.sampler.label for arm in trial.arms] == LADDER
    assert {arm.start for arm in trial.arms} == {INITIAL}
    assert trial.epochs == 5


def tell(adaptive: Adaptive, means: dict[str, float]):
    """Outcomes with these means, in the order of the arms; returns the decision."""
    labels = [arm.sampler.label for arm in adaptive.ask().arms]
    noise = np.linspace(-0.05, 0.05, 50)
    return adaptive.tell([Outcome(label, np.arange(50), means[label] + noise) for label in labels])


def test_the_race_halves_and_doubles_and_goes_on_from_each_ones_own_state():
    adaptive = search()
    means = {"dns:pool=1": 0.1, "dns:pool=4": 0.3, "dns:pool=16": 0.2, "dns:pool=64": 0.0}
    assert tell(adaptive, means).adopt is None
    trial = adaptive.ask()
    assert [arm.sampler.label for arm in trial.arms] == LADDER[1:3]
    assert [arm.start for arm in trial.arms] == [f"arm {label}" for label in LADDER[1:3]]
    assert trial.epochs == 5
    assert tell(adaptive, {"dns:pool=4": 0.3, "dns:pool=16": 0.4}).adopt == "arm dns:pool=16"


def test_of_many_candidates_a_third_stays_and_of_many_families_two():
    """Means fall in this order, so that dns comes last of the families."""
    order = ["softmax:pool=4", "softmax:pool=8", "softmax:pool=16", "ahns", "dens", *LADDER]
    adaptive = search(*order, "mixgcf:pool=16")
    labels = [arm.sampler.label for arm in adaptive.ask().arms]
    means = {label: 1 - place / 10 for place, label in enumerate(labels)}
    tell(adaptive, means)
    assert [arm.sampler.label for arm in adaptive.ask().arms] == labels[:4]
    tell(adaptive, means)
    assert [arm.sampler.label for arm in adaptive.ask().arms] == [labels[0], labels[1], labels[3]]
    tell(adaptive, means)
    assert [arm.sampler.label for arm in adaptive.ask().arms] == [labels[0], labels[3]]


def test_the_best_of_both_families_stays_to_the_last_round():
    adaptive = search(*LADDER, "mixgcf:pool=16")
    means = dict(zip(LADDER, [0.1, 0.2, 0.4, 0.5], strict=True)) | {"mixgcf:pool=16": 0.0}
    tell(adaptive, means)
    assert [a.sampler.label for a in adaptive.ask().arms] == [*LADDER[2:], "mixgcf:pool=16"]
    tell(adaptive, means)
    trial = adaptive.ask()
    assert [arm.sampler.label for arm in trial.arms] == [LADDER[3], "mixgcf:pool=16"]
    assert trial.epochs == 10
    decision = tell(adaptive, {"dns:pool=64": 0.5, "mixgcf:pool=16": 0.6})
    assert decision.adopt == "arm mixgcf:pool=16"


def test_the_winner_is_forked_with_its_neighbours():
    adaptive = search("dns:pool=16")
    assert tell(adaptive, {"dns:pool=16": 0.5}).adopt == "arm dns:pool=16"
    trial = adaptive.ask()
    assert [arm.sampler.label for arm in trial.arms] == LADDER[1:]
    assert {arm.start for arm in trial.arms} == {MAIN}


def test_it_follows_a_best_sampler_that_moves_from_hard_to_easy():
    def gain(label: str, window: int) -> float:
        best = 6 - 6 * window / 15  # log2 of the best pool
        return -0.02 * (np.log2(pool(label)) - best) ** 2

    path = Truth(gain).play(search(epochs=100, patience=100))
    assert pool(path[0]) >= 16
    assert pool(path[-1]) == 1
    assert sorted(map(pool, path), reverse=True) == list(map(pool, path))


def test_it_stays_with_a_best_sampler_that_stays():
    truth = Truth(lambda label, _: -0.05 * abs(np.log2(pool(label)) - 4))
    path = truth.play(search(epochs=100, patience=100))
    assert set(path[4:]) == {"dns:pool=16"}


def test_losers_rest_so_that_a_settled_search_costs_little_more_than_one_training():
    truth = Truth(lambda label, _: -0.1 * abs(np.log2(pool(label)) - 4))
    adaptive, trained, windows = search(epochs=200, patience=200), 0, 0
    while (trial := adaptive.ask()) is not None:
        trained, windows = trained + len(trial.arms), windows + 1
        labels = [arm.sampler.label for arm in trial.arms]
        adaptive.tell([truth.outcome(label) for label in labels])
    assert windows == 40
    assert trained <= 1.75 * windows


def test_equal_arms_are_left_for_harder_ones_at_the_stated_rate_only():
    switches, trials = 0, 400
    for seed in range(trials):
        adaptive = search("dns:pool=16", level=0.1, epochs=15)
        truth = Truth(lambda label, window: 0.0, users=200)
        truth.rng = np.random.default_rng(seed)
        path = truth.play(adaptive, windows=2)
        switches += pool(path[1]) > 16
    assert switches / trials <= 0.1 + 3 * np.sqrt(0.09 / trials)


def test_a_losing_rival_is_given_up_and_comes_back_as_a_challenger_at_the_same_hardness():
    adaptive = search("dns:pool=16", "mixgcf:pool=64", challenge_every=2, epochs=100)
    truth = Truth(lambda label, _: 0.1 * label.startswith("dns"))
    seen = []
    while (trial := adaptive.ask()) is not None:
        seen += [arm for arm in trial.arms if arm.sampler.label.startswith("mixgcf")]
        adaptive.tell([truth.outcome(arm.sampler.label) for arm in trial.arms])
    starts = [INITIAL, *["rival mixgcf:pool=64"] * 3]  # the race, then three losses
    assert [arm.start for arm in seen[:4]] == starts
    assert {arm.sampler.label for arm in seen[:4]} == {"mixgcf:pool=64"}
    assert seen[4:]
    assert {arm.start for arm in seen[4:]} == {MAIN}
    assert all(pool(arm.sampler.label) <= 16 for arm in seen[4:])


def test_an_easier_arm_that_lost_trains_on_from_its_own_parameters_and_then_rests():
    adaptive = search("dns:pool=16", epochs=100, patience=100)
    tell(adaptive, {"dns:pool=16": 0.3})
    means = {"dns:pool=4": 0.3, "dns:pool=16": 0.4, "dns:pool=64": 0.3}
    decision = tell(adaptive, means)
    assert decision.label == "dns:pool=16"
    assert decision.keep == {"rival dns:pool=4": "arm dns:pool=4"}
    starts = []
    for _ in range(11):
        arms = {arm.sampler.label: arm.start for arm in adaptive.ask().arms}
        starts.append(arms.get("dns:pool=4"))
        tell(adaptive, means)
    # three losses and a rest of as many trials; a fork, three losses and a rest twice as long
    own = ["rival dns:pool=4"] * 3
    assert starts == [*own, *[None] * 3, MAIN, *own, None]


def test_an_easier_arm_may_win_later_than_after_one_window():
    adaptive = search("dns:pool=16", epochs=100)
    tell(adaptive, {"dns:pool=16": 0.3})
    means = {"dns:pool=4": 0.3, "dns:pool=16": 0.4, "dns:pool=64": 0.3}
    tell(adaptive, means)
    decision = tell(adaptive, means | {"dns:pool=4": 0.5})
    assert decision.adopt == "rival dns:pool=4"
    assert decision.label == "dns:pool=4"
    assert not adaptive.keeps


def test_a_rival_that_gets_better_takes_over_with_its_own_parameters():
    adaptive = search("dns:pool=16", "mixgcf:pool=4", epochs=100)
    tell(adaptive, {"dns:pool=16": 0.3, "mixgcf:pool=4": 0.2})
    assert adaptive.keeps == {"rival mixgcf:pool=4"}
    behind = {"dns:pool=4": 0.3, "dns:pool=16": 0.4, "dns:pool=64": 0.3, "mixgcf:pool=4": 0.3}
    assert tell(adaptive, behind).label == "dns:pool=16"
    assert adaptive.keeps == {"rival mixgcf:pool=4", "rival dns:pool=4"}
    decision = tell(adaptive, behind | {"mixgcf:pool=4": 0.5})
    assert decision.adopt == "rival mixgcf:pool=4"
    assert decision.trail == 1.0  # the mean begins anew
    assert decision.label == "mixgcf:pool=4"
    assert adaptive.keeps == {"rival dns:pool=4"}
    trial = adaptive.ask()
    assert {arm.start for arm in trial.arms} == {MAIN, "rival dns:pool=4"}
    assert "mixgcf:pool=4" in [arm.sampler.label for arm in trial.arms]


def test_a_challenger_that_refuses_the_incumbents_hardness_comes_as_it_is():
    adaptive = search("dns:pool=1", "mixgcf:pool=1", "dns_top:pool=8:top=4", challenge_every=1)
    means = {"dns:pool=1": 0.3, "mixgcf:pool=1": 0.2, "dns_top:pool=8": 0.1}
    while adaptive.incumbent is None:
        tell(adaptive, means)
    assert adaptive.incumbent.label == "dns:pool=1"
    assert "dns_top:pool=8" in [arm.sampler.label for arm in adaptive.ask().arms]


def test_a_sampler_that_was_left_for_a_harder_one_may_come_back():
    adaptive = search("dns:pool=16", epochs=100)
    tell(adaptive, {"dns:pool=16": 0.3})
    forks = {"dns:pool=4": 0.3, "dns:pool=16": 0.3, "dns:pool=64": 0.4, "dns:pool=256": 0.3}
    decision = tell(adaptive, forks)
    assert decision.label == "dns:pool=64"
    assert decision.keep == {"rival dns:pool=16": "arm dns:pool=16"}
    arm = adaptive.ask().arms[-1]
    assert (arm.sampler.label, arm.start) == ("dns:pool=16", "rival dns:pool=16")
    labels = [arm.sampler.label for arm in adaptive.ask().arms]
    noise = np.linspace(-0.05, 0.05, 50)
    scores = [*([0.3] * (len(labels) - 1)), 0.5]  # the rival is the last arm
    decision = adaptive.tell(
        [Outcome(n, np.arange(50), x + noise) for n, x in zip(labels, scores, strict=True)]
    )
    assert decision.adopt == "rival dns:pool=16"
    assert not adaptive.keeps
    shown = [arm.sampler.label for arm in adaptive.ask().arms]
    assert "dns:pool=16" in shown
    assert "dns:pool=64" not in shown  # it led astray


@pytest.mark.parametrize(("windows", "rival"), [(5, True), (4, False)])
def test_no_rival_starts_with_fewer_windows_left_than_losses_it_may_have(windows, rival):
    adaptive = search("dns:pool=16", epochs=5 * windows)
    tell(adaptive, {"dns:pool=16": 0.3})
    forks = {"dns:pool=4": 0.3, "dns:pool=16": 0.4, "dns:pool=64": 0.3}
    assert bool(tell(adaptive, forks).keep) == rival


@pytest.mark.parametrize("design", ["forks", "split"])
@pytest.mark.parametrize("budget", [1.5, 1.8, 2.1])
def test_all_arms_together_keep_to_the_budget_and_the_incumbent_trains_to_the_end(budget, design):
    """Whoever leads is noise, so that forks and rivals abound."""
    settings = {"epochs": 100, "patience": 100, "design": design, "n_users": 400}
    costs = {}
    for bound in (budget, 100.0):
        adaptive, truth = search(**settings, budget=bound), Truth(lambda *_: 0.0)
        cost, ends = 0, 0
        while (trial := adaptive.ask()) is not None:
            cost += len(trial.arms) * trial.epochs
            ends += trial.epochs * (adaptive.incumbent is not None or design == "forks")
            adaptive.tell([truth.outcome(arm.sampler.label) for arm in trial.arms])
        assert ends == 100
        costs[bound] = cost / 100
    assert budget - 0.1 <= costs[budget] <= budget < costs[100.0]


SEVEN = ["uniform", "popularity", *LADDER[1:], "mixgcf", "ahns"]


@pytest.mark.parametrize("design", ["forks", "split"])
@pytest.mark.parametrize("epochs", [1, 3, 50])
@pytest.mark.parametrize(
    "specs", [LADDER, [*LADDER, "mixgcf"], ["uniform", "popularity"], ["uniform"], SEVEN]
)
def test_what_no_budget_cuts_short_is_known_before(specs, epochs, design):
    costs, rng = [], np.random.default_rng(0)
    for _ in range(60):
        settings = {"epochs": epochs, "patience": epochs, "design": design, "n_users": 20}
        adaptive, cost = search(*specs, window=2, budget=0.01, **settings), 0
        known = adaptive.uncut
        while (trial := adaptive.ask()) is not None:
            cost += len(trial.arms) * trial.epochs
            labels = [arm.sampler.label for arm in trial.arms]
            adaptive.tell([Outcome(label, np.arange(20), rng.random(20)) for label in labels])
        costs.append(cost)
    assert max(costs) == known


def test_forks_take_part_before_rivals_where_the_budget_ends():
    """After the race of one window 18 epochs are to spare: 3 windows of others."""
    adaptive = search("dns:pool=16", epochs=100, budget=1.18)
    tell(adaptive, {"dns:pool=16": 0.3})
    tell(adaptive, {"dns:pool=4": 0.3, "dns:pool=16": 0.3, "dns:pool=64": 0.4})
    assert adaptive.keeps == {"rival dns:pool=16"}
    assert [arm.sampler.label for arm in adaptive.ask().arms] == ["dns:pool=64", "dns:pool=256"]
    assert not adaptive.keeps
    tell(adaptive, {"dns:pool=64": 0.4, "dns:pool=256": 0.3})
    while (trial := adaptive.ask()) is not None:
        assert [arm.sampler.label for arm in trial.arms] == ["dns:pool=64"]
        tell(adaptive, {"dns:pool=64": 0.4})


def test_a_move_to_an_easier_sampler_leaves_no_rival():
    adaptive = search("dns:pool=16", epochs=100)
    tell(adaptive, {"dns:pool=16": 0.3})
    decision = tell(adaptive, {"dns:pool=4": 0.4, "dns:pool=16": 0.3, "dns:pool=64": 0.3})
    assert decision.label == "dns:pool=4"
    assert not adaptive.keeps


def test_one_candidate_needs_no_split_race():
    adaptive = search("uniform", valid_users=12_000, n_users=13_000, epochs=50)
    epochs = 0
    while (trial := adaptive.ask()) is not None:
        assert [arm.sampler.label for arm in trial.arms] == ["uniform"]
        epochs += trial.epochs
        tell(adaptive, {"uniform": 0.3})
    assert epochs == 50


def test_users_are_split_where_there_are_enough_and_training_starts_over():
    adaptive = search(valid_users=12_000, n_users=13_000, epochs=50)
    trial = adaptive.ask()
    (arm,) = trial.arms
    assert isinstance(arm.sampler, Split)
    sizes = np.bincount(arm.sampler.assignment.numpy())
    assert sizes.max() - sizes.min() <= 1
    group = arm.sampler.assignment.numpy()[:12_000]
    gains = np.array([0.0, 0.01, 0.1, 0.02])[group]
    scores = np.random.default_rng(0).normal(0.3, 0.2, 12_000) + gains
    decision = adaptive.tell([Outcome(arm.sampler.label, np.arange(12_000), scores)])
    assert decision.adopt == INITIAL
    assert decision.label == "dns:pool=16"
    assert decision.evidence["dns:pool=16"]["users"] == (group == 2).sum()
    assert [a.sampler.label for a in adaptive.ask().arms] == LADDER[1:]


def test_the_best_of_another_family_among_split_users_is_a_rival_from_the_start():
    adaptive = search(*LADDER, "mixgcf:pool=4", "mixgcf:pool=64", n_users=9000, design="split")
    (arm,) = adaptive.ask().arms
    group = arm.sampler.assignment.numpy()
    scores = 0.3 + np.array([0.01, 0.02, 0.05, 0.04, 0.0, 0.03])[group]
    decision = adaptive.tell([Outcome("split", np.arange(9000), scores)])
    assert decision.label == "dns:pool=16"
    assert decision.keep == {"rival mixgcf:pool=64": INITIAL}
    assert adaptive.keeps == set(decision.keep)
    arm = adaptive.ask().arms[-1]
    assert (arm.sampler.label, arm.start) == ("mixgcf:pool=64", "rival mixgcf:pool=64")


def test_a_tie_among_split_users_goes_to_the_leader():
    adaptive = search(valid_users=12_000, n_users=12_000, epochs=50)
    (arm,) = adaptive.ask().arms
    group = arm.sampler.assignment.numpy()
    scores = np.tile([0.2, 0.4], 6_000)[np.argsort(np.argsort(group, kind="stable"))]
    scores = scores + np.array([0.0, 0.0, 0.001, 0.0])[group]
    decision = adaptive.tell([Outcome(arm.sampler.label, np.arange(12_000), scores)])
    assert decision.label == "dns:pool=16"
    assert 0 < decision.evidence["dns:pool=1"]["z"] < 0.84  # not beaten at the level


def test_split_users_are_compared_without_what_is_known_of_them_beforehand():
    known = np.random.default_rng(1).normal(0, 5, (13_000, 1))  # drowns a difference of 0.1
    for covariates, expected in ((known, "dns:pool=16"), (None, None)):
        adaptive = search(valid_users=12_000, n_users=13_000, epochs=50, covariates=covariates)
        (arm,) = adaptive.ask().arms
        group = arm.sampler.assignment.numpy()[:12_000]
        gains = np.array([0.0, 0.01, 0.1, 0.02])[group]
        scores = np.random.default_rng(0).normal(0.3, 0.2, 12_000) + gains + known[:12_000, 0]
        decision = adaptive.tell([Outcome(arm.sampler.label, np.arange(12_000), scores)])
        z = decision.evidence["dns:pool=1"]["z"]
        assert z > 10 if expected else abs(z) < 5
        assert expected in (None, decision.label)


def test_what_foretells_a_users_score_by_hand():
    train = Interactions.from_pairs([0, 0, 1, 2], [0, 1, 1, 1], n_users=3, n_items=3)
    valid = Interactions.from_pairs([0, 0, 1], [1, 2, 0], n_users=3, n_items=3)
    log = np.log1p
    expected = [
        [log(2), log(2), (log(3) + log(0)) / 2, log(3)],
        [log(1), log(1), log(1), log(1)],
        [log(1), log(0), 0, 0],
    ]
    assert user_covariates(train, valid) == pytest.approx(np.array(expected))


def test_few_users_are_forked():
    assert len(search(valid_users=9_599, n_users=13_000).ask().arms) == 4


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"level": 0}, "AS252"),
        ({"factor": 1}, "AS252"),
        ({"budget": 0}, "AS253"),
        ({"trail": 0}, "AS252"),
        ({"window": 0}, "AS250"),
    ],
)
def test_settings_are_checked(settings, code):
    with pytest.raises(SettingsError, match=code):
        search(**settings)


def test_a_search_needs_candidates():
    with pytest.raises(SettingsError, match="AS251"):
        Adaptive([])
