import math

import pytest
import torch

from autosample.errors import SettingsError
from autosample.samplers.softmax_v import SoftmaxV
from autosample.testing import tiny_batch, tiny_views
from autosample.testing.samplers import Case


def test_weights_one_row_at_a_time():
    case, batch = Case(SoftmaxV(k=6, rho=0.8), tiny_views()["flat"]), tiny_batch()
    answer = case.run(batch)
    for b in range(len(batch.users)):
        if len(set(answer.ids[b].tolist())) == 1:
            continue
        positive = case.view.scores(batch.users[[b]], batch.positives[[b], None]).item()
        scores = case.view.scores(batch.users[[b]], answer.ids[[b]])[0].tolist()
        z = [math.log1p(math.exp(s - positive)) for s in scores]
        variance = sum((x - sum(z) / 6) ** 2 for x in z) / 6
        tau = math.sqrt(variance / (2 * 0.8))
        parts = [math.exp((x - max(z)) / tau) for x in z]
        expected = [6 * part / sum(parts) for part in parts]
        assert answer.weights[b].tolist() == pytest.approx(expected, rel=1e-3)


def test_rho_zero_is_equal_weights():
    answer = Case(SoftmaxV(rho=0.0), tiny_views()["mean"]).run(tiny_batch())
    assert torch.allclose(answer.weights, torch.ones_like(answer.weights))


def test_weights_have_mean_one():
    answer = Case(SoftmaxV(k=7, rho=3.0), tiny_views()["mean"]).run(tiny_batch())
    assert torch.allclose(answer.weights.mean(dim=1), torch.ones(len(answer.ids)))


def test_out_of_range_is_refused():
    with pytest.raises(SettingsError, match=r"AS220.*rho"):
        SoftmaxV(rho=-0.1)
