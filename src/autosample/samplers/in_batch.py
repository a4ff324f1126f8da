"""In-batch negatives with logQ correction."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from autosample.data.interactions import Interactions
from autosample.samplers.base import check_at_least
from autosample.samplers.draw import Draw
from autosample.samplers.weighted import WeightedSampler, item_counts
from autosample.types import Batch, Negatives, View

_STREAM = 14


class InBatch(WeightedSampler):
    """The positives of the next ``k`` rows of the batch (Yi et al. 2019).

    In a shuffled batch they are draws in proportion to popularity. One that the user has
    interacted with is replaced by an unseen item drawn in proportion to popularity, so that every
    negative has q(j) = n_j / (sum of n over the user's unseen items), and ``log_q`` is its log.

    Differs from the paper: q is counted, not estimated from a stream; all of the user's items
    are replaced where the paper keeps accidental hits; every row has the same number of negatives.

    Args:
        k: Negatives per positive, K; rows that wrap around to themselves are replaced too.

    Raises:
        SettingsError: AS220 when ``k`` is below 1.

    Shapes: ids and log_q (B, K). Cost: O(K (log h + log I)).
    """

    name: ClassVar[str] = "in_batch"
    needs: ClassVar[frozenset[str]] = frozenset({"popularity"})
    cost: ClassVar[str] = "O(K log I)"
    whole_batch: ClassVar[bool] = True

    def __init__(self, *, k: int = 16) -> None:
        super().__init__()
        check_at_least(type(self), k=(k, 1))
        self.k = k

    def weigh(self, interactions: Interactions) -> Tensor:
        """n_j; a thousandth for items without interactions, which no batch contains."""
        return item_counts(interactions, floor=1e-3)

    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """Positives of other rows, replaced where the user has seen them."""
        ids = self.others(batch, draw, self.k)
        return Negatives(ids=ids, log_q=self.log_q(batch.users, ids))

    def others(self, batch: Batch, draw: Draw, k: int) -> Tensor:
        """(B, k) candidates, those that the user has seen replaced."""
        ids = self.candidates(batch, draw, k)
        fresh = draw.weighted(batch, k, self.weighting, stream=_STREAM)
        return torch.where(draw.seen(batch.users, ids), fresh, ids)

    def candidates(self, batch: Batch, draw: Draw, k: int) -> Tensor:
        """(B, k) positives of the next k rows, cyclically."""
        rows = torch.arange(len(batch.users), device=batch.users.device)
        steps = torch.arange(1, k + 1, device=rows.device)
        return batch.positives[(rows[:, None] + steps) % len(rows)]

    def probability(self, batch: Batch, view: View, draw: Draw) -> Tensor | None:
        """Not declared for a given batch; over shuffled batches it is ``log_q``."""
        return None
