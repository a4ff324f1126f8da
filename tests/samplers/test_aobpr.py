import math

import pytest
import torch

from autosample.samplers.aobpr import AOBPR
from autosample.testing import tiny_batch, tiny_interactions, tiny_views
from autosample.testing.checks import chi_square
from autosample.testing.samplers import Case


@pytest.mark.parametrize("share", [0.05, 0.5, math.inf])
def test_ranks_fall_exponentially(share):
    case = Case(AOBPR(share=share), tiny_views()["flat"])
    case.run(tiny_batch())
    grid = (torch.arange(100_000)[None] + 0.5) / 100_000
    ranks = case.sampler.ranks(grid)[0]
    chance = torch.exp(-torch.arange(24).double() / (share * 24))
    expected = chance / chance.sum() * 100_000
    assert torch.allclose(torch.bincount(ranks, minlength=24).double(), expected, atol=1.5)


def test_ranking_and_spread_by_hand():
    case = Case(AOBPR(), tiny_views()["concat"])
    case.run(tiny_batch())
    rows = case.view.table[8:]
    for factor in range(18):
        order = sorted(range(24), key=lambda item, f=factor: -rows[item, f].item())
        assert case.sampler.ranking[factor].tolist() == order
        mean = sum(rows[:, factor].tolist()) / 24
        variance = sum((x - mean) ** 2 for x in rows[:, factor].tolist()) / 24
        assert case.sampler.spread[factor].item() == pytest.approx(math.sqrt(variance), rel=1e-4)


def test_lowest_rank_is_the_best_item_of_a_factor():
    # share near zero: always rank 0, so an item is the first or last of some factor
    case, batch = Case(AOBPR(share=1e-5, tries=1), tiny_views()["flat"]), tiny_batch(users=(5,))
    ids = case.run(batch).ids[:, 0]
    user, ranking = case.view.table[5], case.sampler.ranking
    ends = {int(ranking[f, 0 if user[f] > 0 else -1]) for f in range(6)}
    fallback = case.draw(1).unseen(batch, 1)[:, 0]
    seen = set(tiny_interactions().of(5).tolist())
    assert all(i in ends - seen or i == f for i, f in zip(ids.tolist(), fallback, strict=True))
    assert any(i in ends - seen for i in ids.tolist())


def test_distribution_of_unseen_items():
    # one try: an unseen item by its own chance, or uniform if the try fell on a seen one
    case, batch = Case(AOBPR(share=0.3, tries=1), tiny_views()["flat"]), tiny_batch(400, (3,))
    ids = case.run(batch).ids[:, 0]
    user, ranking = case.view.table[3], case.sampler.ranking
    factor = user.abs() * case.sampler.spread
    by_rank = torch.exp(-torch.arange(24).double() / (0.3 * 24))
    by_rank /= by_rank.sum()
    chance = torch.zeros(24, dtype=torch.float64)
    for f in range(6):
        order = ranking[f] if user[f] > 0 else ranking[f].flip(0)
        chance[order.long()] += (factor[f] / factor.sum()).item() * by_rank
    seen = tiny_interactions().of(3).tolist()
    lost = chance[seen].sum()
    chance[seen] = 0
    free = torch.tensor([item not in seen for item in range(24)])
    chance[free] += lost / free.sum()
    assert chi_square(ids, chance) > 1e-4
