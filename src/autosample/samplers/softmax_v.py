"""Uniform negatives weighted by a softmax of their margins."""

from __future__ import annotations

from typing import ClassVar

import torch

from autosample.samplers.base import Sampler, check_at_least, check_at_most
from autosample.samplers.draw import Draw
from autosample.types import Batch, Negatives, View


class SoftmaxV(Sampler):
    """All of ``k`` uniform unseen items, with weights by hardness (Shi et al. 2023).

    With Z_k = softplus(s_k - s_pos), the weights of a row are K softmax(Z / tau) and
    tau = sqrt(Var(Z) / (2 rho)): rho is the divergence from equal weights that is allowed.
    The mean over K of w_k Z_k is then the paper's weighted sum.

    Differs from the paper: items that the user has are never drawn.

    Args:
        k: Negatives per positive, K.
        rho: Divergence from equal weights; 0 is uniform sampling.

    Raises:
        SettingsError: AS220 when ``k`` is below 1 or ``rho`` negative or above 1e6.

    Shapes: ids and weights (B, K). Cost: K rows read.
    """

    name: ClassVar[str] = "softmax_v"
    needs: ClassVar[frozenset[str]] = frozenset({"scores"})
    cost: ClassVar[str] = "O(K D)"
    hardness: ClassVar[str | None] = "rho"
    hardness_range: ClassVar[tuple[float, float]] = (0.01, 100.0)

    def __init__(self, *, k: int = 16, rho: float = 1.0) -> None:
        super().__init__()
        check_at_least(type(self), k=(k, 1), rho=(rho, 0))
        check_at_most(type(self), rho=(rho, 1e6))
        self.k, self.rho = k, rho

    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """K uniform items and their weights."""
        pool = draw.pool(batch, view, self.k)
        positive = view.scores(batch.users, batch.positives[:, None])
        z = torch.nn.functional.softplus(pool.scores - positive)
        spread = z.std(dim=1, correction=0, keepdim=True).clamp_min(1e-12)
        inverse = (2 * self.rho) ** 0.5 / spread
        weights = self.k * ((z - z.mean(dim=1, keepdim=True)) * inverse).softmax(dim=1)
        return Negatives(ids=pool.ids, weights=weights)
