"""Positives in a seeded order, cut into batches."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from autosample.data.interactions import Interactions
from autosample.errors import SettingsError, TrainingError
from autosample.kernels import random
from autosample.types import Batch


class Batches:
    """Every training pair once an epoch, in an order keyed by (seed, epoch).

    Pairs of users who have every item are left out, since they have no negatives. The last batch
    may be smaller; none is dropped.

    Args:
        interactions: Training interactions.
        batch_size: Positives per batch, B.
        seed: Seed of the run.
        device: Where batches are made.

    Raises:
        SettingsError: AS212 when ``batch_size`` is not positive.
        TrainingError: AS401 when there is nothing to learn from.
    """

    def __init__(
        self,
        interactions: Interactions,
        *,
        batch_size: int,
        seed: int,
        device: torch.device | None = None,
    ) -> None:
        if batch_size < 1:
            raise SettingsError(
                "AS212", f"batch_size must be at least 1, got {batch_size}.", "2048 is common."
            )
        usable = (interactions.user_counts < interactions.n_items)[interactions.users]
        self.batch_size, self.seed, self._device = batch_size, seed, device
        self.index = torch.from_numpy(np.flatnonzero(usable)).to(device)
        if len(self.index) == 0:
            raise TrainingError(
                "AS401",
                "Training needs at least one interaction of a user who has not got every item.",
                "Check the filters and the split.",
            )
        self._users = torch.from_numpy(interactions.users.astype(np.int32)).to(device)
        self._items = torch.tensor(interactions.items, device=device)

    def __len__(self) -> int:
        """Positives in an epoch."""
        return len(self.index)

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """Batches of one epoch; the same (seed, epoch), the same batches."""
        places = random.permutation(len(self.index), self.seed, epoch, device=self._device)
        order = self.index[places]
        for index in torch.split(order, self.batch_size):
            yield self.at(index)

    def at(self, index: Tensor) -> Batch:
        """The batch of the given (B,) positions in the training interactions."""
        users, items = (part.index_select(0, index).long() for part in (self._users, self._items))
        return Batch(users, items, index)
