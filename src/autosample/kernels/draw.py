"""Exact uniform draws of unseen items, without rejection, in bounded time for any user.

With a user's h items sorted, h_0 < h_1 < ..., the r-th unseen item is r + k, where k is the number
of items with h_k - k <= r; one binary search finds it.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from autosample.data.interactions import Interactions
from autosample.errors import SamplerError
from autosample.kernels import random
from autosample.kernels.block import TOGETHER, begin, numbers_of_rows, pass_all
from autosample.kernels.compiling import kernel
from autosample.kernels.member import contains
from autosample.kernels.paths import compiled
from autosample.kernels.threads import parallel_ranges


class Unseen:
    """Items that a user has not interacted with, to draw from.

    Args:
        interactions: Training interactions; a draw never returns one of its pairs.
        device: Where draws are made; anything but the CPU takes the torch path.
    """

    def __init__(self, interactions: Interactions, device: torch.device | str = "cpu") -> None:
        self.n_items = interactions.n_items
        self.indptr = torch.tensor(interactions.indptr, device=device)
        self.items = torch.tensor(interactions.items, device=device)
        position = np.arange(len(interactions)) - interactions.indptr[interactions.users]
        before = (interactions.items - position).astype(np.int32)
        #: (nnz,) int32, how many unseen items of the user come before each seen one.
        self.before = torch.tensor(before, device=device)
        full = np.flatnonzero(interactions.user_counts >= interactions.n_items)
        self.full_users = frozenset(full.tolist())

    def check(self, users: Tensor) -> None:
        """Refuse users who have every item.

        Raises:
            SamplerError: AS301 naming the users.
        """
        if self.full_users:
            bad = sorted(self.full_users.intersection(users.tolist()))
            if bad:
                raise SamplerError(
                    "AS301",
                    "A user who has every item has no negatives.",
                    "Leave such users' positives out of training.",
                    bad,
                )

    def contains(self, users: Tensor, items: Tensor) -> Tensor:
        """Which of (B, M) ``items`` are in the histories of (B,) ``users``: (B, M) bool."""
        return contains(self.indptr, self.items, users, items)

    def with_negatives(self) -> Tensor:
        """Numbers of the users who have at least one unseen item, ascending."""
        return torch.nonzero(self.indptr.diff() < self.n_items).flatten()

    def first_items(self, users: Tensor) -> Tensor:
        """(B,) lowest item number of each user's history; 0 for a user without any."""
        if len(self.items) == 0:
            return torch.zeros_like(users)
        start, end = self.indptr[users], self.indptr[users + 1]
        first = self.items[start.clamp_max(len(self.items) - 1)].long()
        return torch.where(end > start, first, 0)

    def histories(self, users: Tensor) -> tuple[Tensor, Tensor]:
        """All items of (B,) users: their row in ``users`` and the item, one pair per item."""
        start, counts = self.indptr[users], self.indptr[users + 1] - self.indptr[users]
        rows = torch.arange(len(users), device=users.device).repeat_interleave(counts)
        within = torch.arange(len(rows), device=users.device) - (counts.cumsum(0) - counts)[rows]
        return rows, self.items[start[rows] + within].long()

    def draw(self, users: Tensor, index: Tensor, n: int, key: int) -> Tensor:
        """Uniform over each user's unseen items: (B,), (B,) -> (B, n) int64.

        Cost: O(log h) per draw for a user with h items, no loop that depends on luck.

        Raises:
            SamplerError: AS301 when a user has every item.
        """
        self.check(users)
        if not compiled(users):
            return self.draw_torch(users, index, n, key)
        out = np.empty((len(users), n), np.int64)
        histories = (self.indptr.numpy(), self.before.numpy(), self.n_items)
        arguments = (users.numpy(), index.numpy(), np.uint64(key), *histories, out)
        parallel_ranges(_draw, len(users), *arguments, grain=max(1, 4096 // n))
        return torch.from_numpy(out)

    def draw_torch(self, users: Tensor, index: Tensor, n: int, key: int) -> Tensor:
        """Torch twin of :meth:`draw`: the same numbers on any device."""
        self.check(users)
        free = self.n_items - (self.indptr[users + 1] - self.indptr[users])[:, None]
        return self.nth(users, random.below_torch(random.bits_torch(index, n, key), free))

    def nth(self, users: Tensor, ranks: Tensor) -> Tensor:
        """The unseen item of each rank, from 0, in the order of numbers: (B,), (B, n) -> (B, n)."""
        place = torch.searchsorted(self._keys, users[:, None] * self.n_items + ranks, right=True)
        return ranks + (place - self.indptr[users, None])

    @cached_property
    def _keys(self) -> Tensor:
        """(nnz,) int64, :attr:`before` of all users in one ascending sequence; for the twin."""
        counts = self.indptr.diff()
        owner = torch.repeat_interleave(counts, output_size=len(self.items))
        return owner * self.n_items + self.before


@kernel(allocates=True)
def _draw(start, stop, users, index, key, indptr, before, n_items, out):  # type: ignore[no-untyped-def]
    bases, firsts, counts, places, sizes, active = numbers_of_rows()
    ranks = np.empty(TOGETHER, np.int32)
    for block in range(start, stop, TOGETHER):
        rows = min(TOGETHER, stop - block)
        begin(block, rows, users, index, key, indptr, before, bases, firsts, counts)
        for draw in range(out.shape[1]):
            for at in range(rows):
                bits = random.mix(bases[at] + np.uint64(draw) * np.uint64(random.GAMMA))
                free = np.uint64(n_items) - counts[at]
                ranks[at] = ((bits >> np.uint64(32)) * free) >> np.uint64(32)
                places[at], sizes[at] = firsts[at], counts[at]
            pass_all(before, places, sizes, ranks, rows, active)
            for at in range(rows):
                out[block + at, draw] = ranks[at] + np.int64(places[at] - firsts[at])
