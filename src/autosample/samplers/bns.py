"""Bayesian negative sampling."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from autosample.data.interactions import Interactions
from autosample.samplers.base import Sampler, check_at_least, check_at_most
from autosample.samplers.draw import Draw
from autosample.types import Batch, Negatives, View


class BNS(Sampler):
    """Of a few candidates the one with the least sampling risk (Liu and Wang 2023).

    For candidate l with score s_l: info = sigmoid(s_l - s_pos) is what it teaches, p = n_l / sum n
    the prior of being a false negative, F the share of the user's unseen items that score no
    higher, and

        unbias = (1 - F)(1 - p) / (1 - F - p + 2 F p)

    the posterior probability of being a true negative. Chosen is the smallest
    info * (1 - (1 + alpha) * unbias).

    Differs from the paper: F comes from ``reference`` uniform unseen items, not from all of them,
    and is kept between 0 and 1 by half a count at either end.

    Args:
        candidates: Candidates per positive, the first of the reference items.
        reference: Uniform unseen items that F is estimated from, M.
        alpha: Weight of a true negative against a false one; larger is harder.

    Raises:
        SettingsError: AS220 when ``candidates`` is below 1 or above ``reference``, or ``alpha``
            negative.

    Shapes: ids (B, 1). Cost: M rows read, O(M candidates) comparisons.
    """

    name: ClassVar[str] = "bns"
    needs: ClassVar[frozenset[str]] = frozenset({"scores", "popularity"})
    cost: ClassVar[str] = "O(M D)"

    prior: Tensor  # (I,) float64

    def __init__(self, *, candidates: int = 5, reference: int = 64, alpha: float = 5.0) -> None:
        super().__init__()
        check_at_least(type(self), candidates=(candidates, 1), alpha=(alpha, 0))
        check_at_most(type(self), candidates=(candidates, reference))
        self.candidates, self.reference, self.alpha = candidates, reference, alpha

    def prepare(self, interactions: Interactions, *, dim: int, n_layers: int) -> None:
        """Popularity as a share of all interactions."""
        counts = torch.from_numpy(interactions.item_counts).double()
        self.register_buffer("prior", counts / counts.sum().clamp_min(1), persistent=False)

    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """The candidate with the least risk."""
        pool = draw.pool(batch, view, self.reference)
        few = pool.first(self.candidates)
        positive = view.scores(batch.users, batch.positives[:, None])
        info = torch.sigmoid(few.scores - positive).double()
        below = torch.searchsorted(
            pool.scores.sort(dim=1).values, few.scores.contiguous(), right=True
        )
        share = (below - 0.5) / self.reference
        p = self.prior[few.ids]
        unbias = (1 - share) * (1 - p) / (1 - share - p + 2 * share * p)
        risk = info * (1 - (1 + self.alpha) * unbias)
        return Negatives(ids=few.ids.gather(1, risk.argmin(dim=1, keepdim=True)))
