import pytest
import torch

from autosample.errors import SettingsError
from autosample.samplers.dns import DNS
from autosample.samplers.dns_top import DNSTop
from autosample.samplers.uniform import Uniform
from autosample.testing import tiny_batch, tiny_views
from autosample.testing.checks import chi_square
from autosample.testing.samplers import Case


def test_top_one_is_dns():
    view = tiny_views()["mean"]
    samplers = (DNSTop(pool=8, top=1), DNS(pool=8))
    assert torch.equal(*(Case(s, view).run(tiny_batch()).ids for s in samplers))


def test_top_of_everything_is_uniform():
    view, batch = tiny_views()["flat"], tiny_batch(repeat=400, users=(3,))
    ids = Case(DNSTop(pool=4, top=4), view).run(batch).ids[:, 0]
    case = Case(Uniform(), view)
    assert chi_square(ids, case.sampler.probability(batch, view, case.draw(0))[0]) > 1e-4


def test_picks_evenly_among_the_top_and_nothing_else():
    case, batch = Case(DNSTop(pool=6, top=3), tiny_views()["flat"]), tiny_batch(repeat=100)
    ids = case.run(batch).ids
    pool = case.draw(1).pool(batch, case.view, 6)
    score = case.view.scores(batch.users, ids)
    rank = (pool.scores > score).sum(dim=1)
    assert int(rank.max()) <= 2
    distinct = torch.tensor([len(set(row)) == 6 for row in pool.ids.tolist()])
    shares = torch.bincount(rank[distinct], minlength=3) / int(distinct.sum())
    assert shares.tolist() == pytest.approx([1 / 3] * 3, abs=0.04)


def test_top_above_pool_is_refused_and_scaling_stops_there():
    with pytest.raises(SettingsError, match=r"AS220.*top must be at most 4, got 5"):
        DNSTop(pool=4, top=5)
    assert DNSTop(pool=4, top=3).scaled(0.5) is None
    assert DNSTop(pool=4, top=3).scaled(2).settings == {"pool": 8, "top": 3}
