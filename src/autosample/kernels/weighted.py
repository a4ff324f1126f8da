"""Exact draws of unseen items in proportion to weights, without rejection.

As uniform draws, with sums of weight instead of counts: the target mass is searched in the mass
that the unseen items have before every seen one, then in the cumulative weights between two seen
ones. For both a guide table (Chen and Asau 1974) leaves about one place to search.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from autosample.errors import SamplerError
from autosample.kernels import random
from autosample.kernels.block import pass_all_torch
from autosample.kernels.draw import Unseen
from autosample.kernels.mass import draw_weighted
from autosample.kernels.paths import compiled
from autosample.kernels.threads import parallel_ranges

#: Share of all mass that a user's unseen items must have: rounding costs them a millionth then.
LEAST_SHARE = 1e-10


class WeightedUnseen:
    """Unseen items drawn in proportion to fixed weights, such as popularity.

    Args:
        unseen: The unseen items of every user.
        weights: (I,) positive and finite.

    Raises:
        SamplerError: AS302 when a weight is not positive and finite, or when what a user has not
            seen weighs so little beside the rest that sums in float64 lose it.

    Memory: 12 bytes per interaction, 8 per user, 20 per item.
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
        little = self.free < LEAST_SHARE * self.ends[-1:]
        lost = torch.nonzero(little & (unseen.indptr.diff() < unseen.n_items)).flatten()
        if len(lost):
            raise SamplerError(
                "AS302",
                f"What a user has not seen must weigh at least {LEAST_SHARE:g} of all items.",
                "Take weights that are less far apart, such as a lower beta of popularity.",
                lost.tolist(),
            )
        #: (nnz + 1,) int32, the guide to each user's part of :attr:`before`.
        self.lead = _lead(unseen.indptr, self.before, self.free)
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
        unseen, masses = self.unseen, (self.ends, self.before, self.free, self.lead, self.guide)
        histories = (unseen.indptr.numpy(), unseen.items.numpy(), unseen.n_items)
        arguments = (users.numpy(), index.numpy(), np.uint64(key), *histories)
        tables = (*(mass.numpy() for mass in masses), out)
        parallel_ranges(draw_weighted, len(users), *arguments, *tables, grain=max(1, 2048 // n))
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


def _lead(indptr: Tensor, before: Tensor, free: Tensor) -> Tensor:
    """(nnz + 1,) int32, by how many places the seen items of lower cells lead over a cell's number.

    A user's unseen mass is cut into as many equal cells as the user has seen items, numbered as
    these, and a seen item belongs to the cell that the mass before it ends in.
    """
    counts = indptr.diff()
    per_user = counts / free, indptr[:-1], indptr[1:] - 1
    cells_per_mass, first, last = (own.repeat_interleave(counts) for own in per_user)
    cells = ((before * cells_per_mass).long() + first).clamp(first, last)
    numbers = torch.arange(len(before) + 1, device=before.device)
    return (torch.bincount(cells + 1, minlength=len(numbers)).cumsum(0) - numbers).int()
