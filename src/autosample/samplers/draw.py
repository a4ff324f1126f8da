"""Everything random that a sampler may use in one step, and the pool that samplers share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from weakref import ReferenceType, ref

import numpy as np
import torch
from torch import Tensor

from autosample.kernels import random
from autosample.kernels.draw import Unseen
from autosample.kernels.paths import compiled
from autosample.kernels.threads import parallel_ranges
from autosample.kernels.weighted import WeightedUnseen
from autosample.types import Batch, View


class Pool(NamedTuple):
    """Candidates of a batch and their scores."""

    ids: Tensor  # (B, M) int64
    scores: Tensor  # (B, M) float32, no gradient

    def first(self, size: int) -> Pool:
        """The first ``size`` columns."""
        return Pool(self.ids[:, :size], self.scores[:, :size])


class Draw:
    """Random draws keyed by (seed, epoch, stream) and by each positive's index.

    The n-th draw of a positive does not depend on how many are asked for, so a pool of 8 is the
    first 8 columns of a pool of 64: samplers that ask for a pool share one.

    Streams separate draws for different purposes: 0 is the pool, 1 to 99 belong to the samplers of
    this package, others are free.

    Args:
        unseen: Unseen items of every user; all draws are made on its device.
        seed: Seed of the run.
        epoch: Number of this epoch, from 0.
        epochs: Planned number of epochs, for samplers with a curriculum.
    """

    def __init__(self, unseen: Unseen, *, seed: int, epoch: int, epochs: int = 1) -> None:
        self.n_items, self.device = unseen.n_items, unseen.indptr.device
        self.epoch, self.epochs = epoch, epochs
        self._seed, self._unseen = seed, unseen
        self._pool: tuple[Tensor, ReferenceType[View], Pool] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """What is kept of a step stays out of copies: its view is not theirs, and not saved."""
        return {**self.__dict__, "_pool": None}

    @property
    def progress(self) -> float:
        """Share of the planned epochs that lies behind, in [0, 1]."""
        return min(1.0, self.epoch / max(1, self.epochs))

    def unseen(self, batch: Batch, n: int, *, stream: int = 0) -> Tensor:
        """(B, n) int64 items, uniform over those the user has not interacted with.

        Raises:
            SamplerError: AS301 when a user has every item.
        """
        return self._unseen.draw(batch.users, batch.index, n, self._key(stream))

    def weighted(self, batch: Batch, n: int, weights: WeightedUnseen, *, stream: int = 0) -> Tensor:
        """(B, n) int64 unseen items in proportion to ``weights``."""
        return weights.draw(batch.users, batch.index, n, self._key(stream))

    def weighting(self, weights: Tensor) -> WeightedUnseen:
        """Prepare (I,) positive item weights for :meth:`weighted`."""
        return WeightedUnseen(self._unseen, weights)

    def uniform(self, batch: Batch, n: int, *, stream: int = 1) -> Tensor:
        """(B, n) float32 in [0, 1)."""
        if not compiled(batch.index):
            return random.uniform_torch(batch.index, n, self._key(stream))
        out = np.empty((len(batch.index), n), np.float32)
        arguments = (batch.index.numpy(), np.uint64(self._key(stream)), out)
        parallel_ranges(random.fill_uniform, len(out), *arguments, grain=4096)
        return torch.from_numpy(out)

    def seen(self, users: Tensor, items: Tensor) -> Tensor:
        """Which of (B, M) ``items`` the (B,) users have interacted with: (B, M) bool."""
        return self._unseen.contains(users, items)

    def n_unseen(self, users: Tensor) -> Tensor:
        """(B,) number of items that the users have not interacted with."""
        counts = self._unseen.indptr[users + 1] - self._unseen.indptr[users]
        return self.n_items - counts

    def check(self, users: Tensor) -> None:
        """For samplers that draw from what they remember: refuse users who have every item.

        Raises:
            SamplerError: AS301 naming the users.
        """
        self._unseen.check(users)

    def unseen_mask(self, users: Tensor) -> Tensor:
        """(B, I) bool, True for items that the (B,) users have not interacted with."""
        items = torch.arange(self.n_items, device=users.device).repeat(len(users), 1)
        return ~self.seen(users, items)

    def by_user(self, size: int = 8192) -> Iterator[Batch]:
        """Every user who has negatives once, in batches, for what is kept per user.

        The index is the user's number, so draws need streams of their own. ``positives`` holds the
        user's first item, or 0 for a user without any.
        """
        users = self._unseen.with_negatives()
        for part in torch.split(users, size):
            yield Batch(part, self._unseen.first_items(part), part)

    def pool(self, batch: Batch, view: View, size: int) -> Pool:
        """``size`` uniform unseen candidates of each positive with their scores.

        Drawn and scored once per batch and view; smaller requests get the first columns.
        """
        if self._pool is not None:
            index, seen_by, pool = self._pool
            if index is batch.index and seen_by() is view and pool.ids.shape[1] >= size:
                return pool.first(size)
        ids = self.unseen(batch, size)
        pool = Pool(ids, view.scores(batch.users, ids))
        self._pool = (batch.index, ref(view), pool)  # whose tables the next view may use
        return pool

    def _key(self, stream: int) -> int:
        return random.make_key(self._seed, self.epoch, stream)
