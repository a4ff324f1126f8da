"""Exact draws of unseen items in proportion to weights, without rejection.

As uniform draws, with sums of weight instead of counts: the target mass is searched in the mass
that the unseen items have before every seen one, then in the cumulative weights between two seen
ones, where a guide table (Chen and Asau 1974) leaves a few items to search.
"""

from __future__ import annotations

import numba
import numpy as np
import torch
from torch import Tensor

from autosample.errors import SamplerError
from autosample.kernels import random
from autosample.kernels.block import TOGETHER, begin, numbers_of_rows, pass_all, pass_all_torch
from autosample.kernels.draw import Unseen
from autosample.kernels.member import first_not_below
from autosample.kernels.paths import compiled
from autosample.kernels.threads import parallel_ranges


class WeightedUnseen:
    """Unseen items drawn in proportion to fixed weights, such as popularity.

    Args:
        unseen: The unseen items of every user.
        weights: (I,) positive and finite.

    Raises:
        SamplerError: AS302 when a weight is not positive and finite.

    Memory: 8 bytes per interaction and per user, 20 per item.
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
        items = unseen.items.long()
        self.ends = weights.cumsum(0)  # (I,)
        seen = torch.cat([zero, weights[items].cumsum(0)])  # (nnz + 1,)
        starts, stops = seen[unseen.indptr[:-1]], seen[unseen.indptr[1:]]
        passed = seen[:-1] - starts.repeat_interleave(unseen.indptr.diff())
        #: (nnz,) mass of the user's unseen items before each seen one.
        self.before = self.ends[items] - weights[items] - passed
        #: (U,) mass of each user's unseen items.
        self.free = self.ends[-1:] - (stops - starts)
        #: (I + 2,) int32, the first item that ends in each of I equal shares of all mass, or later.
        cells = (self.ends * (unseen.n_items / self.ends[-1:])).long()
        numbers = torch.arange(unseen.n_items + 2, device=weights.device)
        self.guide = torch.searchsorted(cells, numbers, out_int32=True)

    def probability(self, users: Tensor, items: Tensor) -> Tensor:
        """Probability of drawing (B, M) unseen ``items`` for (B,) users, float64."""
        return self.weights[items] / self.free[users, None]

    def draw(self, users: Tensor, index: Tensor, n: int, key: int) -> Tensor:
        """(B,), (B,) -> (B, n) int64. Cost: O(log h + log I) per draw, no rejection.

        Raises:
            SamplerError: AS301 when a user has every item.
        """
        self.unseen.check(users)
        if not compiled(users):
            return self.draw_torch(users, index, n, key)
        out = np.empty((len(users), n), np.int64)
        unseen, masses = self.unseen, (self.ends, self.before, self.free, self.guide)
        histories = (unseen.indptr.numpy(), unseen.items.numpy(), unseen.n_items)
        arguments = (users.numpy(), index.numpy(), np.uint64(key), *histories)
        tables = (*(mass.numpy() for mass in masses), out)
        parallel_ranges(_draw_weighted, len(users), *arguments, *tables, grain=max(1, 2048 // n))
        return torch.from_numpy(out)

    def draw_torch(self, users: Tensor, index: Tensor, n: int, key: int) -> Tensor:
        """Torch twin of :meth:`draw`: the same numbers, but for the rounding of sums of weights."""
        self.unseen.check(users)
        unseen, last = self.unseen, self.unseen.n_items - 1
        mass = random.fraction_torch(random.bits_torch(index, n, key)) * self.free[users, None]
        if len(unseen.items) == 0:
            return torch.searchsorted(self.ends, mass, right=True).clamp_max(last)
        first, end = unseen.indptr[users, None], unseen.indptr[users + 1, None]
        place = pass_all_torch(self.before, first, end, mass)
        behind, ahead = (place - 1).clamp_min(0), place.clamp_max(len(unseen.items) - 1)
        item, passed = unseen.items[behind].long(), place > first
        mass = mass + torch.where(passed, self.ends[item] - self.before[behind], 0.0)
        left = torch.where(passed, item + 1, 0)
        right = torch.where(place < end, unseen.items[ahead].long(), last + 1)
        found = torch.searchsorted(self.ends, mass, right=True)
        found = torch.minimum(found.maximum(left), right - 1)
        # rounding can put the target into a gap without items: then the nearest unseen one
        most = last - (end - first)
        nearest = unseen.nth(users, torch.minimum(left - (place - first), most))
        return torch.where(left < right, found, nearest)


@numba.njit(nogil=True, cache=True)
def _draw_weighted(  # type: ignore[no-untyped-def]
    start, stop, users, index, key, indptr, items, n_items, ends, before, free, guide, out
):
    bases, firsts, counts, places, sizes, active = numbers_of_rows()
    masses = np.empty(TOGETHER)
    cells_per_mass = (guide.shape[0] - 2) / ends[n_items - 1]
    for block in range(start, stop, TOGETHER):
        rows = min(TOGETHER, stop - block)
        begin(block, rows, users, index, key, indptr, before, bases, firsts, counts)
        for draw in range(out.shape[1]):
            for at in range(rows):
                bits = random.mix(bases[at] + np.uint64(draw) * np.uint64(random.GAMMA))
                share = np.float64(bits >> np.uint64(11)) * 2.0**-53
                masses[at] = share * free[users[block + at]]
                places[at], sizes[at] = firsts[at], counts[at]
            pass_all(before, places, sizes, masses, rows, active)
            for at in range(rows):
                first, count, place = (
                    np.int64(firsts[at]),
                    np.int64(counts[at]),
                    np.int64(places[at]),
                )
                if place > first:  # add the mass of the seen ones passed
                    masses[at] += ends[items[place - 1]] - before[place - 1]
                left = items[place - 1] + 1 if place > first else 0
                right = items[place] if place < first + count else n_items
                low, high = _cell(masses[at] * cells_per_mass, left, right, guide)
                if left >= right:  # rounding put the target into a gap without items
                    low = high = _nearest_unseen(items, first, count, left, n_items)
                places[at], sizes[at] = low, high - low
            pass_all(ends, places, sizes, masses, rows, active)
            for at in range(rows):
                out[block + at, draw] = places[at]


@numba.njit(nogil=True, cache=True)
def _cell(cell, left, right, guide):  # type: ignore[no-untyped-def]
    """The first and the last of ``range(left, right)`` that can be the item in a cell of mass."""
    cell = min(np.int64(cell), guide.shape[0] - 2)
    low = min(max(np.int64(guide[cell]), left), right - 1)
    return low, max(min(np.int64(guide[cell + 1]), right - 1), low)


@numba.njit(nogil=True, cache=True)
def _nearest_unseen(items, first, count, at, n_items):  # type: ignore[no-untyped-def]
    """The unseen item nearest to position ``at``, searched upwards, then downwards."""
    place = first_not_below(items, first, first + count, at) - first
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
