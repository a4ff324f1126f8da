"""Losses: functions of positive scores (B,) and negative scores (B, K) to one loss per row (B,)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from autosample.types import Negatives

Loss = Callable[[Tensor, Tensor, Negatives], Tensor]
#: The same loss with its derivatives by the positive (B,) and by the negative scores (B, K).
Slope = Callable[[Tensor, Tensor, Negatives], tuple[Tensor, Tensor, Tensor]]


def bpr(positive: Tensor, negative: Tensor, negatives: Negatives) -> Tensor:
    """Mean over K of w_k softplus(s_k - s_pos) (Rendle et al. 2009, "BPR").

    ``weights`` of the negatives multiply the terms; ``log_q`` plays no part.
    """
    terms = functional.softplus(negative - positive[:, None])
    if negatives.weights is not None:
        terms = terms * negatives.weights
    return terms.mean(dim=1)


def sampled_softmax(positive: Tensor, negative: Tensor, negatives: Negatives) -> Tensor:
    """-log of the positive's share: log(1 + sum_k w_k exp(s_k - log q_k - s_pos)).

    The correction by log q follows Bengio and Senecal (2008); without ``log_q`` the proposal counts
    as uniform, which only adds a constant to the negatives' scores. The positive is not corrected:
    it is not drawn from the proposal. Computed with logsumexp, so large scores do not overflow.
    """
    logits = negative - positive[:, None]
    if negatives.log_q is not None:
        logits = logits - negatives.log_q
    if negatives.weights is not None:
        logits = logits + negatives.weights.clamp_min(1e-30).log()
    return torch.logsumexp(functional.pad(logits, (1, 0)), dim=1)


def bpr_slope(
    positive: Tensor, negative: Tensor, negatives: Negatives
) -> tuple[Tensor, Tensor, Tensor]:
    """:func:`bpr` with its derivatives: d softplus(x) / dx is the logistic function of x.

    Returns:
        (B,) losses, and their derivatives by the positive (B,) and by the negative scores (B, K).
    """
    gap = negative - positive[:, None]
    terms, slope = functional.softplus(gap), torch.sigmoid(gap) / gap.shape[1]
    if negatives.weights is not None:
        terms, slope = terms * negatives.weights, slope * negatives.weights
    return terms.mean(dim=1), -slope.sum(dim=1), slope


LOSSES: dict[str, Loss] = {"bpr": bpr, "softmax": sampled_softmax}
#: Losses that differentiate themselves; torch differentiates the others.
SLOPES: dict[Loss, Slope] = {bpr: bpr_slope}
