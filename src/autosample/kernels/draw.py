"""Exact draws of unseen items, without rejection, in bounded time for any user.

Uniform: with a user's h items sorted, h_0 < h_1 < ..., the r-th unseen item is r + k, where k is
the number of items with h_k - k <= r; one binary search finds it. Weighted: the same with sums of
weight instead of counts: the target mass is searched in the mass that the unseen items have
before every seen one, then in the cumulative weights between two seen ones.
"""

from __future__ import annotations

import numba
import numpy as np
import torch
from torch import Tensor

from autosample.data.interactions import Interactions
from autosample.errors import SamplerError
from autosample.kernels import random
from autosample.kernels.member import contains
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
        if users.device.type != "cpu":
            return self.draw_torch(users, index, n, key)
        out = np.empty((len(users), n), np.int64)
        arguments = (users.numpy(), index.numpy(), np.uint64(key), *self._arrays(), out)
        parallel_ranges(_draw, len(users), *arguments, grain=max(1, 2048 // n))
        return torch.from_numpy(out)

    def draw_torch(self, users: Tensor, index: Tensor, n: int, key: int) -> Tensor:
        """Torch twin of :meth:`draw`: the same numbers on any device."""
        self.check(users)
        counts = self.indptr[1:] - self.indptr[:-1]
        owner = torch.repeat_interleave(torch.arange(len(counts), device=counts.device), counts)
        position = torch.arange(len(self.items), device=counts.device) - self.indptr[owner]
        span = self.n_items + 1
        before = owner * span + (self.items - position)  # unseen items before each seen one
        r = random.below_torch(
            random.bits_torch(index, n, key), (self.n_items - counts[users])[:, None]
        )
        place = torch.searchsorted(before, users[:, None] * span + r, right=True)
        return r + (place - self.indptr[users][:, None])

    def _arrays(self) -> tuple[object, object, int]:
        return self.indptr.numpy(), self.items.numpy(), self.n_items


class WeightedUnseen:
    """Unseen items drawn in proportion to fixed weights, such as popularity.

    Args:
        unseen: The unseen items of every user.
        weights: (I,) positive and finite.

    Raises:
        SamplerError: AS302 when a weight is not positive and finite.

    Memory: 8 bytes per item and per interaction.
    """

    def __init__(self, unseen: Unseen, weights: Tensor) -> None:
        weights = weights.to(unseen.indptr.device, torch.float64)
        bad = torch.nonzero(~(weights > 0) | ~torch.isfinite(weights)).flatten()
        if len(bad):
            raise SamplerError(
                "AS302",
                "Item weights must be positive and finite.",
                "Give items without interactions a small positive weight.",
                bad.tolist(),
            )
        self.unseen = unseen
        self.weights = weights
        zero = torch.zeros(1, dtype=torch.float64, device=weights.device)
        self.cumulative = torch.cat([zero, weights.cumsum(0)])  # (I + 1,)
        self.seen = torch.cat([zero, weights[unseen.items.long()].cumsum(0)])  # (nnz + 1,)
        starts = self.seen[unseen.indptr[:-1]].repeat_interleave(unseen.indptr.diff())
        self.seen_mass = self.seen[:-1] - starts  # (nnz,) within the user, before each item

    def probability(self, users: Tensor, items: Tensor) -> Tensor:
        """Probability of drawing (B, M) unseen ``items`` for (B,) users, float64."""
        total = self.cumulative[-1] - self._mass_of_history(users)
        return self.weights[items] / total[:, None]

    def draw(self, users: Tensor, index: Tensor, n: int, key: int) -> Tensor:
        """(B,), (B,) -> (B, n) int64. Cost: O(log h + log I) per draw, no rejection.

        Raises:
            SamplerError: AS301 when a user has every item.
        """
        self.unseen.check(users)
        if users.device.type != "cpu":
            return self.draw_torch(users, index, n, key)
        out = np.empty((len(users), n), np.int64)
        mass = self._mass_of_history(users).numpy()
        arguments = (users.numpy(), index.numpy(), np.uint64(key), *self.unseen._arrays())
        tables = (self.cumulative.numpy(), self.seen_mass.numpy(), mass, out)
        parallel_ranges(_draw_weighted, len(users), *arguments, *tables, grain=max(1, 1024 // n))
        return torch.from_numpy(out)

    def draw_torch(self, users: Tensor, index: Tensor, n: int, key: int) -> Tensor:
        """Torch twin of :meth:`draw`, user by user: an oracle and a path for other devices."""
        self.unseen.check(users)
        fraction = random.fraction_torch(random.bits_torch(index, n, key))
        rows = []
        for b, user in enumerate(users.tolist()):
            keep = torch.ones(self.unseen.n_items, dtype=torch.bool, device=users.device)
            first, last = int(self.unseen.indptr[user]), int(self.unseen.indptr[user + 1])
            keep[self.unseen.items[first:last].long()] = False
            items = torch.nonzero(keep).flatten()
            edges = self.weights[items].cumsum(0)
            place = torch.searchsorted(edges, fraction[b] * edges[-1], right=True)
            rows.append(items[place.clamp_max(len(items) - 1)])
        return torch.stack(rows)

    def _mass_of_history(self, users: Tensor) -> Tensor:
        """(B,) total weight of each user's seen items."""
        return self.seen[self.unseen.indptr[users + 1]] - self.seen[self.unseen.indptr[users]]


@numba.njit(nogil=True, cache=True)
def _draw(start, stop, users, index, key, indptr, items, n_items, out):  # type: ignore[no-untyped-def]
    for b in range(start, stop):
        first = indptr[users[b]]
        count = indptr[users[b] + 1] - first
        free = np.uint64(n_items - count)
        base = random.mix(key ^ random.mix(np.uint64(index[b])))
        for draw in range(out.shape[1]):
            bits = random.mix(base + np.uint64(draw) * np.uint64(random.GAMMA))
            r = np.int64(((bits >> np.uint64(32)) * free) >> np.uint64(32))
            low, high = 0, count
            while low < high:
                middle = (low + high) >> 1
                if items[first + middle] - middle <= r:
                    low = middle + 1
                else:
                    high = middle
            out[b, draw] = r + low


@numba.njit(nogil=True, cache=True)
def _draw_weighted(  # type: ignore[no-untyped-def]
    start, stop, users, index, key, indptr, items, n_items, cumulative, seen_mass, mass, out
):
    for b in range(start, stop):
        first = indptr[users[b]]
        count = indptr[users[b] + 1] - first
        free = cumulative[n_items] - mass[b]
        base = random.mix(key ^ random.mix(np.uint64(index[b])))
        for draw in range(out.shape[1]):
            bits = random.mix(base + np.uint64(draw) * np.uint64(random.GAMMA))
            target = np.float64(bits >> np.uint64(11)) * 2.0**-53 * free
            low, high = 0, count  # seen items whose unseen mass before them is <= target
            while low < high:
                middle = (low + high) >> 1
                seen = items[first + middle]
                if cumulative[seen] - seen_mass[first + middle] <= target:
                    low = middle + 1
                else:
                    high = middle
            left = items[first + low - 1] + 1 if low > 0 else 0
            right = items[first + low] if low < count else n_items
            passed = mass[b] if low == count else seen_mass[first + low]
            a, z = left, right - 1  # the first item whose cumulative end exceeds the target
            while a < z:
                middle = (a + z) >> 1
                if cumulative[middle + 1] - passed <= target:
                    a = middle + 1
                else:
                    z = middle
            if left >= right:  # rounding put the target into a gap without items
                a = _nearest_unseen(items, first, count, left, n_items)
            out[b, draw] = a


@numba.njit(nogil=True, cache=True)
def _nearest_unseen(items, first, count, at, n_items):  # type: ignore[no-untyped-def]
    """The unseen item nearest to position ``at``, searched upwards, then downwards."""
    place = np.searchsorted(items[first : first + count], at)
    item = at
    while item < n_items and place < count and items[first + place] == item:
        item += 1
        place += 1
    if item < n_items:
        return item
    item, place = n_items - 1, count - 1
    while place >= 0 and items[first + place] == item:
        item -= 1
        place -= 1
    return item
