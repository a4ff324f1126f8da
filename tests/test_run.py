import math

import numpy as np
import pytest
import torch

from autosample.data import Dataset, Interactions
from autosample.errors import DataError, SettingsError
from autosample.metrics import per_user
from autosample.models import MODELS
from autosample.run import make_learner, make_model, run
from autosample.samplers import make_sampler
from autosample.search import STRATEGIES
from autosample.settings import Settings
from tests.tiny import assert_same, quick, tiny_dataset, without_times

DATA = tiny_dataset()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_runs(strategy) -> None:
    result = run(DATA, quick(strategy=strategy, candidates=["uniform", "dns:pool=4"], epochs=4))
    assert sum(epochs for _, epochs in result.schedule) <= 4
    assert result.positives == result.trainings * 4 * len(DATA.train)


@pytest.mark.parametrize(
    "strategy", ["adaptive", "halving", "exhaustive", "uniform-mixture", "weighted"]
)
def test_a_candidate_that_is_named_twice_is_one(strategy) -> None:
    own = ["dns:pool=4", "uniform", "mixgcf:pool=4"]
    twice = [*own, "dns:pool=4", "mixgcf:pool=4"]
    once, again = (
        run(DATA, quick(strategy=strategy, candidates=names, epochs=8)) for names in (own, twice)
    )
    assert once.schedule == again.schedule
    assert once.positives == again.positives
    assert without_times(once.history) == without_times(again.history)


def by_hand(result, dataset) -> float:
    """NDCG@20 by sorting each user's scores."""
    values = []
    scores = (result.user_table @ result.item_table.T).numpy()
    for user in np.flatnonzero(dataset.test.user_counts):
        row = scores[user].copy()
        row[dataset.train.of(user)] = row[dataset.valid.of(user)] = -np.inf
        best = np.argsort(-row, kind="stable")[:20].tolist()
        wanted = set(dataset.test.of(user).tolist())
        gain = sum(1 / math.log2(2 + place) for place, item in enumerate(best) if item in wanted)
        values.append(gain / sum(1 / math.log2(2 + k) for k in range(min(20, len(wanted)))))
    return float(np.mean(values))


def test_metrics_are_those_of_the_final_tables() -> None:
    result = run(DATA, quick(epochs=4))
    assert result.metrics["ndcg@20"] == pytest.approx(by_hand(result, DATA), abs=1e-12)


def test_the_deciding_metric_is_tested_whether_or_not_it_is_among_the_others() -> None:
    result = run(DATA, quick(epochs=2, metric="ndcg@5", metrics=["recall@5"]))
    assert list(result.metrics) == ["recall@5", "ndcg@5"]
    assert result.ranks is not None
    assert result.metrics["ndcg@5"] == per_user(result.ranks, "ndcg@5").mean()


def test_the_test_split_changes_nothing_but_the_test() -> None:
    order = np.random.default_rng(0).permutation(DATA.n_items)
    other = Interactions.from_pairs(DATA.test.users, order[DATA.test.items], *shape(DATA))
    known = DATA.train.union(DATA.valid)
    common = {tuple(pair) for pair in known.overlap(other).tolist()}
    pairs = [p for p in zip(other.users, other.items, strict=True) if tuple(p) not in common]
    test = Interactions.from_pairs(*zip(*pairs, strict=True), *shape(DATA))
    changed = Dataset(DATA.train, DATA.valid, test, DATA.users, DATA.items)
    one, two = run(DATA, quick(epochs=4)), run(changed, quick(epochs=4))
    assert one.metrics != two.metrics
    assert one.schedule == two.schedule
    assert all((one.state[key] == two.state[key]).all() for key in one.state)


def shape(dataset: Dataset) -> tuple[int, int]:
    return dataset.n_users, dataset.n_items


def test_the_same_run_twice_is_the_same_to_the_bit() -> None:
    assert_same(run(DATA, quick(epochs=4)), run(DATA, quick(epochs=4)))
    other = run(DATA, quick(epochs=4, seed=1))
    assert not (run(DATA, quick(epochs=4)).user_table == other.user_table).all()


def test_replay_trains_on_validation_too() -> None:
    settings = {"strategy": "fixed", "candidates": ["uniform"], "epochs": 4}
    result = run(DATA, quick(retrain="replay", **settings))
    length = sum(epochs for _, epochs in result.schedule)
    learner = make_learner(quick(**settings), DATA.train.union(DATA.valid))
    for _ in range(length):
        learner.run_epoch(make_sampler("uniform"))
    assert (learner.model.tables()[0] == result.user_table).all()
    pairs = len(DATA.train) + len(DATA.valid)
    assert result.positives == 4 * len(DATA.train) + length * pairs
    assert result.trainings == result.positives / (4 * len(DATA.train))


def test_replay_ends_in_no_mean_where_the_search_did_not() -> None:
    settings = {"strategy": "adaptive", "candidates": ["uniform"], "epochs": 6, "window": 1}
    last = run(DATA, quick(**settings)).history[-1]
    assert (last["kind"], last["sampler"]) == ("evaluation", "uniform")  # the mean lags
    learner = make_learner(quick(**settings), DATA.train.union(DATA.valid))
    for _ in range(6):
        learner.run_epoch(make_sampler("uniform"))
    result = run(DATA, quick(retrain="replay", **settings))
    assert (learner.model.tables()[0] == result.user_table).all()


def test_replay_makes_the_mean_of_the_search_again(monkeypatch) -> None:
    """Here a rival takes over, with which the mean begins anew; replayed on training alone."""
    settings = {"candidates": ["dns:pool=16", "mixgcf"], "epochs": 20}
    found = run(DATA, quick(**settings))
    decisions = [record for record in found.history if record["kind"] == "decision"]
    assert any("takes over" in record["reason"] for record in decisions)
    monkeypatch.setattr(Interactions, "union", lambda train, valid: train)
    result = run(DATA, quick(retrain="replay", **settings))
    assert result.schedule == found.schedule
    assert all(torch.equal(result.state[key], found.state[key]) for key in found.state)


@pytest.mark.parametrize("retrain", ["rewind", "scratch"])
def test_retraining_costs_one_more_training_at_most(retrain) -> None:
    alone, more = run(DATA, quick()), run(DATA, quick(retrain=retrain))
    assert 0 < more.trainings - alone.trainings <= 1


def test_without_a_test_split_there_are_no_metrics() -> None:
    nothing = Interactions.from_pairs([], [], *shape(DATA))
    result = run(Dataset(DATA.train, DATA.valid, nothing, DATA.users, DATA.items), quick(epochs=2))
    assert result.ranks is None
    assert result.metrics == {}


def test_without_validation_a_search_is_refused() -> None:
    nothing = Interactions.from_pairs([], [], *shape(DATA))
    with pytest.raises(DataError, match="AS144"):
        run(Dataset(DATA.train, nothing, DATA.test, DATA.users, DATA.items), quick())


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"model": "fm"}, "AS203"),
        ({"metric": "auc"}, "AS230"),
        ({"metrics": ["ndcg"]}, "AS231"),
        ({"candidates": ["unifrom"]}, "AS221"),
    ],
)
def test_wrong_names_are_refused_before_training(wrong, code) -> None:
    with pytest.raises(SettingsError, match=code):
        run(DATA, quick(**wrong), on_progress=pytest.fail)


@pytest.mark.parametrize("name", MODELS)
def test_models_get_their_own_learning_rate(name) -> None:
    learner = make_learner(quick(model=name, lr=None, l2=None), DATA.train)
    assert (learner.optimiser.lr, learner.optimiser.l2) == (
        MODELS[name].default_lr,
        MODELS[name].default_l2,
    )
    assert make_learner(quick(model=name, lr=0.25, l2=0), DATA.train).optimiser.l2 == 0


@pytest.mark.parametrize(("name", "layers"), [("mf", 1), ("lightgcn", 3), ("ngcf", 3)])
def test_depth_is_for_graph_models(name, layers) -> None:
    assert make_model(quick(model=name, depth=2), DATA.train).n_layers == layers


@pytest.mark.parametrize(
    ("model", "n_positives", "size"),
    [
        ("mf", 10**7, 2048),
        ("lightgcn", 40_000, 2048),
        ("lightgcn", 500_000, 10_000),
        ("ngcf", 10**7, 16_384),
    ],
)
def test_graph_models_take_larger_batches_of_larger_data(model, n_positives, size):
    assert MODELS[model].default_batch_size(n_positives) == size


def test_the_batch_size_is_the_models_own_unless_it_is_given():
    train = tiny_dataset().train
    assert make_learner(Settings.of(model="lightgcn"), train).batches.batch_size == 2048
    assert make_learner(Settings.of(batch_size=7), train).batches.batch_size == 7
