"""Random choices among the columns of a row, from given uniform numbers."""

from __future__ import annotations

import torch
from torch import Tensor


def choose(logits: Tensor, uniforms: Tensor) -> Tensor:
    """Draw columns with probability softmax(logits), with replacement.

    Inverts the cumulative sum in float64; a logit of -inf is never drawn.

    Args:
        logits: (B, M).
        uniforms: (B, n) in [0, 1).

    Returns:
        (B, n) int64 columns.
    """
    edges = logits.double().softmax(dim=1).cumsum(dim=1)
    last = edges[:, -1:]
    place = torch.searchsorted(edges, uniforms.double() * last, right=True)
    return place.clamp_max(logits.shape[1] - 1)


def choose_distinct(logits: Tensor, uniforms: Tensor, n: int) -> Tensor:
    """Draw ``n`` distinct columns in proportion to exp(logits), one after another.

    The n largest of logits + Gumbel noise have this distribution (Vieira 2014).

    Args:
        logits: (B, M) with M >= n.
        uniforms: (B, M) in [0, 1), one for each column.
        n: Columns to draw.

    Returns:
        (B, n) int64 columns.
    """
    exponential = -torch.log1p(-uniforms.double()).clamp_max(-1e-30)
    return (logits.double() - exponential.log()).topk(n, dim=1).indices
