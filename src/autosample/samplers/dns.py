"""Dynamic negative sampling."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from autosample.samplers.base import Sampler, check_at_least
from autosample.samplers.draw import Draw
from autosample.types import Batch, Negatives, View


class DNS(Sampler):
    """The highest-scored of ``pool`` uniform unseen items (Zhang et al. 2013).

    With x the share of unseen items that score higher than j, q(j) is proportional to
    (1 - x)^(pool - 1): the larger the pool, the harder the negative.

    Differs from the paper: candidates are drawn uniformly, not in proportion to a rank.

    Args:
        pool: Candidates per positive, M; 1 is uniform sampling.

    Raises:
        SettingsError: AS220 when ``pool`` is below 1.

    Shapes: ids (B, 1). Cost: M rows read.
    """

    name: ClassVar[str] = "dns"
    needs: ClassVar[frozenset[str]] = frozenset({"scores"})
    cost: ClassVar[str] = "O(M D)"
    hardness: ClassVar[str | None] = "pool"

    def __init__(self, *, pool: int = 16) -> None:
        super().__init__()
        check_at_least(type(self), pool=(pool, 1))
        self.pool = pool

    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """The first of the highest-scored candidates."""
        candidates = draw.pool(batch, view, self.pool)
        hardest = candidates.scores.argmax(dim=1, keepdim=True)
        return Negatives(ids=candidates.ids.gather(1, hardest))

    def probability(self, batch: Batch, view: View, draw: Draw) -> Tensor | None:
        """((n - r)^M - (n - r - 1)^M) / n^M for the item of rank r = 0.. among n unseen ones."""
        free = draw.unseen_mask(batch.users)
        items = torch.arange(draw.n_items, device=free.device).repeat(len(free), 1)
        scores = view.scores(batch.users, items).masked_fill(~free, -torch.inf)
        rank = scores.argsort(dim=1, descending=True, stable=True).argsort(dim=1)
        n = free.sum(dim=1, keepdim=True).double()
        no_harder, easier = ((((n - r) / n).clamp_min(0)) ** self.pool for r in (rank, rank + 1))
        return (no_harder - easier) * free
