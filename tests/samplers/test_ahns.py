import pytest
import torch

from autosample.errors import SettingsError
from autosample.samplers.ahns import AHNS
from autosample.samplers.dns import DNS
from autosample.testing import tiny_batch, tiny_views
from autosample.testing.samplers import Case


class Scores:
    """A view in which item j scores j for everyone, and positives what they are told."""

    n_users, n_items, n_layers = 8, 24, 1

    def __init__(self, positive):
        self.positive = positive

    def scores(self, users, items):
        if items.shape[1] == 1:
            return torch.full(items.shape, self.positive)
        return items.float()


def pick(sampler, positive):
    case = Case(sampler, tiny_views()["flat"])
    batch = tiny_batch(users=(0,))
    view = Scores(positive)
    pool = case.draw(0).unseen(batch, sampler.pool)
    return case.sampler.sample(batch, view, case.draw(0)).ids[:, 0], pool


def test_nearest_to_the_target_by_hand():
    # target 24 / (0.5 + 1.5) ** 2 = 6
    ids, pool = pick(AHNS(pool=6, alpha=1.5, beta=24.0, p=-3.0), 0.5)
    expected = [min(row, key=lambda item: abs(item - 6)) for row in pool.tolist()]
    assert ids.tolist() == expected


def test_the_higher_the_positive_the_easier_the_negative():
    means = [
        pick(AHNS(pool=16, alpha=1.0, beta=10.0), s)[0].float().mean() for s in (0.0, 1.0, 9.0)
    ]
    assert means[0] > means[1] > means[2]


def test_a_positive_far_below_zero_gets_the_hardest():
    ids, pool = pick(AHNS(pool=8), -50.0)
    assert torch.equal(ids, pool.max(dim=1).values)


def test_an_unreachable_target_is_dns():
    view = tiny_views()["flat"]
    samplers = (AHNS(pool=8, alpha=0.0, beta=1e6, p=-1.0), DNS(pool=8))
    assert torch.equal(*(Case(s, view).run(tiny_batch()).ids for s in samplers))


@pytest.mark.parametrize("wrong", [{"p": -0.5}, {"p": -11.0}, {"alpha": -1.0}, {"beta": -0.1}])
def test_out_of_range_is_refused(wrong):
    with pytest.raises(SettingsError, match="AS220"):
        AHNS(**wrong)


def test_a_target_beyond_what_sums_can_tell_apart_is_the_hardest_too():
    ids, pool = pick(AHNS(pool=8, p=-10.0), -50.0)  # the target is 1e35
    assert torch.equal(ids, pool.max(dim=1).values)
