"""Ranks against a plain sort in Python, by kernel and by torch twin."""

import numpy as np
import pytest
import torch

from autosample.data.interactions import Interactions
from autosample.errors import DataError, TrainingError
from autosample.kernels import order, rank
from autosample.kernels.tile import BLOCK, PANEL
from tests.kernels.ranked import INF, best_first, pairs, random_case, tables, tables_with_nan

RANKS = [rank.ranks_of, rank.ranks_of_torch]


@pytest.mark.parametrize("ranks_of", RANKS)
def test_ranks_by_hand(ranks_of):
    scores = torch.tensor([[0.5, 2.0, 2.0, 1.0, 2.0, 3.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]])
    seen = pairs([5], [0, 4], n_items=6)
    held = pairs([0, 2, 4], [1, 5], n_items=6)
    # user 0 without item 5: 1, 2, 4 tie at the top, then 3, then 0; user 1: 1, 2, 3, 5 all tie
    assert ranks_of(*tables(scores), np.array([0, 1]), seen, held).tolist() == [5, 2, 3, 1, 4]
    assert ranks_of(*tables(scores), np.array([1]), seen, held).tolist() == [1, 4]


@pytest.mark.parametrize("ranks_of", RANKS)
@pytest.mark.parametrize("values", [[0, 1, 2], [-INF, 0, INF], [-0.0, 0.0, 1e-45], [7]])
def test_ranks_agree_with_a_sort(ranks_of, values):
    scores, seen, held = random_case(len(values), values=values)
    users = np.array([4, 0, 2, 8, 1, 3])
    expected = [
        best_first(scores[user].tolist(), seen.of(user)).index(item) + 1
        for user in users
        for item in held.of(user)
    ]
    assert ranks_of(*tables(scores), users, seen, held).tolist() == expected


def test_ranks_over_several_segments():
    rng = np.random.default_rng(0)
    n_items = 2 * PANEL + 37
    scores = torch.from_numpy(rng.integers(0, 500, (2, n_items)).astype(np.float32))
    edges = [0, PANEL - 1, PANEL, 2 * PANEL, n_items - 1]
    held = pairs(edges, [5], n_items=n_items)
    seen = pairs(range(1, PANEL - 24), [], n_items=n_items)
    expected = [
        best_first(scores[user].tolist(), seen.of(user)).index(item) + 1
        for user in (0, 1)
        for item in held.of(user)
    ]
    assert rank.ranks_of(*tables(scores), np.arange(2), seen, held).tolist() == expected


@pytest.mark.parametrize("ranks_of", RANKS)
def test_seen_items_never_count_even_at_equal_infinities(ranks_of):
    scores = torch.tensor([[-INF, -INF, INF, -INF]])
    held = pairs([3], n_items=4)
    for seen, expected in (([0, 1, 2], 1), ([], 4)):
        ranks = ranks_of(*tables(scores), np.array([0]), pairs(seen, n_items=4), held)
        assert ranks.tolist() == [expected]


@pytest.mark.parametrize("ranks_of", RANKS)
@pytest.mark.parametrize("item", [0, 2, 3])
def test_nan_is_refused_wherever_it_is_and_the_user_named(ranks_of, item):
    seen, held = (pairs([], *[[i]] * 9, n_items=4) for i in (2, 0))
    with pytest.raises(TrainingError, match=r"AS410.*For example: 7\.") as error:
        ranks_of(*tables_with_nan(9, 4, 7, item), np.array([5, 7, 6]), seen, held)
    assert error.value.examples == ["7"]


@pytest.mark.parametrize("ranks_of", RANKS)
def test_item_both_seen_and_held_out_is_refused(ranks_of):
    both = pairs([], [1, 2], n_items=4)
    with pytest.raises(DataError, match=r"AS140.*For example: 1\."):
        ranks_of(
            torch.zeros(2, 3), torch.zeros(4, 3), np.arange(2), both, pairs([0], [2], n_items=4)
        )


def test_equal_items_rank_by_number_wherever_they_stand():
    """The score of an item has the same bits at every place of a tile, and scored alone."""
    draw = torch.Generator().manual_seed(0)
    left = torch.randn(3, 50, generator=draw)
    right = torch.randn(1, 50, generator=draw).repeat(PANEL + 77, 1)
    held = pairs(*[range(user, PANEL + 77, 5) for user in range(3)], n_items=PANEL + 77)
    nothing = pairs([], [], [], n_items=PANEL + 77)
    ranks = rank.ranks_of(left, right, np.arange(3), nothing, held)
    assert ranks.tolist() == (held.items + 1).tolist()


@pytest.mark.parametrize("width", [1, 3, 4, 50, 64])
def test_twin_agrees_over_several_blocks(width, monkeypatch):
    monkeypatch.setattr(order, "_BUFFER_BYTES", 4 * 90 * 100)
    draw = torch.Generator().manual_seed(width)
    sizes = (2 * BLOCK + 9, 90)
    left, right = (torch.randint(-3, 4, (n, width), generator=draw).float() for n in sizes)
    role = np.random.default_rng(width).choice(3, sizes, p=[0.8, 0.1, 0.1])
    seen, held = (Interactions.from_pairs(*np.nonzero(role == r), *sizes) for r in (1, 2))
    ours, twin = (f(left, right, np.arange(sizes[0]), seen, held) for f in RANKS)
    assert ours.tolist() == twin.tolist()
