"""Negatives by softmax of their scores."""

from __future__ import annotations

import math
from typing import ClassVar

from autosample.samplers.base import Sampler, check_at_least
from autosample.samplers.choice import choose
from autosample.samplers.draw import Draw
from autosample.types import Batch, Negatives, View

_STREAM = 12
_COLDEST = 1e-200  # below, scores by temperature may be no numbers, and are as far apart as ever


class PoolSoftmax(Sampler):
    """One of ``pool`` uniform unseen items, drawn by softmax(score / temperature).

    Importance resampling (Rubin 1987; for recommendation Chen et al. 2022, "SIR"): as the pool
    grows, the draw approaches the softmax over all unseen items. Temperature 0 is DNS with the
    same pool, an infinite one is uniform sampling.

    Differs from the paper: candidates are drawn afresh for every positive, and always uniformly.

    Args:
        pool: Candidates per positive, M.
        temperature: Spread of the draw, from 0 (the hardest) to inf.

    Raises:
        SettingsError: AS220 when ``pool`` is below 1 or ``temperature`` negative.

    Shapes: ids (B, 1). Cost: M rows read.
    """

    name: ClassVar[str] = "softmax"
    needs: ClassVar[frozenset[str]] = frozenset({"scores"})
    cost: ClassVar[str] = "O(M D)"
    hardness: ClassVar[str | None] = "temperature"
    harder_is_larger: ClassVar[bool] = False
    hardness_range: ClassVar[tuple[float, float]] = (0.01, 100.0)

    def __init__(self, *, pool: int = 64, temperature: float = 1.0) -> None:
        super().__init__()
        check_at_least(type(self), pool=(pool, 1), temperature=(temperature, 0))
        self.pool, self.temperature = pool, temperature

    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """One candidate by softmax."""
        candidates = draw.pool(batch, view, self.pool)
        if self.temperature < _COLDEST:
            chosen = candidates.scores.argmax(dim=1, keepdim=True)
        else:
            inverse = 0.0 if math.isinf(self.temperature) else 1.0 / self.temperature
            logits = candidates.scores.double() * inverse
            chosen = choose(logits, draw.uniform(batch, 1, stream=_STREAM))
        return Negatives(ids=candidates.ids.gather(1, chosen))
