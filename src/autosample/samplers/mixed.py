"""Mixed negative sampling."""

from __future__ import annotations

from typing import ClassVar

import torch

from autosample.samplers.base import check_at_least
from autosample.samplers.draw import Draw
from autosample.samplers.in_batch import InBatch
from autosample.types import Batch, Negatives, View

_UNIFORM_STREAM = 15


class Mixed(InBatch):
    """In-batch negatives joined by uniform ones (Yang et al. 2020, "MNS").

    Items that are rare in batches become negatives too. Every negative counts as a draw from the
    mixture q = (b q_batch + n q_uniform) / (b + n), which ``log_q`` is the log of.

    Differs from the paper: uniform items are drawn for each positive, not shared by the batch, and
    neither kind is ever an item of the user.

    Args:
        in_batch: Negatives from other rows of the batch, b.
        uniform: Uniform unseen items, n.

    Raises:
        SettingsError: AS220 when either is below 1.

    Shapes: ids and log_q (B, K) with K = in_batch + uniform. Cost: O(K (log h + log I)).
    """

    name: ClassVar[str] = "mixed"

    def __init__(self, *, in_batch: int = 8, uniform: int = 8) -> None:
        super().__init__(k=in_batch)
        check_at_least(type(self), in_batch=(in_batch, 1), uniform=(uniform, 1))
        self.in_batch, self.uniform = in_batch, uniform

    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """Items of other rows first, then uniform ones."""
        fresh = draw.unseen(batch, self.uniform, stream=_UNIFORM_STREAM)
        ids = torch.cat([self.others(batch, draw, self.in_batch), fresh], dim=1)
        popular = self.weighting.probability(batch.users, ids)
        flat = 1.0 / draw.n_unseen(batch.users)[:, None]
        q = (self.in_batch * popular + self.uniform * flat) / ids.shape[1]
        return Negatives(ids=ids, log_q=q.log().float())
