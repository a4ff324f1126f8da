"""Negatives from the positives of recent batches."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from autosample.data.interactions import Interactions
from autosample.samplers.base import check_at_least
from autosample.samplers.draw import Draw
from autosample.samplers.in_batch import InBatch
from autosample.types import Batch, Negatives, View

_SLOT_STREAM = 32


class CrossBatch(InBatch):
    """Uniform draws from a queue of the latest positives (Wang et al. 2021, "CBNS").

    A batch's positives enter the queue and push the oldest out; then each negative is the item of
    a uniform slot. In shuffled batches slots hold items in proportion to popularity. One that the
    user has interacted with is replaced by an unseen item drawn in proportion to popularity, so
    that over shuffled data every negative has q(j) = n_j / (sum of n over the user's unseen
    items), and ``log_q`` is its log. A queue of one batch is ``in_batch`` with random rows.

    Differs from the paper: the queue holds item numbers, whose rows are looked up as they are now,
    where the paper keeps vectors of earlier steps; it is used from the first batch on; each
    positive draws ``k`` slots, with replacement, instead of meeting the whole queue; q is counted,
    not estimated from a stream; the user's items are replaced.

    Args:
        queue: Positives kept.
        k: Negatives per positive, K.

    Raises:
        SettingsError: AS220 when an argument is below 1.

    Shapes: ids and log_q (B, K). Cost: O(K (log h + log I)); memory 4 queue bytes.
    """

    name: ClassVar[str] = "cross_batch"
    needs: ClassVar[frozenset[str]] = frozenset({"popularity", "memory"})

    memory: Tensor  # (queue,) int32, the newest last
    filled: Tensor  # () int64, slots in use

    def __init__(self, *, queue: int = 8192, k: int = 16) -> None:
        super().__init__(k=k)
        check_at_least(type(self), queue=(queue, 1))
        self.queue = queue

    def prepare(self, interactions: Interactions, *, dim: int, n_layers: int) -> None:
        """Count items, and make an empty queue."""
        super().prepare(interactions, dim=dim, n_layers=n_layers)
        self.register_buffer("memory", torch.zeros(self.queue, dtype=torch.int32))
        self.register_buffer("filled", torch.tensor(0))

    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """Let the batch into the queue, then draw from it."""
        newest = batch.positives[-self.queue :].int()
        self.memory.copy_(torch.cat([self.memory[len(newest) :], newest]))
        self.filled.add_(len(newest)).clamp_max_(self.queue)
        return super().sample(batch, view, draw)

    def candidates(self, batch: Batch, draw: Draw, k: int) -> Tensor:
        """(B, k) items of uniform slots."""
        age = (draw.uniform(batch, k, stream=_SLOT_STREAM).double() * self.filled).long()
        return self.memory[self.queue - 1 - age].long()
