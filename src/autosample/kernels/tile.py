"""Scores of all items a tile at a time: a matrix product that stays in cache and keeps its bits.

The bits of a library's float32 product depend on its shape and on the number of threads that share
it. Here a score is summed in one order, dimension by dimension, whatever is scored beside it, so a
user's scores depend neither on other users nor on blocks or threads. And a tile is used while it
is in cache, so whole rows of scores are never written to memory.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from torch import Tensor

from autosample.kernels.compiling import kernel

#: Items side by side, whose scores for ROWS users stay in the first cache. Were it a power of two,
#: all rows would fall into the same few places there.
PANEL = 800
ROWS = 8  # users of a tile
BLOCK = 128  # users who share one pass over the items
_STEP = 4  # dimensions and rows taken together

FloatArray = npt.NDArray[np.float32]


def pack(items: Tensor) -> FloatArray:
    """(I, D) rows as panels of ``PANEL`` items, dimension by dimension.

    Returns:
        (P, D', PANEL) float32, filled up with zeros: P panels, and D' the next multiple of four.
        Cost: one copy of the table.
    """
    table = items.detach().float().numpy()
    n, width = table.shape
    n_panels = -(-n // PANEL)
    panels = np.zeros((n_panels, padded(width), PANEL), np.float32)
    for panel in range(n_panels):
        rows = table[panel * PANEL : (panel + 1) * PANEL]
        panels[panel, :width, : len(rows)] = rows.T
    return panels


def padded(width: int) -> int:
    """The next multiple of the dimensions taken together."""
    return -(-width // _STEP) * _STEP


@kernel()
def fill_rows(users, start, stop, table, rows):  # type: ignore[no-untyped-def]
    """Copy the rows of ``users[start:stop]`` to the top left of ``rows``."""
    for at in range(stop - start):
        row, source = rows[at], table[users[start + at]]
        for d in range(source.shape[0]):
            row[d] = source[d]


@kernel(fastmath={"contract"})
def score_tile(rows, panel, out):  # type: ignore[no-untyped-def]
    """``out`` (ROWS, PANEL) becomes ``rows`` (ROWS, D') times ``panel`` (D', PANEL).

    Four rows by four dimensions: 16 operations for 4 loads of the panel. The bounds of the loops
    are constants, without which the compiler does not find that rows of ``out`` are apart. A score
    is summed dimension by dimension, as :func:`score_pair` does.
    """
    out[:] = 0.0
    for d in range(0, panel.shape[0], 4):
        for r in range(0, ROWS, 4):
            a, b, c, e = r, r + 1, r + 2, r + 3
            a0, a1, a2, a3 = rows[a, d], rows[a, d + 1], rows[a, d + 2], rows[a, d + 3]
            b0, b1, b2, b3 = rows[b, d], rows[b, d + 1], rows[b, d + 2], rows[b, d + 3]
            c0, c1, c2, c3 = rows[c, d], rows[c, d + 1], rows[c, d + 2], rows[c, d + 3]
            e0, e1, e2, e3 = rows[e, d], rows[e, d + 1], rows[e, d + 2], rows[e, d + 3]
            for j in range(PANEL):
                p0, p1, p2, p3 = panel[d, j], panel[d + 1, j], panel[d + 2, j], panel[d + 3, j]
                out[a, j] = out[a, j] + a0 * p0 + a1 * p1 + a2 * p2 + a3 * p3
                out[b, j] = out[b, j] + b0 * p0 + b1 * p1 + b2 * p2 + b3 * p3
                out[c, j] = out[c, j] + c0 * p0 + c1 * p1 + c2 * p2 + c3 * p3
                out[e, j] = out[e, j] + e0 * p0 + e1 * p1 + e2 * p2 + e3 * p3


@kernel(fastmath={"contract"})
def score_pair(left, right):  # type: ignore[no-untyped-def]
    """The score of two rows, with the bits that it has in a tile."""
    total = np.float32(0.0)
    for d in range(right.shape[0]):
        total += left[d] * right[d]
    return total
