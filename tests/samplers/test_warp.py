import math

import pytest
import torch

from autosample.errors import SettingsError
from autosample.samplers.warp import WARP
from autosample.testing import tiny_batch, tiny_views
from autosample.testing.samplers import Case


def test_first_violator_and_weight_one_row_at_a_time():
    sampler, batch = WARP(tries=12, margin=0.5), tiny_batch()
    case = Case(sampler, tiny_views()["flat"])
    answer = case.run(batch)
    pool = case.draw(1).pool(batch, case.view, 12)
    weights = []
    for b in range(len(batch.users)):
        positive = case.view.scores(batch.users[[b]], batch.positives[[b], None]).item()
        violators = [t for t in range(12) if pool.scores[b, t].item() > positive - 0.5]
        if violators:
            assert answer.ids[b, 0] == pool.ids[b, violators[0]]
            weights.append(math.log(max(1, 23 // (violators[0] + 1))))
        else:
            weights.append(0.0)
    assert answer.weights[:, 0].tolist() == pytest.approx(weights)
    assert 0.0 in weights


def test_a_huge_margin_takes_the_first_try_with_full_weight():
    case = Case(WARP(margin=1e6), tiny_views()["mean"])
    answer, batch = case.run(tiny_batch()), tiny_batch()
    assert torch.equal(answer.ids, case.draw(1).unseen(batch, 1))
    assert answer.weights.unique().tolist() == pytest.approx([math.log(23)])


def test_out_of_range_is_refused():
    with pytest.raises(SettingsError, match=r"AS220.*tries"):
        WARP(tries=0)
    with pytest.raises(SettingsError, match=r"AS220.*margin"):
        WARP(margin=-1.0)
