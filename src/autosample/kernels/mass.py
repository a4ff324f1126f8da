"""Searches for the item in which a random share of a user's unseen mass ends, a block at a time.

What the tables mean is said in :mod:`autosample.kernels.weighted`. Every wait for memory is begun
for the whole block before the first row needs it, and no branch depends on what was drawn, save
those hardly ever taken.
"""

from __future__ import annotations

import numpy as np

from autosample.kernels import random
from autosample.kernels.block import TOGETHER, numbers_of_rows, pass_all
from autosample.kernels.compiling import kernel
from autosample.kernels.member import first_not_below
from autosample.kernels.prefetch import prefetch


@kernel(allocates=True)
def draw_weighted(  # type: ignore[no-untyped-def]
    start, stop, users, index, key, indptr, items, n_items, ends, before, free, lead, guide, out
):
    """Fill rows of ``out`` (B, n) with unseen items, keyed by ``index`` (B,)."""
    bases, firsts, counts, places, sizes, active = numbers_of_rows()
    masses, frees = np.empty((2, TOGETHER))
    for block in range(start, stop, TOGETHER):
        rows = min(TOGETHER, stop - block)
        _look_up(block, rows, users, index, key, indptr, free, bases, firsts, counts, frees)
        for draw in range(out.shape[1]):
            for at in range(rows):
                bits = random.mix(bases[at] + np.uint64(draw) * np.uint64(random.GAMMA))
                masses[at] = np.float64(bits >> np.uint64(11)) * 2.0**-53 * frees[at]
            _among_seen(rows, masses, frees, firsts, counts, lead, before, items, places, sizes)
            pass_all(before, places, sizes, masses, rows, active)
            _among_items(
                rows, masses, firsts, counts, items, n_items, ends, before, guide, places, sizes
            )
            pass_all(ends, places, sizes, masses, rows, active)
            for at in range(rows):
                out[block + at, draw] = places[at]


@kernel()
def _look_up(block, rows, users, index, key, indptr, free, bases, firsts, counts, frees):  # type: ignore[no-untyped-def]
    """The rows of a block; the next block's are fetched."""
    for at in range(rows):
        user = users[block + at]
        bases[at] = random.mix(key ^ random.mix(np.uint64(index[block + at])))
        firsts[at], counts[at] = indptr[user], indptr[user + 1] - indptr[user]
        frees[at] = free[user]
        if block + at + TOGETHER < users.shape[0]:
            ahead = users[block + at + TOGETHER]
            prefetch(indptr, ahead)
            prefetch(free, ahead)


@kernel()
def _among_seen(rows, masses, frees, firsts, counts, lead, before, items, places, sizes):  # type: ignore[no-untyped-def]
    """Where each row has to search among its user's seen items: those in the cell of its mass."""
    for at in range(np.uint64(rows)):
        # rounded as in the table, so that no item of a lower cell lies above the mass
        cell = np.uint64(np.int64(masses[at] * (np.float64(counts[at]) / frees[at])))
        places[at] = firsts[at] + min(cell, counts[at] - np.uint64(counts[at] > 0))
        prefetch(lead, places[at])
    for at in range(np.uint64(rows)):
        cell, after = places[at], places[at] + np.uint64(counts[at] > 0)
        places[at] = cell + np.uint64(lead[cell])
        sizes[at] = after + np.uint64(lead[after]) - places[at]
        prefetch(before, places[at])
        prefetch(items, places[at])


@kernel()
def _among_items(  # type: ignore[no-untyped-def]
    rows, masses, firsts, counts, items, n_items, ends, before, guide, places, sizes
):
    """Where each row has to search among all items: those in a cell, between two seen ones.

    The mass of the seen ones passed is added to the row's.
    """
    last, one = np.uint64(guide.shape[0] - 2), np.uint64(1)
    cells_per_mass = np.float64(last) / ends[n_items - 1]
    for at in range(np.uint64(rows)):
        left, right = np.uint64(0), np.uint64(n_items)
        if counts[at] > 0:
            passed = np.uint64(places[at] > firsts[at])  # 0 where no seen item lies to the left
            over = np.uint64(places[at] == firsts[at] + counts[at])  # 1 where none to the right
            left = (np.uint64(items[places[at] - passed]) + one) * passed
            right = np.uint64(items[places[at] - over]) * (one - over) + right * over
            shift = ends[left - passed] - before[places[at] - passed]
            masses[at] += shift * np.float64(passed)
        cell = min(np.uint64(np.int64(masses[at] * cells_per_mass)), last)
        if left >= right:  # rounding put the target into a gap without items
            first, count = np.int64(firsts[at]), np.int64(counts[at])
            left = np.uint64(_nearest_unseen(items, first, count, np.int64(left), n_items))
            right = left + one
        places[at] = min(max(np.uint64(guide[cell]), left), right - one)
        sizes[at] = max(min(np.uint64(guide[cell + one]), right - one), places[at]) - places[at]
        prefetch(ends, places[at])


@kernel()
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
