import pytest
import torch

from autosample.errors import SettingsError
from autosample.samplers.dns import DNS
from autosample.samplers.uniform import Uniform
from autosample.testing import tiny_batch, tiny_views
from autosample.testing.samplers import Case


def test_a_pool_of_one_is_uniform():
    view = tiny_views()["mean"]
    answers = [Case(s, view).run(tiny_batch()).ids for s in (DNS(pool=1), Uniform())]
    assert torch.equal(*answers)


def test_takes_the_highest_score_of_its_pool():
    case, batch = Case(DNS(pool=5), tiny_views()["flat"]), tiny_batch()
    ids = case.run(batch).ids
    pool = case.draw(1).unseen(batch, 5)
    for row, (user, candidates) in enumerate(zip(batch.users, pool, strict=True)):
        table = case.view.table
        scores = [float(table[user] @ table[8 + item]) for item in candidates]
        assert ids[row].item() == candidates[scores.index(max(scores))].item()


def test_probability_by_counting_all_pools_of_two():
    case, batch = (
        Case(DNS(pool=2), tiny_views()["flat"]),
        tiny_batch(users=(0,)).take(torch.tensor([0])),
    )
    chance = case.sampler.probability(batch, case.view, case.draw(0))[0]
    unseen = list(range(1, 24, 2))
    scores = case.view.scores(batch.users, torch.arange(24)[None])[0]
    counted = torch.zeros(24, dtype=torch.float64)
    for one in unseen:
        for two in unseen:
            counted[max((one, two), key=lambda item: scores[item])] += 1 / len(unseen) ** 2
    assert torch.allclose(chance, counted)


def test_an_empty_pool_is_refused():
    with pytest.raises(SettingsError, match="AS220"):
        DNS(pool=0)


def test_probability_with_a_pool_far_larger_than_what_is_left():
    case, batch = Case(DNS(pool=1000), tiny_views()["flat"]), tiny_batch(users=(0, 6))
    chance = case.sampler.probability(batch, case.view, case.draw(0))
    torch.testing.assert_close(chance.sum(dim=1), torch.ones(len(chance)).double())
    assert bool((chance[batch.users == 6, 5] == 1).all())
