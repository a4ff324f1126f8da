"""Exact draws of unseen items, without rejection, in bounded time for any user.

Uniform: with a user's h items sorted, h_0 < h_1 < ..., the r-th unseen item is r + k, where k is
the number of items with h_k - k <= r; one binary search finds it. Weighted: the same with sums of
weight instead of counts: the target mass is searched in the mass that the unseen items have
before every seen one, then in the cumulative weights between two seen ones, where a guide table
(Chen and Asau 1974) leaves a few items to search.
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
from autosample.kernels.prefetch import prefetch
from autosample.kernels.threads import parallel_ranges

_AHEAD = 8  # rows whose histories are fetched before their turn
_WINDOW = 16  # entries of a history that are compared at once


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
        before = np.append(interactions.items - position, np.zeros(_WINDOW))
        #: (nnz + window,) int32, how many unseen items of the user come before each seen one.
        self.before = torch.tensor(before.astype(np.int32), device=device)
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
        histories = (self.indptr.numpy(), self.before.numpy(), self.n_items)
        arguments = (users.numpy(), index.numpy(), np.uint64(key), *histories, out)
        parallel_ranges(_draw, len(users), *arguments, grain=max(1, 4096 // n))
        return torch.from_numpy(out)

    def draw_torch(self, users: Tensor, index: Tensor, n: int, key: int) -> Tensor:
        """Torch twin of :meth:`draw`: the same numbers on any device."""
        self.check(users)
        counts = self.indptr[1:] - self.indptr[:-1]
        owner = torch.repeat_interleave(torch.arange(len(counts), device=counts.device), counts)
        span = self.n_items + 1
        before = owner * span + self.before[: len(self.items)]
        r = random.below_torch(
            random.bits_torch(index, n, key), (self.n_items - counts[users])[:, None]
        )
        place = torch.searchsorted(before, users[:, None] * span + r, right=True)
        return r + (place - self.indptr[users][:, None])


class WeightedUnseen:
    """Unseen items drawn in proportion to fixed weights, such as popularity.

    Args:
        unseen: The unseen items of every user.
        weights: (I,) positive and finite.

    Raises:
        SamplerError: AS302 when a weight is not positive and finite.

    Memory: 16 bytes per item and per interaction.
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
        room = zero.expand(_WINDOW)
        ends, items = weights.cumsum(0), unseen.items.long()
        self.total = ends[-1:].sum()
        self.cumulative = torch.cat([zero, ends, room])  # (I + 1 + window,)
        self.seen = torch.cat([zero, weights[items].cumsum(0)])  # (nnz + 1,)
        starts = self.seen[unseen.indptr[:-1]].repeat_interleave(unseen.indptr.diff())
        #: (nnz + window,) mass of the user's unseen items before each seen one.
        self.before = torch.cat([self.cumulative[items] - (self.seen[:-1] - starts), room])
        #: (I + 2,) the item in which each of I equal shares of all mass begins, and the last.
        shares = torch.arange(unseen.n_items + 2, dtype=torch.float64, device=weights.device)
        begin = torch.searchsorted(ends, shares * (self.total / max(unseen.n_items, 1)))
        self.guide = begin.clamp_max(unseen.n_items - 1)

    def probability(self, users: Tensor, items: Tensor) -> Tensor:
        """Probability of drawing (B, M) unseen ``items`` for (B,) users, float64."""
        total = self.total - self._mass_of_history(users)
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
        unseen, masses = self.unseen, (self.cumulative, self.before, self.seen, self.guide)
        histories = (unseen.indptr.numpy(), unseen.items.numpy(), unseen.n_items)
        arguments = (users.numpy(), index.numpy(), np.uint64(key), *histories)
        tables = (*(mass.numpy() for mass in masses), out)
        parallel_ranges(_draw_weighted, len(users), *arguments, *tables, grain=max(1, 2048 // n))
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
def _fetch_ahead(b, stop, users, indptr, before):  # type: ignore[no-untyped-def]
    """Fetch what the rows after row ``b`` will search."""
    if b + 2 * _AHEAD < stop:
        prefetch(indptr, users[b + 2 * _AHEAD])
    if b + _AHEAD < stop:
        first, end = indptr[users[b + _AHEAD]], indptr[users[b + _AHEAD] + 1]
        prefetch(before, (first + end) >> 1)
        prefetch(before, first)


@numba.njit(nogil=True, cache=True)
def _passed(values, first, end, bound):  # type: ignore[no-untyped-def]
    """How many of the ascending ``values[first:end]`` are at most ``bound``.

    Halves until a vector's worth is left, which is compared at once: no branch to guess wrong.
    ``values`` must go on for a window after ``end``; what is there does not matter.
    """
    low, left = first, np.int32(end - first)
    while left > _WINDOW:
        half = (left + 1) >> 1
        if values[low + half - 1] <= bound:
            low += half
        left -= half
    count = np.int32(0)
    for at in range(_WINDOW):
        count += np.int32((values[low + at] <= bound) & (np.int32(at) < left))
    return low - first + count


@numba.njit(nogil=True, cache=True)
def _draw(start, stop, users, index, key, indptr, before, n_items, out):  # type: ignore[no-untyped-def]
    for b in range(start, stop):
        _fetch_ahead(b, stop, users, indptr, before)
        first, end = indptr[users[b]], indptr[users[b] + 1]
        free = np.uint64(n_items - (end - first))
        base = random.mix(key ^ random.mix(np.uint64(index[b])))
        for draw in range(out.shape[1]):
            bits = random.mix(base + np.uint64(draw) * np.uint64(random.GAMMA))
            r = np.int32(((bits >> np.uint64(32)) * free) >> np.uint64(32))
            out[b, draw] = r + _passed(before, first, end, r)


@numba.njit(nogil=True, cache=True)
def _draw_weighted(  # type: ignore[no-untyped-def]
    start, stop, users, index, key, indptr, items, n_items, cumulative, before, passed, guide, out
):
    n_cells = guide.shape[0] - 2
    per_mass = n_cells / cumulative[n_items]
    for b in range(start, stop):
        _fetch_ahead(b, stop, users, indptr, before)
        if b + _AHEAD < stop:
            prefetch(passed, indptr[users[b + _AHEAD]])
            prefetch(passed, indptr[users[b + _AHEAD] + 1])
            prefetch(items, indptr[users[b + _AHEAD]])
        first, end = indptr[users[b]], indptr[users[b] + 1]
        mass = passed[end] - passed[first]
        free = cumulative[n_items] - mass
        base = random.mix(key ^ random.mix(np.uint64(index[b])))
        for draw in range(out.shape[1]):
            bits = random.mix(base + np.uint64(draw) * np.uint64(random.GAMMA))
            target = np.float64(bits >> np.uint64(11)) * 2.0**-53 * free
            low, size = first, end - first  # seen items whose unseen mass before is <= target
            while size > 0:
                half = (size + 1) >> 1
                low += half if before[low + half - 1] <= target else 0
                size -= half
            left = items[low - 1] + 1 if low > first else 0
            right = items[low] if low < end else n_items
            seen = passed[low] - passed[first]
            cell = min(np.int64((target + seen) * per_mass), n_cells - 1)
            a = min(max(guide[max(cell - 1, 0)], left), right - 1)
            z = max(min(guide[cell + 2], right - 1), a)
            while a < z and cumulative[a + 1] - seen <= target:
                a += 1
            if left >= right:  # rounding put the target into a gap without items
                a = _nearest_unseen(items, first, end - first, left, n_items)
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
