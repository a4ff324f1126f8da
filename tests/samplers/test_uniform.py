import pytest
import torch

from autosample.errors import SettingsError
from autosample.samplers.uniform import Uniform
from autosample.testing import tiny_batch, tiny_interactions, tiny_views
from autosample.testing.samplers import Case


def test_every_unseen_item_has_the_same_chance():
    case = Case(Uniform(), tiny_views()["flat"])
    batch = tiny_batch(users=(2,))
    chance = case.sampler.probability(batch, case.view, case.draw(0))
    history = tiny_interactions().of(2)
    expected = torch.full((24,), 1 / (24 - len(history)), dtype=torch.float64)
    expected[history.tolist()] = 0.0
    assert torch.allclose(chance, expected.expand_as(chance))


def test_k_asks_for_more_and_keeps_the_first():
    view = tiny_views()["flat"]
    one, five = (Case(Uniform(k=k), view).run(tiny_batch()).ids for k in (1, 5))
    assert five.shape[1] == 5
    assert torch.equal(one, five[:, :1])


def test_k_below_one_is_refused():
    with pytest.raises(SettingsError, match=r"AS220.*k must be at least 1"):
        Uniform(k=0)
