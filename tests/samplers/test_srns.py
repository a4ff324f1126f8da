import numpy as np
import pytest
import torch

from autosample.errors import SettingsError
from autosample.samplers.srns import SRNS
from autosample.testing import tiny_batch, tiny_interactions, tiny_views
from autosample.testing.samplers import Case


def chance(case, user, items, positive):
    rows = case.view.table
    return torch.sigmoid(rows[8 + items] @ rows[user] - rows[8 + positive] @ rows[user])


def test_histories_are_exponential_averages():
    case = Case(SRNS(candidates=6, memory=2), tiny_views()["flat"])
    values = []
    for epoch in range(3):
        case.sampler.begin_epoch(case.view, case.draw(epoch))
        items = case.sampler.items[1].long()
        values.append(chance(case, 1, items, tiny_interactions().of(1)[0]))
        case.view.table.mul_(1.5)
    mean, square = values[0], values[0] ** 2
    for value in values[1:]:
        mean, square = 0.8 * mean + 0.2 * value, 0.8 * square + 0.2 * value**2
    assert torch.allclose(case.sampler.mean[1], mean, atol=1e-6)
    assert torch.allclose(case.sampler.square[1], square, atol=1e-6)


def test_without_variance_the_hardest_of_the_memory_is_taken():
    case, batch = Case(SRNS(memory=4), tiny_views()["flat"]), tiny_batch()
    ids = case.run(batch)  # the model stands still, so the variance is zero
    for row, user in enumerate(batch.users.tolist()):
        memory = case.sampler.items[user, case.sampler.slots[user].long()].long()
        scores = case.view.table[8 + memory] @ case.view.table[user]
        assert ids.ids[row, 0] in memory[scores >= scores.max() - 1e-5]


def test_uncertain_items_win_as_warm_up_proceeds():
    sampler = SRNS(candidates=4, memory=4, alpha=1e3, warmup=4)
    case, batch = Case(sampler, tiny_views()["flat"]), tiny_batch(users=(0,))
    case.sampler.begin_epoch(case.view, case.draw(0))
    sampler.slots[0] = torch.arange(4)
    sampler.items[0] = torch.tensor([1, 3, 5, 7])
    sampler.mean[0], sampler.square[0] = 0.5, 0.25
    sampler.square[0, 2] = 0.25 + 0.01
    late = sampler.sample(batch, case.view, case.draw(3)).ids
    assert late.unique().tolist() == [5]
    first = sampler.sample(batch, case.view, case.draw(0)).ids
    scores = case.view.scores(batch.users[:1], torch.tensor([[1, 3, 5, 7]]))[0]
    assert first.unique().tolist() == [[1, 3, 5, 7][int(scores.argmax())]]


def test_cold_memories_hold_the_best_of_what_competed():
    case = Case(SRNS(candidates=12, memory=2, extra=4000, temperature=1e-3), tiny_views()["flat"])
    case.run(tiny_batch())
    for user in range(6):
        p = case.sampler.mean[user]
        best = p[case.sampler.slots[user].long()].min()
        assert best >= p.max() - 0.02


@pytest.mark.parametrize("wrong", [{"memory": 200}, {"alpha": -1.0}, {"temperature": 0.0}])
def test_out_of_range_is_refused(wrong):
    with pytest.raises(SettingsError, match=r"AS220"):
        SRNS(**wrong)


def test_full_memory_takes_what_its_docstring_says():
    sampler = SRNS(candidates=16)
    sampler.prepare(tiny_interactions(), dim=6, n_layers=1)
    big = [sampler.items, sampler.mean, sampler.square]
    assert sum(t.element_size() * t.nelement() for t in big) == 12 * 8 * 16
    assert np.prod(sampler.slots.shape) == 8 * 8
