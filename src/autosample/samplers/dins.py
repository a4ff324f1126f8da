"""Dimension-independent mixup."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import torch

from autosample.samplers.base import Sampler, check_at_least
from autosample.samplers.draw import Draw
from autosample.samplers.hops import hardest_by_layer, main_item, meeting_rows
from autosample.types import Batch, Negatives, View


class DINS(Sampler):
    """The hardest candidate mixed with the positive, each dimension by itself (Wu et al. 2023).

    With h_l the hardest of ``pool`` uniform unseen items in layer l, * elementwise,

        w = exp(u * h) / (exp(u * h) + alpha exp(u * p)),  e = (1 - w) * p + w * h.

    Differs from the paper: w is computed as sigmoid(u * h - u * p - log alpha), the same value
    without overflow.

    Args:
        pool: Candidates per positive, M.
        alpha: Pull towards the positive; 0 is hop mixing alone.

    Raises:
        SettingsError: AS220 when ``pool`` is below 1 or ``alpha`` negative.

    Shapes: ids (B, 1), vectors (B, 1, L, D). Cost: M L rows read; memory O(L^2 D) per positive.
    """

    name: ClassVar[str] = "dins"
    kind: ClassVar[Literal["item", "instance"]] = "instance"
    needs: ClassVar[frozenset[str]] = frozenset({"scores", "layers"})
    cost: ClassVar[str] = "O(M L D)"
    hardness: ClassVar[str | None] = "pool"

    def __init__(self, *, pool: int = 32, alpha: float = 0.5) -> None:
        super().__init__()
        check_at_least(type(self), pool=(pool, 1), alpha=(alpha, 0))
        self.pool, self.alpha = pool, alpha

    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """One instance per positive."""
        chosen = hardest_by_layer(view, batch.users, draw.unseen(batch, self.pool))
        user, positive = meeting_rows(view, batch.users), view.item_layers(batch.positives)
        hardest = view.item_hops(chosen)
        shift = math.log(self.alpha) if self.alpha > 0 else -math.inf
        weight = torch.sigmoid(user * hardest - user * positive - shift)
        mixed = (1 - weight) * positive + weight * hardest
        return Negatives(ids=main_item(chosen), vectors=mixed[:, None])
