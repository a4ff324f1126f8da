"""Membership against Python sets."""

import numpy as np
import pytest
import torch

from autosample.data.interactions import Interactions
from autosample.kernels.member import contains, contains_torch
from autosample.kernels.threads import get_threads, set_threads


def both(interactions, users, items):
    arrays = torch.tensor(interactions.indptr), torch.tensor(interactions.items)
    return contains(*arrays, users, items), contains_torch(*arrays, users, items)


def test_against_sets():
    rng = np.random.default_rng(0)
    interactions = Interactions.from_pairs(
        rng.integers(5, 30, 200), rng.integers(0, 40, 200), 32, 40
    )
    users = torch.arange(32)  # users 0..4, 30 and 31 have nothing
    items = torch.arange(40).repeat(32, 1)
    histories = [set(interactions.of(user).tolist()) for user in range(32)]
    expected = torch.tensor([[item in history for item in range(40)] for history in histories])
    for answer in both(interactions, users, items):
        assert torch.equal(answer, expected)


def test_without_any_interaction():
    interactions = Interactions.from_pairs([], [], 3, 4)
    for answer in both(interactions, torch.arange(3), torch.zeros(3, 2, dtype=torch.int64)):
        assert not answer.any()


@pytest.mark.parametrize("width", [0, 1, 3])
def test_threads_and_widths(width):
    interactions = Interactions.from_pairs([0, 0, 1], [2, 5, 0], 2, 6)
    users = torch.arange(9000) % 2
    items = torch.arange(9000 * width).reshape(9000, width) % 6
    threads = get_threads()
    try:
        set_threads(2)
        one, twin = both(interactions, users, items)
    finally:
        set_threads(threads)
    assert one.shape == (9000, width)
    assert torch.equal(one, twin)
