"""Every usable positive comes once an epoch, in an order that only the seed and epoch decide."""

import numpy as np
import pytest
import torch

from autosample.data.batches import Batches
from autosample.data.interactions import Interactions
from autosample.errors import SettingsError, TrainingError
from autosample.testing import FULL_USER, tiny_interactions


def pairs(batches):
    return [
        pair
        for batch in batches
        for pair in zip(batch.users.tolist(), batch.positives.tolist(), strict=True)
    ]


@pytest.mark.parametrize("batch_size", [1, 7, 16, 1000])
def test_every_usable_positive_once(batch_size):
    interactions = tiny_interactions()
    batches = Batches(interactions, batch_size=batch_size, seed=0)
    expected = [
        (u, i)
        for u, i in zip(interactions.users.tolist(), interactions.items.tolist(), strict=True)
        if u != FULL_USER
    ]
    epoch = list(batches.epoch(3))
    assert sorted(pairs(epoch)) == sorted(expected)
    assert len(batches) == len(expected)
    sizes = [len(batch.index) for batch in epoch]
    assert all(size == batch_size for size in sizes[:-1])
    assert 1 <= sizes[-1] <= batch_size


def test_index_is_the_place_in_the_interactions():
    interactions = tiny_interactions()
    for batch in Batches(interactions, batch_size=16, seed=5).epoch(0):
        index = batch.index.numpy()
        assert np.array_equal(interactions.users[index], batch.users.numpy())
        assert np.array_equal(interactions.items[index], batch.positives.numpy())
        assert {part.dtype for part in batch} == {torch.int64}


def test_order_depends_on_seed_and_epoch_alone():
    def order(seed, epoch, batch_size=8):
        batches = Batches(tiny_interactions(), batch_size=batch_size, seed=seed)
        return torch.cat([batch.index for batch in batches.epoch(epoch)]).tolist()

    assert order(1, 2) == order(1, 2) == order(1, 2, batch_size=5)
    assert len({tuple(order(seed, epoch)) for seed in (1, 2) for epoch in (0, 1)}) == 4
    assert order(1, 2) != sorted(order(1, 2))


def test_first_place_is_uniform():
    interactions = Interactions.from_pairs([0, 0, 1, 1], [0, 1, 1, 2], 2, 4)
    batches = Batches(interactions, batch_size=1, seed=0)
    firsts = [int(next(batches.epoch(epoch)).index) for epoch in range(4000)]
    counts = np.bincount(firsts, minlength=4)
    assert ((counts - 1000) ** 2 / 1000).sum() < 21.1  # chi-square, 3 degrees, p = 1e-4


def test_batches_by_position():
    batch = Batches(tiny_interactions(), batch_size=4, seed=0).at(torch.tensor([1, 0]))
    assert pairs([batch]) == [(0, 2), (0, 0)]


def test_refusals():
    with pytest.raises(SettingsError) as setting:
        Batches(tiny_interactions(), batch_size=0, seed=0)
    assert setting.value.code == "AS212"
    for nothing in (Interactions.from_pairs([], [], 2, 3), full()):
        with pytest.raises(TrainingError) as error:
            Batches(nothing, batch_size=4, seed=0)
        assert error.value.code == "AS401"


def full():
    return Interactions.from_pairs([0, 0, 1, 1], [0, 1, 0, 1], 2, 2)
