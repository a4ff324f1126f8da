import pytest
import torch

from autosample.errors import SettingsError
from autosample.samplers.dns import DNS
from autosample.samplers.softmax import PoolSoftmax
from autosample.samplers.uniform import Uniform
from autosample.testing import tiny_batch, tiny_views
from autosample.testing.checks import chi_square
from autosample.testing.samplers import Case


@pytest.mark.parametrize("temperature", [0.0, 5e-324, 1e-200, 1e-6])
def test_cold_is_dns(temperature):
    view = tiny_views()["mean"]
    samplers = (PoolSoftmax(pool=8, temperature=temperature), DNS(pool=8))
    assert torch.equal(*(Case(s, view).run(tiny_batch()).ids for s in samplers))


def test_hot_is_uniform():
    view, batch = tiny_views()["flat"], tiny_batch(repeat=400, users=(3,))
    ids = Case(PoolSoftmax(pool=8, temperature=float("inf")), view).run(batch).ids[:, 0]
    case = Case(Uniform(), view)
    assert chi_square(ids, case.sampler.probability(batch, view, case.draw(0))[0]) > 1e-4


def test_a_large_pool_approaches_the_softmax_over_all_unseen_items():
    case, batch = (
        Case(PoolSoftmax(pool=2000, temperature=2.0), tiny_views()["flat"]),
        tiny_batch(repeat=250, users=(2,)),
    )
    ids = case.run(batch).ids[:, 0]
    user = batch.users[:1]
    scores = case.view.scores(user, torch.arange(24)[None]).double() / 2.0
    chance = scores.masked_fill(~case.draw(0).unseen_mask(user), -torch.inf).softmax(dim=1)
    assert chi_square(ids, chance[0]) > 1e-4


def test_out_of_range_is_refused():
    with pytest.raises(SettingsError, match=r"AS220.*temperature must be at least 0"):
        PoolSoftmax(temperature=-1.0)


def test_harder_is_colder():
    assert PoolSoftmax(temperature=1.0).scaled(2).temperature == 0.5
