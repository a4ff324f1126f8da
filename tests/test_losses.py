"""Losses by hand, against torch's own functions, and in their limits."""

import math

import pytest
import torch
from torch.nn import functional

from autosample.losses import LOSSES, SLOPES, bpr, sampled_softmax
from autosample.types import Negatives

NONE = Negatives(torch.zeros(2, 3, dtype=torch.int64))
POSITIVE = torch.tensor([1.0, -0.5], dtype=torch.float64)
NEGATIVE = torch.tensor([[0.0, 2.0, 1.0], [0.5, -3.0, 0.0]], dtype=torch.float64)
WEIGHTS = torch.tensor([[1.0, 2.0, 0.0], [0.5, 3.0, 1.0]], dtype=torch.float64)
LOG_Q = torch.tensor([[-1.0, -2.0, -3.0], [-0.5, -4.0, -1.5]], dtype=torch.float64)


def with_fields(**fields):
    return Negatives(NONE.ids, **fields)


def test_bpr_by_hand():
    expected = [
        sum(-math.log(1 / (1 + math.exp(n - p))) for n in row) / 3
        for p, row in zip(POSITIVE.tolist(), NEGATIVE.tolist(), strict=True)
    ]
    assert bpr(POSITIVE, NEGATIVE, NONE).tolist() == pytest.approx(expected)
    # one pair with equal scores is a coin toss
    assert bpr(torch.zeros(1), torch.zeros(1, 1), NONE).item() == pytest.approx(math.log(2))


@pytest.mark.parametrize("loss", SLOPES)
@pytest.mark.parametrize("scale", [1.0, 30.0])
@pytest.mark.parametrize("fields", [{}, {"weights": WEIGHTS, "log_q": LOG_Q}])
def test_slopes_are_finite_differences(loss, scale, fields):
    negatives, step = with_fields(**fields), 1e-6
    positive, negative = scale * POSITIVE, scale * NEGATIVE
    value, of_positive, of_negative = SLOPES[loss](positive, negative, negatives)
    assert torch.equal(value, loss(positive, negative, negatives))
    ends = [loss(positive + move, negative, negatives) for move in (step, -step)]
    assert torch.allclose((ends[0] - ends[1]) / (2 * step), of_positive, atol=1e-8)
    for k in range(3):
        move = torch.zeros_like(negative)
        move[:, k] = step
        ends = [loss(positive, negative + by, negatives) for by in (move, -move)]
        assert torch.allclose((ends[0] - ends[1]) / (2 * step), of_negative[:, k], atol=1e-8)


def test_bpr_weighs_terms():
    terms = torch.stack([bpr(POSITIVE, NEGATIVE[:, k : k + 1], NONE) for k in range(3)], dim=1)
    weighted = bpr(POSITIVE, NEGATIVE, with_fields(weights=WEIGHTS))
    assert torch.allclose(weighted, (terms * WEIGHTS).sum(dim=1) / 3)
    plain = bpr(POSITIVE, NEGATIVE, with_fields(weights=torch.ones_like(WEIGHTS)))
    assert torch.allclose(plain, bpr(POSITIVE, NEGATIVE, with_fields(log_q=LOG_Q)))


def test_softmax_is_cross_entropy():
    logits = torch.cat([POSITIVE[:, None], NEGATIVE], dim=1)
    expected = functional.cross_entropy(logits, torch.zeros(2, dtype=torch.int64), reduction="none")
    assert torch.allclose(sampled_softmax(POSITIVE, NEGATIVE, NONE), expected)


def test_softmax_corrects_and_weighs():
    gaps = (NEGATIVE - POSITIVE[:, None]).exp()
    corrected = sampled_softmax(POSITIVE, NEGATIVE, with_fields(log_q=LOG_Q))
    assert torch.allclose(corrected, torch.log1p((gaps / LOG_Q.exp()).sum(dim=1)))
    weighted = sampled_softmax(POSITIVE, NEGATIVE, with_fields(weights=WEIGHTS))
    assert torch.allclose(weighted, torch.log1p((gaps * WEIGHTS).sum(dim=1)))


def test_softmax_of_one_negative_is_bpr():
    one = NEGATIVE[:, :1]
    assert torch.allclose(sampled_softmax(POSITIVE, one, NONE), bpr(POSITIVE, one, NONE))


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_large_scores_stay_finite(loss):
    positive = torch.tensor([1e4, -1e4]).requires_grad_()
    negative = torch.tensor([[-1e4, 0.0], [1e4, 1e4]]).requires_grad_()
    values = loss(positive, negative, NONE)
    values.sum().backward()
    assert values[0] == 0
    assert values[1].item() == pytest.approx(2e4, rel=1e-4)
    assert positive.grad.tolist() == pytest.approx([0, -1], abs=1e-3)
    assert negative.grad[1].tolist() == pytest.approx([0.5, 0.5], abs=1e-3)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_gradients(loss):
    answer = with_fields(weights=WEIGHTS.clamp_min(0.1), log_q=LOG_Q)
    scores = POSITIVE.clone().requires_grad_(), NEGATIVE.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda p, n: loss(p, n, answer), scores)
