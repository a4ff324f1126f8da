"""Lists of the best against a plain sort in Python, by kernel and by torch twin."""

import numpy as np
import pytest
import torch

from autosample.errors import TrainingError
from autosample.kernels import best
from tests.kernels.ranked import INF, best_first, pairs, random_case, tables, tables_with_nan

LISTS = [best.top_k, best.top_k_torch]


@pytest.mark.parametrize("top_k", LISTS)
@pytest.mark.parametrize("k", [1, 3, 40, 55])
@pytest.mark.parametrize("values", [[0, 1, 2], [-INF, 0, INF], [7], range(400)])
def test_lists_agree_with_a_sort(top_k, k, values):
    scores, seen, _ = random_case(k, values=list(values))
    users = np.array([4, 0, 2, 8, 1, 3])
    items, scored = top_k(*tables(scores), users, seen, k)
    assert items.shape == scored.shape == (6, k)
    assert items.dtype == np.int64
    for row, user in enumerate(users):
        order = best_first(scores[user].tolist(), seen.of(user))[:k]
        assert items[row].tolist() == order + [-1] * (k - len(order))
        assert scored[row, : len(order)].tolist() == scores[user, order].tolist()
        assert (scored[row, len(order) :] == -INF).all()


@pytest.mark.parametrize("top_k", LISTS)
@pytest.mark.parametrize("step", [1, -1])
def test_lists_of_sorted_scores(top_k, step):
    n_items = 3 * best._CHUNK + 5
    scores = step * torch.arange(n_items, dtype=torch.float32)[None]
    items, _ = top_k(*tables(scores), np.array([0]), pairs([n_items - 1, 0], n_items=n_items), 4)
    expected = range(n_items - 2, n_items - 6, -1) if step == 1 else range(1, 5)
    assert items[0].tolist() == list(expected)


@pytest.mark.parametrize("top_k", LISTS)
@pytest.mark.parametrize("item", [0, 1, 99])
def test_lists_refuse_nan_even_when_full(top_k, item):
    left, right = tables_with_nan(4, 100, 3, item)
    with pytest.raises(TrainingError, match=r"AS410.*For example: 3\."):
        top_k(left, right, np.array([2, 3]), pairs([], [], [], [1], n_items=100), 2)
