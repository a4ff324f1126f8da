"""Ranks and best lists against a plain sort in Python, by kernel and by torch twin."""

import numpy as np
import pytest
import torch

from autosample.data.interactions import Interactions
from autosample.errors import DataError, TrainingError
from autosample.kernels import rank

RANKS = [rank.ranks_of, rank.ranks_of_torch]
LISTS = [rank.top_k, rank.top_k_torch]
INF = float("inf")


def pairs(*items_by_user, n_items):
    users = [user for user, items in enumerate(items_by_user) for _ in items]
    items = [item for items in items_by_user for item in items]
    return Interactions.from_pairs(users, items, len(items_by_user), n_items)


def best_first(scores, seen):
    """Unseen items of one user in the declared order, by Python's sort."""
    unseen = set(range(len(scores))) - set(seen.tolist())
    return sorted(unseen, key=lambda item: (-scores[item], item))


def random_case(seed, *, values, n_users=9, n_items=40):
    """Scores with many ties, and disjoint seen and held-out items; some users lack either."""
    rng = np.random.default_rng(seed)
    scores = rng.choice(np.array(values, np.float32), (n_users, n_items))
    role = rng.choice(3, (n_users, n_items), p=[0.5, 0.3, 0.2])
    role[0], role[1][role[1] == 1], role[2][role[2] == 2] = 1, 0, 0
    seen, held = (Interactions.from_pairs(*np.nonzero(role == r), n_users, n_items) for r in (1, 2))
    return torch.from_numpy(scores), seen, held


@pytest.mark.parametrize("ranks_of", RANKS)
def test_ranks_by_hand(ranks_of):
    scores = torch.tensor([[0.5, 2.0, 2.0, 1.0, 2.0, 3.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]])
    seen = pairs([5], [0, 4], n_items=6)
    held = pairs([0, 2, 4], [1, 5], n_items=6)
    # user 0 without item 5: 1, 2, 4 tie at the top, then 3, then 0; user 1: 1, 2, 3, 5 all tie
    assert ranks_of(scores, np.array([0, 1]), seen, held).tolist() == [5, 2, 3, 1, 4]
    assert ranks_of(scores[1:], np.array([1]), seen, held).tolist() == [1, 4]


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
    before = scores.clone()
    assert ranks_of(scores[users], users, seen, held).tolist() == expected
    assert torch.equal(scores, before)


def test_ranks_over_several_segments():
    rng = np.random.default_rng(0)
    n_items = 2 * rank._SEGMENT + 37
    scores = torch.from_numpy(rng.integers(0, 500, (2, n_items)).astype(np.float32))
    edges = [0, rank._SEGMENT - 1, rank._SEGMENT, 2 * rank._SEGMENT, n_items - 1]
    held = pairs(edges, [5], n_items=n_items)
    seen = pairs(range(1, 4000), [], n_items=n_items)
    expected = [
        best_first(scores[user].tolist(), seen.of(user)).index(item) + 1
        for user in (0, 1)
        for item in held.of(user)
    ]
    assert rank.ranks_of(scores, np.arange(2), seen, held).tolist() == expected


@pytest.mark.parametrize("ranks_of", RANKS)
def test_seen_items_never_count_even_at_equal_infinities(ranks_of):
    scores = torch.tensor([[-INF, -INF, INF, -INF]])
    held = pairs([3], n_items=4)
    assert ranks_of(scores, np.array([0]), pairs([0, 1, 2], n_items=4), held).tolist() == [1]
    assert ranks_of(scores, np.array([0]), pairs([], n_items=4), held).tolist() == [4]


@pytest.mark.parametrize("ranks_of", RANKS)
@pytest.mark.parametrize("item", [0, 2, 3])
def test_nan_is_refused_wherever_it_is_and_the_user_named(ranks_of, item):
    scores = torch.zeros(3, 4)
    scores[1, item] = torch.nan
    seen, held = (pairs([], *[[i]] * 9, n_items=4) for i in (2, 0))
    with pytest.raises(TrainingError, match=r"AS410.*For example: 7\.") as error:
        ranks_of(scores, np.array([5, 7, 6]), seen, held)
    assert error.value.examples == ["7"]


@pytest.mark.parametrize("ranks_of", RANKS)
def test_item_both_seen_and_held_out_is_refused(ranks_of):
    both = pairs([], [1, 2], n_items=4)
    with pytest.raises(DataError, match=r"AS140.*For example: 1\."):
        ranks_of(torch.zeros(2, 4), np.arange(2), both, pairs([0], [2], n_items=4))


@pytest.mark.parametrize("top_k", LISTS)
@pytest.mark.parametrize("k", [1, 3, 40, 55])
@pytest.mark.parametrize("values", [[0, 1, 2], [-INF, 0, INF], [7], range(400)])
def test_lists_agree_with_a_sort(top_k, k, values):
    scores, seen, _ = random_case(k, values=list(values))
    users = np.array([4, 0, 2, 8, 1, 3])
    items, best = top_k(scores[users], users, seen, k)
    assert items.shape == best.shape == (6, k)
    assert items.dtype == np.int64
    for row, user in enumerate(users):
        order = best_first(scores[user].tolist(), seen.of(user))[:k]
        assert items[row].tolist() == order + [-1] * (k - len(order))
        assert best[row, : len(order)].tolist() == scores[user, order].tolist()
        assert (best[row, len(order) :] == -INF).all()


@pytest.mark.parametrize("top_k", LISTS)
@pytest.mark.parametrize("step", [1, -1])
def test_lists_of_sorted_scores(top_k, step):
    n_items = 3 * rank._CHUNK + 5
    scores = step * torch.arange(n_items, dtype=torch.float32)[None]
    items, _ = top_k(scores, np.array([0]), pairs([n_items - 1, 0], n_items=n_items), 4)
    best = range(n_items - 2, n_items - 6, -1) if step == 1 else range(1, 5)
    assert items[0].tolist() == list(best)


@pytest.mark.parametrize("top_k", LISTS)
@pytest.mark.parametrize("item", [0, 1, 99])
def test_lists_refuse_nan_even_when_full(top_k, item):
    scores = torch.arange(100, 0, -1).float().repeat(2, 1)
    scores[1, item] = torch.nan
    with pytest.raises(TrainingError, match=r"AS410.*For example: 3\."):
        top_k(scores, np.array([2, 3]), pairs([], [], [], [1], n_items=100), 2)
