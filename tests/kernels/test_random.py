"""Counter-based random numbers: published values, twins, and independence of everything else."""

import numpy as np
import pytest
import torch
from scipy import stats

from autosample.kernels import random
from autosample.kernels.draw import Unseen
from autosample.kernels.threads import get_threads, set_threads
from autosample.samplers.draw import Draw
from autosample.testing import tiny_interactions
from autosample.types import Batch

# The first outputs of SplitMix64 for seed 1234567, as published with the generator's test suites.
PUBLISHED = [
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
]


def unsigned(values):
    return values.numpy().view(np.uint64).tolist()


def test_published_values_on_integers():
    assert [random.mix_int(1234567 + (i + 1) * random.GAMMA) for i in range(5)] == PUBLISHED


def test_published_values_compiled():
    with np.errstate(over="ignore"):
        states = np.uint64(1234567) + np.arange(1, 6, dtype=np.uint64) * np.uint64(random.GAMMA)
    assert [int(random.mix(state)) for state in states] == PUBLISHED


def test_published_values_in_torch():
    states = [1234567 + (i + 1) * random.GAMMA for i in range(5)]
    signed = torch.tensor([random._signed(state) for state in states])
    assert unsigned(random.mix_torch(signed)) == PUBLISHED


def test_keys_differ_in_every_part_and_in_order():
    keys = {random.make_key(*parts) for parts in np.ndindex(6, 6, 6)}
    assert len(keys) == 216
    assert random.make_key(0) != random.make_key(0, 0)
    assert random.make_key(-1) != random.make_key(0)


def test_uniforms_have_a_torch_twin_with_the_same_bits():
    index, key = torch.tensor([0, 1, 5, 10**12]), random.make_key(7)
    out = np.empty((4, 9), np.float32)
    random.fill_uniform(0, 4, index.numpy(), np.uint64(key), out)
    assert np.array_equal(out, random.uniform_torch(index, 9, key).numpy())


def test_uniforms_are_uniform_and_neighbours_unrelated():
    values = random.uniform_torch(torch.arange(2000), 20, random.make_key(3)).numpy()
    assert values.min() >= 0
    assert values.max() < 1
    assert stats.kstest(values.ravel(), "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(values[:-1, 0], values[1:, 0])[0, 1]) < 0.08
    assert abs(np.corrcoef(values[:, 0], values[:, 1])[0, 1]) < 0.08


def test_more_draws_begin_with_the_same_ones():
    index, key = torch.arange(5), random.make_key(1)
    assert torch.equal(random.bits_torch(index, 8, key)[:, :3], random.bits_torch(index, 3, key))


@pytest.mark.parametrize("n", [1, 2, 7, 2**31 - 1])
def test_integers_stay_below_their_bound(n):
    extremes = torch.tensor([0, -1, 1 << 62, random._signed(1 << 63)])
    values = random.below_torch(extremes, torch.tensor(n))
    expected = [((bits % 2**64 >> 32) * n) >> 32 for bits in extremes.tolist()]
    assert values.tolist() == expected
    assert max(expected) == n - 1


def test_a_permutation_holds_every_number_once():
    order = random.permutation(1000, 4, 2)
    assert sorted(order.tolist()) == list(range(1000))
    assert torch.equal(order, random.permutation(1000, 4, 2))
    assert not torch.equal(order, random.permutation(1000, 4, 3))


def test_threads_do_not_change_uniforms():
    draw = Draw(Unseen(tiny_interactions()), seed=1, epoch=0)
    index = torch.arange(20_000)
    batch, threads = Batch(index, index, index), get_threads()
    try:
        set_threads(1)
        one = draw.uniform(batch, 2)
        set_threads(2)
        assert torch.equal(one, draw.uniform(batch, 2))
    finally:
        set_threads(threads)
    assert torch.equal(one, random.uniform_torch(index, 2, random.make_key(1, 0, 1)))
