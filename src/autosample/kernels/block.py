"""Binary searches for a block of rows at a time.

One search waits for memory at every step and guesses at every branch. Here all rows of a block take
a step before any takes the next, so that the waits overlap and no branch depends on a value.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from autosample.kernels import random
from autosample.kernels.compiling import kernel
from autosample.kernels.prefetch import prefetch

TOGETHER = 64  # rows of a block


@kernel(allocates=True)
def numbers_of_rows():  # type: ignore[no-untyped-def]
    """Six arrays with a number for each row of a block."""
    own = np.empty((6, TOGETHER), np.uint64)
    return own[0], own[1], own[2], own[3], own[4], own[5]


@kernel()
def begin(block, rows, users, index, key, indptr, before, bases, firsts, sizes):  # type: ignore[no-untyped-def]
    """Look up the rows of a block, and fetch what they will search and the next block's rows."""
    for at in range(rows):
        user = users[block + at]
        first, end = indptr[user], indptr[user + 1]
        bases[at] = random.mix(key ^ random.mix(np.uint64(index[block + at])))
        firsts[at], sizes[at] = first, end - first
        prefetch(before, first)
        prefetch(before, (first + end) >> 1)
        if block + at + TOGETHER < users.shape[0]:
            prefetch(indptr, users[block + at + TOGETHER])


@kernel()
def pass_all(values, places, sizes, bounds, rows, active):  # type: ignore[no-untyped-def]
    """Move every place past the ascending ``values`` there, ``sizes`` of them, up to its bound.

    Each range is halved until nothing is left, all of them in turn: no branch depends on a value,
    so that none is guessed wrong, and their waits for memory overlap. Unsigned numbers spare the
    test for a negative place.
    """
    n = np.uint64(0)
    for at in range(np.uint64(rows)):
        active[n] = at
        n += np.uint64(sizes[at] > 0)
    while n > 0:
        still = np.uint64(0)
        for one in range(n):
            at = active[one]
            half = (sizes[at] + np.uint64(1)) >> np.uint64(1)
            passed = values[places[at] + half - np.uint64(1)] <= bounds[at]
            places[at] += half * np.uint64(passed)
            sizes[at] -= half
            active[still] = at
            still += np.uint64(sizes[at] > 0)
        n = still


def pass_all_torch(values: Tensor, firsts: Tensor, ends: Tensor, bounds: Tensor) -> Tensor:
    """Torch twin of :func:`pass_all`: the first places in the ranges with a value above the bound.

    ``firsts`` and ``ends`` are broadcast to the shape of ``bounds``. There are as many steps as the
    number of ``values`` has binary digits, whatever the ranges, so that no device has to be waited
    for.
    """
    low, high = (places.expand_as(bounds) for places in (firsts, ends))
    for _ in range(len(values).bit_length()):
        middle = (low + high) >> 1
        passed = values[middle.clamp_max(len(values) - 1)] <= bounds
        passed &= low < high
        low, high = torch.where(passed, middle + 1, low), torch.where(passed, high, middle)
    return low
