"""Weighted approximate-rank pairwise sampling."""

from __future__ import annotations

import math
from typing import ClassVar

import torch

from autosample.samplers.base import Sampler, check_at_least
from autosample.samplers.draw import Draw
from autosample.types import Batch, Negatives, View


class WARP(Sampler):
    """The first of ``tries`` uniform unseen items that violates the margin (Weston et al. 2011).

    An item violates when s_neg > s_pos - margin. After t tries the positive's rank is about
    (I - 1) / t, and the negative's weight is log(max(1, floor((I - 1) / t))). Without a violator
    the weight is 0: the positive is ranked well enough.

    Differs from the paper: the weight is the log of the rank in place of a harmonic sum, and all
    tries are scored at once.

    Args:
        tries: Candidates per positive, T.
        margin: By how much the positive should score higher.

    Raises:
        SettingsError: AS220 when ``tries`` is below 1 or ``margin`` negative.

    Shapes: ids and weights (B, 1). Cost: T rows read.
    """

    name: ClassVar[str] = "warp"
    needs: ClassVar[frozenset[str]] = frozenset({"scores"})
    cost: ClassVar[str] = "O(M D)"

    def __init__(self, *, tries: int = 32, margin: float = 1.0) -> None:
        super().__init__()
        check_at_least(type(self), tries=(tries, 1), margin=(margin, 0))
        self.tries, self.margin = tries, margin

    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """The first violator and its weight."""
        candidates = draw.pool(batch, view, self.tries)
        positive = view.scores(batch.users, batch.positives[:, None])
        violates = candidates.scores > positive - self.margin
        first = violates.int().argmax(dim=1, keepdim=True)
        by_tries = [math.log(max(1, (draw.n_items - 1) // t)) for t in range(1, self.tries + 1)]
        weights = torch.tensor(by_tries, device=first.device)[first]
        weights = weights * violates.any(dim=1, keepdim=True)
        return Negatives(ids=candidates.ids.gather(1, first), weights=weights)
