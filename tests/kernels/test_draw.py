"""Draws of unseen items: never seen, exactly distributed, the same on every path."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autosample.data.interactions import Interactions
from autosample.errors import SamplerError
from autosample.kernels.draw import Unseen
from autosample.kernels.random import make_key
from autosample.kernels.threads import get_threads, set_threads
from autosample.kernels.weighted import WeightedUnseen
from autosample.testing.checks import chi_square

KEY = make_key(11)
histories = st.lists(st.sets(st.integers(0, 11), max_size=11), min_size=1, max_size=6)


def interactions_of(sets, n_items=12):
    pairs = [(user, item) for user, items in enumerate(sets) for item in items]
    users, items = zip(*pairs, strict=True) if pairs else ((), ())
    return Interactions.from_pairs(users, items, len(sets), n_items)


def everyone(sets, repeat):
    return torch.arange(len(sets)).repeat(repeat), torch.arange(len(sets) * repeat)


@given(histories)
@settings(max_examples=60, deadline=None)
def test_any_history_is_avoided_and_twins_agree(sets):
    unseen = Unseen(interactions_of(sets))
    users, index = everyone(sets, 3)
    ids = unseen.draw(users, index, 40, KEY)
    assert all(sets[user].isdisjoint(row) for user, row in zip(users, ids.tolist(), strict=False))
    assert 0 <= int(ids.min()) <= int(ids.max()) < 12
    assert torch.equal(ids, unseen.draw_torch(users, index, 40, KEY))


@given(histories, st.lists(st.floats(1e-4, 1e4), min_size=12, max_size=12))
@settings(max_examples=60, deadline=None)
def test_any_weights_avoid_any_history(sets, weights):
    weighted = WeightedUnseen(Unseen(interactions_of(sets)), torch.tensor(weights))
    users, index = everyone(sets, 3)
    ids = weighted.draw(users, index, 40, KEY)
    assert all(sets[user].isdisjoint(row) for user, row in zip(users, ids.tolist(), strict=False))
    assert 0 <= int(ids.min()) <= int(ids.max()) < 12


SETS = [set(), {0}, {11}, {0, 1, 2, 3, 8}, {1, 3, 5, 7, 9, 11}, set(range(12)) - {4}]


def test_uniform_draws_are_uniform_for_every_kind_of_history():
    unseen = Unseen(interactions_of(SETS))
    users, index = everyone(SETS, 3000)
    ids = unseen.draw(users, index, 2, KEY)
    for user, history in enumerate(SETS):
        chance = torch.tensor([float(item not in history) for item in range(12)]).double()
        assert chi_square(ids[users == user].flatten(), chance / chance.sum()) > 1e-3


def test_weighted_draws_follow_their_weights():
    weights = torch.tensor([5.0, 1, 1, 3, 0.5, 8, 2, 2, 1, 0.1, 4, 1], dtype=torch.float64)
    weighted = WeightedUnseen(Unseen(interactions_of(SETS)), weights)
    users, index = everyone(SETS, 3000)
    ids = weighted.draw(users, index, 2, KEY)
    for user, history in enumerate(SETS):
        chance = weights.clone()
        chance[sorted(history)] = 0.0
        chance /= chance.sum()
        assert chi_square(ids[users == user].flatten(), chance) > 1e-3
        free = torch.nonzero(chance).flatten()[None]
        declared = weighted.probability(torch.tensor([user]), free)
        assert torch.allclose(declared, chance[free])


def test_weighted_twins_agree():
    weights = torch.linspace(0.3, 7, 12, dtype=torch.float64)
    weighted = WeightedUnseen(Unseen(interactions_of(SETS)), weights)
    users, index = everyone(SETS, 40)
    ids = weighted.draw(users, index, 5, KEY)
    assert torch.equal(ids, weighted.draw_torch(users, index, 5, KEY))


def test_histories_of_every_length_are_avoided_and_twins_agree():
    # more rows than a block holds, histories from none to all but one of 300 items
    n_items, lengths = 300, [0, 1, 2, 3, 7, 8, 9, 40, 150, 299] * 15
    chance = np.random.default_rng(3)
    sets = [set(chance.permutation(n_items)[:length].tolist()) for length in lengths]
    unseen = Unseen(interactions_of(sets, n_items))
    weighted = WeightedUnseen(unseen, torch.from_numpy(chance.pareto(1.0, n_items) + 0.01))
    users, index = everyone(sets, 1)
    for source in (unseen, weighted):
        ids = source.draw(users, index, 7, KEY)
        assert all(sets[user].isdisjoint(row) for user, row in enumerate(ids.tolist()))
        assert torch.equal(ids, source.draw_torch(users, index, 7, KEY))


@pytest.mark.parametrize("heavy", [0, 150, 299])
def test_seen_items_of_one_cell_are_told_apart(heavy):
    """One unseen item has nearly all mass, so that a guide tells nothing of the others."""
    weights = torch.rand(300, generator=torch.Generator().manual_seed(heavy)).double() + 0.1
    weights[heavy] = 1e4
    sets = [set(range(0, 300, 2)) - {heavy}, set(range(140, 160)) - {heavy}, {299} - {heavy}]
    weighted = WeightedUnseen(Unseen(interactions_of(sets, 300)), weights)
    users, index = everyone(sets, 50)
    ids = weighted.draw(users, index, 100, KEY)
    assert torch.equal(ids, weighted.draw_torch(users, index, 100, KEY))
    assert len(ids.unique()) > 50


def test_the_only_unseen_item_is_drawn():
    for left in range(12):
        sets = [set(range(12)) - {left}]
        unseen = Unseen(interactions_of(sets))
        users, index = everyone(sets, 50)
        weighted = WeightedUnseen(unseen, torch.logspace(-4, 4, 12))
        for ids in (unseen.draw(users, index, 4, KEY), weighted.draw(users, index, 4, KEY)):
            assert set(ids.flatten().tolist()) == {left}


def test_rounding_cannot_leave_the_unseen_items():
    # all but a billionth of the mass is seen
    sets = [{0, 1, 2, 4, 5, 6, 7, 8, 9}]
    weights = torch.full((12,), 1e8, dtype=torch.float64)
    weights[[3, 10, 11]] = 1.0
    weighted = WeightedUnseen(Unseen(interactions_of(sets)), weights)
    users, index = everyone(sets, 200)
    assert set(weighted.draw(users, index, 3, KEY).flatten().tolist()) <= {3, 10, 11}


def test_a_user_with_every_item_is_named():
    sets = [{1}, set(range(12)), {2}]
    unseen = Unseen(interactions_of(sets))
    weighted = WeightedUnseen(unseen, torch.ones(12))
    for draw in (unseen.draw, unseen.draw_torch, weighted.draw, weighted.draw_torch):
        with pytest.raises(SamplerError, match=r"AS301.*For example: 1\."):
            draw(torch.tensor([0, 1]), torch.arange(2), 3, KEY)
        assert draw(torch.tensor([0, 2]), torch.arange(2), 3, KEY).shape == (2, 3)


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan"), float("inf")])
def test_weights_must_be_positive_and_finite(wrong):
    weights = torch.ones(12)
    weights[7] = wrong
    with pytest.raises(SamplerError, match=r"AS302.*7"):
        WeightedUnseen(Unseen(interactions_of(SETS)), weights)


def test_what_rounding_would_lose_is_refused():
    sets = [set(range(2, 12)), {0}]  # the first user has seen all that is heavy
    weights = torch.full((12,), 1e8, dtype=torch.float64)
    weights[:2] = torch.tensor([1.0, 3])
    weighted = WeightedUnseen(Unseen(interactions_of(sets)), weights)
    users, index = torch.zeros(20_000, dtype=torch.int64), torch.arange(20_000)
    for draw in (weighted.draw, weighted.draw_torch):
        counts = torch.bincount(draw(users, index, 1, KEY).flatten(), minlength=12)
        assert int(counts[:2].sum()) == 20_000
        assert counts[0] / 20_000 == pytest.approx(1 / 4, abs=0.02)
    weights[2:] *= 1e4
    with pytest.raises(SamplerError, match=r"AS302.*For example: 0\..*beta"):
        WeightedUnseen(Unseen(interactions_of(sets)), weights)


def test_threads_and_order_do_not_matter():
    unseen = Unseen(interactions_of(SETS))
    weighted = WeightedUnseen(unseen, torch.linspace(1, 2, 12))
    users, index = everyone(SETS, 1500)
    order = torch.from_numpy(np.random.default_rng(0).permutation(len(users)))
    threads = get_threads()
    try:
        for sampler in (unseen, weighted):
            set_threads(1)
            one = sampler.draw(users, index, 3, KEY)
            set_threads(2)
            assert torch.equal(one, sampler.draw(users, index, 3, KEY))
            assert torch.equal(one[order], sampler.draw(users[order], index[order], 3, KEY))
    finally:
        set_threads(threads)


def test_more_draws_begin_with_the_same_ones_and_keys_matter():
    unseen = Unseen(interactions_of(SETS))
    users, index = everyone(SETS, 4)
    four = unseen.draw(users, index, 4, KEY)
    assert torch.equal(four, unseen.draw(users, index, 9, KEY)[:, :4])
    assert not torch.equal(four, unseen.draw(users, index, 4, make_key(12)))
    assert not torch.equal(four, unseen.draw(users, index + 1, 4, KEY))


def test_users_and_their_first_items():
    unseen = Unseen(interactions_of([set(), {3, 5}, set(range(12)), {11}]))
    assert unseen.with_negatives().tolist() == [0, 1, 3]
    assert unseen.first_items(torch.tensor([0, 1, 2, 3])).tolist() == [0, 3, 0, 11]
    nobody = Unseen(interactions_of([set(), set()]))
    assert nobody.first_items(torch.tensor([0, 1])).tolist() == [0, 0]
