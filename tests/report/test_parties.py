from dataclasses import replace

import numpy as np
import pytest
import torch

from autosample.data import Dataset, Interactions, Vocabulary
from autosample.errors import DataError
from autosample.evaluate import rank_held_out
from autosample.report.measure import Difference, Mean
from autosample.report.parties import Party, differences, gather, in_numbers_of, named
from tests.report.making import tiny_dataset, tiny_run


def run(valid=0.1, **settings):
    base = tiny_run()
    return replace(base, valid_metric=valid, settings=base.settings.model_copy(update=settings))


def fixed(sampler, valid=0.1, seed=0):
    return run(valid, strategy="fixed", candidates=(sampler,), seed=seed)


def test_seeds_are_taken_together_and_the_rest_stays_apart():
    others = {
        "second": run(seed=1),
        "third": run(seed=2),
        "again": run(seed=1),
        "wide": run(dim=16),
        "u0": fixed("uniform"),
        "u1": fixed("uniform", seed=1),
    }
    parties = gather(run(), others)
    assert [(p.label, len(p.runs)) for p in parties] == [
        ("this run", 3),
        ("again", 1),
        ("wide", 1),
        ("uniform", 2),
    ]


def test_the_best_fixed_sampler_is_that_of_validation():
    others = {
        "u": fixed("uniform", 0.2),
        "d": fixed("dns:pool=4", 0.3),
        "s": run(0.9, strategy="halving"),
    }
    best = {p.label: p.best_fixed for p in gather(run(), others)}
    assert best == {"this run": False, "uniform": False, "dns:pool=4": True, "s": False}
    alone = gather(run(), {"u": fixed("dns:pool=1", 0.2)})
    assert not alone[1].best_fixed  # one draw is uniform, and there is no other fixed one
    both = gather(run(), {"u": fixed("uniform", 0.3), "d": fixed("dns:pool=4", 0.2)})
    assert both[1].best_fixed


def test_equal_labels_give_way_to_the_names_given():
    parties = gather(run(), {"a": fixed("uniform"), "b": run(strategy="fixed", dim=3,
                     candidates=("uniform",))})  # fmt: skip
    assert [p.label for p in parties] == ["this run", "a", "b"]


def test_other_test_splits_are_refused_and_runs_without_one_left_out():
    ranks = replace(tiny_run().ranks, users=tiny_run().ranks.users + 1)
    with pytest.raises(DataError, match="AS145"):
        gather(run(), {"x": replace(run(seed=1), ranks=ranks)})
    assert len(gather(run(), {"x": replace(run(seed=1), ranks=None)})) == 1


def test_values_are_means_over_seeds_and_differences_are_paired():
    worse = replace(tiny_run().ranks, ranks=tiny_run().ranks.ranks + 3)
    party = Party("two", [run(), replace(run(seed=1), ranks=worse)])
    one, other = (Party("", [r]).per_user("ndcg@10") for r in party.runs)
    assert party.per_user("ndcg@10") == pytest.approx((one + other) / 2)
    (change,) = differences([Party("one", [run()]), party], "ndcg@10")
    assert change.mean.value == pytest.approx(np.mean((one - other) / 2))


def test_names_say_which_is_the_best_fixed():
    change = Difference(Mean(0, 0, 0), 0, 0)
    party = Party("dns", [run()], best_fixed=True)
    assert list(named([party], {"dns": change, "popular": change})) == [
        "the best fixed sampler, dns",
        "popular",
    ]


def test_ranks_by_other_numbers_are_those_of_the_same_users():
    """Of the same test, whose ids another validation has put in another order."""
    dataset, order = tiny_dataset(), np.random.default_rng(0).permutation
    users, items = order(60), order(80)  # new numbers

    def moved(part: Interactions) -> Interactions:
        return Interactions.from_pairs(users[part.users], items[part.items], 60, 80)

    def names(ids: Vocabulary, numbers: np.ndarray) -> Vocabulary:
        return Vocabulary(ids.names.gather(np.argsort(numbers)))

    parts = (moved(part) for part in (dataset.train, dataset.valid, dataset.test))
    other = Dataset(*parts, names(dataset.users, users), names(dataset.items, items))
    by_user, by_item = (torch.empty_like(t) for t in (run().user_table, run().item_table))
    by_user[torch.from_numpy(users)] = run().user_table
    by_item[torch.from_numpy(items)] = run().item_table
    seen = other.train.union(other.valid)
    ranks = rank_held_out(by_user, by_item, seen, other.test)
    assert not np.array_equal(ranks.n_candidates, run().ranks.n_candidates)
    told = in_numbers_of(dataset, replace(run(), ranks=ranks), other).ranks
    for field in ("users", "indptr", "ranks", "n_candidates"):
        np.testing.assert_array_equal(getattr(told, field), getattr(run().ranks, field))
    with pytest.raises(DataError, match="AS145"):
        in_numbers_of(dataset, run(), replace(dataset, test=dataset.valid))
    same = run()
    assert in_numbers_of(dataset, same, dataset) is same
