"""What the contracts compare with."""

import pytest
import torch
from scipy import stats

from autosample.testing import FULL_USER, ONE_LEFT_USER, tiny_batch, tiny_interactions, tiny_views
from autosample.testing.checks import chi_square, require
from autosample.testing.fixtures import LAST_ITEM


def test_chi_square_is_that_of_scipy():
    counts = [30, 14, 25, 31]
    draws = torch.repeat_interleave(torch.arange(4), torch.tensor(counts))
    even = torch.full((4,), 0.25, dtype=torch.float64)
    assert chi_square(draws, even) == pytest.approx(stats.chisquare(counts).pvalue)


def test_chi_square_refuses_the_impossible():
    draws = torch.tensor([0, 0, 1])
    assert chi_square(draws, torch.tensor([1.0, 0.0])) == 0.0
    assert chi_square(draws, torch.tensor([0.6, 0.6])) == 0.0
    assert chi_square(torch.zeros(50, dtype=torch.int64), torch.tensor([1.0, 0.0])) == 1.0


def test_chi_square_counts_rare_items_together():
    draws = torch.tensor([0] * 90 + [1] * 3 + [2] * 4 + [3] * 3)
    chance = torch.tensor([0.9, 0.03, 0.03, 0.04], dtype=torch.float64)
    assert chi_square(draws, chance) == pytest.approx(1.0)


def test_require():
    require(True, "fine")
    with pytest.raises(AssertionError, match="not fine"):
        require(False, "not fine")


def test_special_users():
    interactions = tiny_interactions()
    assert len(interactions.of(FULL_USER)) == 24
    assert set(range(24)) - set(interactions.of(ONE_LEFT_USER).tolist()) == {LAST_ITEM}
    batch = tiny_batch(repeat=3)
    assert FULL_USER not in batch.users
    assert len(batch.index.unique()) == len(batch.index) == 3 * len(tiny_batch().index)


@pytest.mark.parametrize("name", ["flat", "mean", "concat"])
def test_views_agree_with_their_layers(name):
    view, users = tiny_views()[name], torch.tensor([2, 5])
    items = torch.tensor([[1, 3, 4], [0, 0, 23]])
    by_layer = view.layer_scores(users, items).sum(dim=2)
    scores = by_layer / (view.n_layers if name != "concat" else 1)
    assert torch.allclose(view.scores(users, items), scores, atol=1e-5)
