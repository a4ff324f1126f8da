import torch

from autosample.samplers.adasir import AdaSIR
from autosample.testing import tiny_batch, tiny_views
from autosample.testing.checks import chi_square
from autosample.testing.samplers import Case


def begun(sampler, epochs=1):
    case = Case(sampler, tiny_views()["flat"])
    for epoch in range(epochs):
        case.sampler.begin_epoch(case.view, case.draw(epoch))
    return case


def test_pools_approach_the_softmax_over_unseen_items():
    case = begun(AdaSIR(pool=4000, candidates=4000))
    users = torch.arange(7)
    scores = case.view.scores(users, torch.arange(24).repeat(7, 1)).double()
    chance = scores.masked_fill(~case.draw(0).unseen_mask(users), -torch.inf).softmax(dim=1)
    # resampling from 4000 uniform items: twice the variance of 4000 draws at the least
    for user in range(6):
        shares = torch.bincount(case.sampler.memory[user], minlength=24) / 4000
        assert torch.allclose(shares.double(), chance[user], atol=0.06)
        assert shares[chance[user] == 0].sum() == 0


def test_one_candidate_makes_a_pool_of_one_item():
    case = begun(AdaSIR(pool=9, candidates=1))
    memory = case.sampler.memory[:7]
    assert torch.equal(memory, memory[:, :1].expand(-1, 9))


def test_about_half_of_a_pool_is_kept():
    one = begun(AdaSIR(pool=2000)).sampler.memory
    two = begun(AdaSIR(pool=2000), epochs=2).sampler.memory
    fresh = Case(AdaSIR(pool=2000), tiny_views()["flat"])
    fresh.sampler.begin_epoch(fresh.view, fresh.draw(1))
    new = fresh.sampler.memory
    differ = (one != new)[:6]
    assert bool(((two == one) | (two == new))[:7].all())
    kept = (two == one)[:6][differ].float().mean()
    assert 0.47 < float(kept) < 0.53


def test_slots_are_drawn_evenly():
    case, batch = begun(AdaSIR(pool=10)), tiny_batch(500, (2,))
    ids = case.sampler.sample(batch, case.view, case.draw(0)).ids[:, 0]
    chance = torch.bincount(case.sampler.memory[2], minlength=24).double() / 10
    assert chi_square(ids, chance) > 1e-4
