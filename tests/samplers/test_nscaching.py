import torch

from autosample.samplers.nscaching import NSCaching
from autosample.testing import tiny_batch, tiny_views
from autosample.testing.checks import chi_square
from autosample.testing.samplers import Case


def begun(sampler, epochs, scale=1.0):
    case = Case(sampler, tiny_views()["flat"])
    case.view.table.mul_(scale)
    for epoch in range(epochs):
        case.sampler.begin_epoch(case.view, case.draw(epoch))
    return case


def test_only_cached_items_and_newcomers_survive():
    one, two = (begun(NSCaching(cache=3, newcomers=2), epochs) for epochs in (1, 2))
    users = next(two.draw(1).by_user())
    newcomers = two.draw(1).unseen(users, 2, stream=24)
    for user in range(6):
        allowed = one.sampler.memory[user].tolist() + newcomers[user].tolist()
        for item in two.sampler.memory[user].tolist():
            allowed.remove(item)


def test_with_extreme_scores_the_best_survive():
    one, two = (begun(NSCaching(cache=3, newcomers=9), epochs, 1e4) for epochs in (1, 2))
    block = next(two.draw(1).by_user())
    everyone = torch.cat(
        [one.sampler.memory[block.users].long(), two.draw(1).unseen(block, 9, stream=24)], dim=1
    )
    best = two.view.scores(block.users, everyone).sort(dim=1, descending=True).values[:, :3]
    kept = two.view.scores(block.users, two.sampler.memory[block.users].long())
    assert torch.equal(kept.sort(dim=1, descending=True).values, best)


def test_slots_are_drawn_evenly():
    case, batch = begun(NSCaching(cache=8), 2), tiny_batch(500, (2,))
    ids = case.sampler.sample(batch, case.view, case.draw(1)).ids[:, 0]
    chance = torch.bincount(case.sampler.memory[2], minlength=24).double() / 8
    assert chi_square(ids, chance) > 1e-4
