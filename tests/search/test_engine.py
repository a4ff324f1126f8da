"""The engine carries out trials exactly: states, schedules, cost and records."""

import pytest
import torch

from autosample.data.simulate import simulate
from autosample.evaluate import rank_held_out
from autosample.models import MF
from autosample.retrain import Replay, final_training
from autosample.samplers import make_sampler
from autosample.search import Arm, Decision, Engine, Exhaustive, Fixed, Halving, Mixture, Trial
from autosample.search.base import INITIAL, MAIN, TRAIL, Search
from autosample.search.engine import blend, extend
from autosample.train import Learner

DATA = simulate(n_users=120, n_items=150, seed=1, interactions_per_user=12)


def learner() -> Learner:
    model = MF(DATA.train, dim=8, seed=0)
    return Learner(model, DATA.train, lr=0.02, l2=0.01, batch_size=256, epochs=8, seed=0)


def engine() -> Engine:
    return Engine(learner(), DATA.valid, metric="ndcg@20")


def trained(*specs: tuple[str, int]) -> Learner:
    made = learner()
    for spec, epochs in specs:
        for _ in range(epochs):
            made.run_epoch(make_sampler(spec))
    return made


def tables(made: Learner) -> torch.Tensor:
    return torch.cat(made.model.tables())


class Script(Search):
    """Asks what it is given and adopts what it is told to."""

    name = "script"

    def __init__(self, *steps: tuple[Trial, str | None], **decision: object) -> None:
        self.steps, self.told, self.decision = list(steps), [], decision

    def ask(self) -> Trial | None:
        return self.steps[0][0] if self.steps else None

    def tell(self, outcomes):
        self.told.append(outcomes)
        return Decision(self.steps.pop(0)[1], outcomes[0].label, "as told", **self.decision)


def arm(spec: str, **names: str) -> Arm:
    return Arm(make_sampler(spec), **names)


def test_forks_start_alike_and_the_adopted_one_goes_on():
    forks = Trial((arm("uniform", save="a"), arm("dns:pool=4", save="b")), 2, "fork")
    then = Trial((arm("dns:pool=8"),), 1, "go on")
    made = engine()
    made.run(Script((forks, "b"), (then, None)))
    expected = trained(("dns:pool=4", 2), ("dns:pool=8", 1))
    made.learner.restore(made.states[MAIN])
    assert torch.equal(tables(made.learner), tables(expected))
    assert made.schedules[MAIN] == (("dns:pool=4", 2), ("dns:pool=8", 1))
    assert set(made.states) == {INITIAL, MAIN}
    assert made.result.positives == 5 * len(expected.batches)


def test_replay_of_a_schedule_gives_the_same_parameters():
    forks = Trial((arm("uniform", save="a"), arm("dns:pool=4", save="b")), 2, "fork")
    made = engine()
    made.run(Script((forks, "b"), (Trial((arm("dns:pool=8"),), 5, "go on"), None)))
    made.learner.restore(made.states[MAIN])
    again = Engine(learner(), None)
    result = again.run(Replay(made.schedules[MAIN], made.samplers, window=3))
    assert torch.equal(tables(again.learner), tables(made.learner))
    assert result.schedule == made.schedules[MAIN]
    assert result.positives == 7 * len(made.learner.batches)
    assert not [record for record in result.history if record["kind"] == "evaluation"]


def test_the_trail_is_the_running_mean_of_the_main_states_and_stands_for_them():
    step = (Trial((arm("dns:pool=4"),), 2, "on"), MAIN)
    made = engine()
    result = made.run(Script(step, step, step, trail=0.25))
    first, second, third = (tables(trained(("dns:pool=4", 2 * n))) for n in (1, 2, 3))
    mean = 0.75 * (0.75 * first + 0.25 * second) + 0.25 * third
    made.learner.restore(made.states[TRAIL])
    torch.testing.assert_close(tables(made.learner), mean)
    made.learner.restore(made.states[MAIN])
    assert torch.equal(tables(made.learner), third)  # training goes on from the state itself
    measured = [r for r in result.history if r["kind"] == "evaluation"][:6]
    assert [r["sampler"] for r in measured][1::2] == [TRAIL] * 3
    assert [r["counts"] for r in measured] == [True, True, False, True, False, True]
    replay = Replay(made.schedules[MAIN], made.samplers, window=2, trail=0.25)
    again = Engine(learner(), None)
    again.run(replay)
    torch.testing.assert_close(tables(again.learner), mean)


def test_a_replay_begins_the_mean_where_the_search_began_it_anew():
    def step(trail: float) -> Script:
        return Script((Trial((arm("dns:pool=4"),), 2, "on"), MAIN), trail=trail)

    made = Engine(learner(), None)
    for trail in (1.0, 0.25, 1.0, 0.25):
        result = made.run(step(trail))
        made.learner.restore(made.states[MAIN])
    assert (result.averaged, result.mean_from) == (True, 6)
    settings = {"window": 2, "trail": 0.25, "mean_from": result.mean_from}
    again = Engine(learner(), None).run(Replay(result.schedule, made.samplers, **settings))
    assert all(torch.equal(again.state[key], result.state[key]) for key in result.state)


@pytest.mark.parametrize("valid", [True, False])
def test_the_last_main_state_is_the_result_where_the_mean_lags_behind_it(valid):
    step = (Trial((arm("dns:pool=4"),), 2, "on"), MAIN)
    made = Engine(learner(), DATA.valid if valid else None, metric="ndcg@20")
    result = made.run(Script(step, step, step, trail=0.01))
    assert result.averaged == (not valid)  # there is nothing to judge by
    expected = made.states[MAIN if valid else TRAIL]
    assert all(torch.equal(result.state[k], expected[k]) for k in expected)
    if valid:
        last = result.history[-1]
        assert (last["kind"], last["sampler"], last["epochs"]) == ("evaluation", "dns:pool=4", 6)
        values = [r for r in result.history if r["kind"] == "evaluation" and not r["counts"]]
        assert last["value"] == result.metric == values[-1]["value"]
        assert last["counts"]


def test_a_last_main_state_within_chance_of_the_mean_is_not_the_result():
    step = (Trial((arm("dns:pool=4"),), 10, "on"), MAIN)
    made = engine()
    result = made.run(Script(step, step, step, trail=0.9))
    means = [r["value"] for r in result.history if r.get("sampler") == TRAIL]
    assert result.averaged
    assert result.metric == max(means)


def test_the_time_of_every_ranking_is_in_the_result(monkeypatch):
    """A clock that only rankings move: of two windows, their two means, and two at the end."""
    passed = [0.0]

    def ranked(*arguments):
        passed[0] += 1.0
        return rank_held_out(*arguments)

    monkeypatch.setattr("autosample.search.engine.time.perf_counter", lambda: passed[0])
    monkeypatch.setattr("autosample.search.engine.rank_held_out", ranked)
    step = (Trial((arm("dns:pool=4"),), 1, "on"), MAIN)
    assert engine().run(Script(step, step, trail=0.5)).seconds == passed[0] == 6


def test_a_trail_that_begins_anew_is_the_main_state():
    step = (Trial((arm("dns:pool=4"),), 2, "on"), MAIN)
    made = engine()
    made.run(Script(step, step, trail=1.0))
    assert all(torch.equal(made.states[TRAIL][k], made.states[MAIN][k]) for k in made.states[MAIN])


def test_a_state_can_be_kept_under_another_name():
    class Keeping(Script):
        keeps = frozenset({"aside"})

    forks = Trial((arm("uniform", save="a"), arm("dns:pool=4", save="b")), 2, "fork")
    made = engine()
    made.run(Keeping((forks, "b"), keep={"aside": "a"}))
    assert set(made.states) == {INITIAL, MAIN, "aside"}
    made.learner.restore(made.states["aside"])
    assert torch.equal(tables(made.learner), tables(trained(("uniform", 2))))
    assert made.schedules["aside"] == (("uniform", 2),)


def test_the_best_state_is_kept_whatever_is_adopted():
    made = engine()
    result = made.run(Exhaustive([make_sampler("uniform"), make_sampler("dns:pool=4")],
                                 epochs=4, window=2))  # fmt: skip
    values = [r["value"] for r in result.history if r["kind"] == "evaluation"]
    assert len(values) == 4
    assert result.metric == max(values)
    assert torch.equal(tables(made.learner), tables(trained(*result.schedule)))


def test_patience_ends_a_candidate():
    search = Exhaustive([make_sampler("uniform")], epochs=100, window=1, patience=2)
    fake = iter([0.1, 0.3, 0.2, 0.3, 0.9])

    class Told:
        label = "uniform"

        def __init__(self) -> None:
            self.mean = next(fake)

    windows = 0
    while search.ask() is not None:
        search.tell([Told()])
        windows += 1
    assert windows == 4  # 0.3 at the second window, then two without a better one


def test_halving_lets_the_better_half_go_on_from_their_own_states():
    specs = ["uniform", "dns:pool=2", "dns:pool=4", "dns:pool=8"]
    made = engine()
    result = made.run(Halving([make_sampler(spec) for spec in specs], epochs=8, budget=2))
    decisions = [r for r in result.history if r["kind"] == "decision"]
    assert [len(d["evidence"]) for d in decisions] == [4, 2, 1]
    assert result.positives == (4 * 2 + 2 * 2 + 1 * 4) * len(made.learner.batches)
    assert torch.equal(tables(made.learner), tables(trained(*result.schedule)))
    assert len(result.schedule) == 1


def test_final_training_from_scratch_and_rewound():
    made = engine()
    made.run(Fixed(make_sampler("dns:pool=4"), epochs=4, window=2))
    limits = {"epochs": 4, "window": 2, "patience": 9}
    found = made.result
    assert final_training("continue", made, **limits) is found
    before = found.positives
    scratch = final_training("scratch", made, **limits)
    assert scratch.schedule == found.schedule
    assert scratch.metric == found.metric
    assert scratch.positives == before + 4 * len(made.learner.batches)
    rewound = final_training("rewind", made, **limits)
    assert rewound.metric == found.metric
    assert rewound.schedule == found.schedule


def test_only_parameters_are_blended():
    old, new = ({"model/x": torch.tensor([x]), "adam/x": torch.tensor([x]),
                 "epoch": torch.tensor(int(x))} for x in (1.0, 2.0))  # fmt: skip
    mean = blend(old, new, 0.25)
    assert mean["model/x"].item() == 1.25
    assert mean["adam/x"].item() == 2.0
    assert mean["epoch"].item() == 2
    assert mean["epoch"].dtype == torch.int64


def test_neighbours_merge():
    schedule = extend(extend((), "a", 2), "a", 3)
    assert schedule == (("a", 5),)
    assert extend(schedule, "b", 2) == (("a", 5), ("b", 2))


def test_epochs_report_a_positive_gap_for_mixtures_only():
    made = engine()
    parts = [make_sampler("uniform"), make_sampler("dns:pool=8")]
    result = made.run(Fixed(Mixture(parts), epochs=2, window=2))
    assert all(r["gap"] > 0 for r in result.history if r["kind"] == "epoch")
    plain = engine().run(Fixed(make_sampler("uniform"), epochs=1, window=1))
    assert all(r["gap"] == pytest.approx(0) for r in plain.history if r["kind"] == "epoch")
