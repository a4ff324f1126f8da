"""The gradient of a loss on dot products, by rows, and row-wise Adam.

A batch is a list of edges (left row, right row, dloss/dscore). A row's gradient is the sum, over
the edges that touch it, of coefficient times the row at the other end. Edges are first grouped by
row; then every row is summed by one thread in edge order, so that no atomics are needed and the
bits do not depend on the number of threads.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from autosample.kernels.compiling import kernel
from autosample.kernels.dense import BETAS, EPS
from autosample.kernels.paths import compiled
from autosample.kernels.prefetch import prefetch_row
from autosample.kernels.threads import parallel_ranges

_AHEAD = 4  # rows that are fetched before their turn


class RowGradient(NamedTuple):
    """Gradient of a few rows of a table, the rest being zero."""

    rows: Tensor  # (R,) int64, distinct
    values: Tensor  # (R, D) float32
    touches: Tensor  # (R,) float32, how often the batch used the row: the weight of its L2 term


def edge_gradient(
    table: Tensor,
    left: Tensor,
    right: Tensor,
    coefficient: Tensor,
    right_table: Tensor | None = None,
) -> RowGradient:
    """Gradient of sum_e c_e <table[left_e], table[right_e]> over the rows of ``table``.

    Args:
        table: (N, D) float32; users first, then items.
        left: (B,) int64, row of the user.
        right: (B, C) int64, rows of its items.
        coefficient: (B, C) float32, the derivative of the loss by each score.
        right_table: (N, D) float32, where the items' rows come from if not from ``table``; the
            gradient of the items' rows is then that of this table.

    Returns:
        Gradient by rows, in order of first use. ``touches`` counts a user once per entry of
        ``left`` and an item once per entry of ``right``. Cost: 2 B C rows read.
    """
    table = table.detach()
    other = table if right_table is None else right_table.detach()
    if not compiled(table):
        return edge_gradient_torch(table, left, right, coefficient, other)
    size = 2 * right.numel()
    rows, starts, order, ends = (np.empty(size + extra, np.int64) for extra in (0, 1, 0, 0))
    slot = np.full(len(table), -1, np.int32)
    n = _group(left.numpy(), right.numpy(), slot, rows, starts, order, ends)
    values, touches = np.empty((n, table.shape[1]), np.float32), np.empty(n, np.float32)
    factors, columns = coefficient.detach().contiguous().view(-1).numpy(), right.shape[1]
    arguments = (table.numpy(), other.numpy(), factors, columns, starts, order, ends)
    parallel_ranges(_sum_edges, n, *arguments, values, touches)
    arrays = (rows[:n], values, touches)
    return RowGradient(*(torch.from_numpy(array) for array in arrays))


def edge_gradient_torch(
    table: Tensor,
    left: Tensor,
    right: Tensor,
    coefficient: Tensor,
    right_table: Tensor | None = None,
) -> RowGradient:
    """Torch twin of :func:`edge_gradient`; rows come in ascending order."""
    columns = right.shape[1]
    other = table if right_table is None else right_table
    at_left = (coefficient[:, :, None] * other[right]).sum(dim=1)
    at_right = coefficient.reshape(-1, 1) * table[left.repeat_interleave(columns)]
    rows, place = torch.unique(torch.cat([left, right.flatten()]), return_inverse=True)
    values = table.new_zeros(len(rows), table.shape[1])
    values.index_add_(0, place, torch.cat([at_left, at_right]))
    return RowGradient(rows, values, torch.bincount(place).to(table.dtype))


def row_adam(
    table: Tensor,
    first: Tensor,
    second: Tensor,
    gradient: RowGradient,
    *,
    step: int,
    lr: float,
    l2: float = 0.0,
) -> None:
    """One Adam step (Kingma and Ba 2015) on the rows of ``gradient``, in place.

    Differs from Adam as torch's SparseAdam does: moments of rows outside the batch are left as
    they are, while the bias correction counts all steps.

    Args:
        table: (N, D) float32 parameters.
        first: (N, D) float32 moments of the gradient.
        second: (N, D) float32 moments of its square.
        gradient: Rows to change.
        step: Number of this step, from 1.
        lr: Learning rate.
        l2: Weight of 0.5 * |row|^2 per touch of a row.
    """
    scale = (1.0 - BETAS[0] ** step, 1.0 - BETAS[1] ** step)
    if not compiled(table):
        row_adam_torch(table, first, second, gradient, scale, lr, l2)
        return
    tables = (table.detach().numpy(), first.numpy(), second.numpy())
    numbers = np.array([lr / scale[0], l2, *BETAS, 1.0 / scale[1], EPS], np.float32)
    arrays = tuple(part.numpy() for part in gradient)
    parallel_ranges(_row_adam, len(gradient.rows), *tables, *arrays, numbers)


def row_adam_torch(
    table: Tensor,
    first: Tensor,
    second: Tensor,
    gradient: RowGradient,
    scale: tuple[float, float],
    lr: float,
    l2: float,
) -> None:
    """Torch twin of :func:`row_adam`; ``scale`` holds the two bias corrections."""
    rows, values, touches = gradient
    with torch.no_grad():
        values = values + l2 * touches[:, None] * table[rows]
        first[rows] = BETAS[0] * first[rows] + (1 - BETAS[0]) * values
        second[rows] = BETAS[1] * second[rows] + (1 - BETAS[1]) * values**2
        root = (second[rows] / scale[1]).sqrt() + EPS
        table[rows] -= lr / scale[0] * first[rows] / root


def add_rows(table: Tensor, rows: Tensor, values: Tensor) -> None:
    """Add (n, D) float32 ``values`` to (n,) ``rows`` of ``table``, in order and in place.

    Rows may repeat. On other devices and types this is torch's ``index_add_``, the twin.
    """
    if not compiled(table) or table.dtype != torch.float32:
        table.index_add_(0, rows, values)
        return
    arrays = (table.numpy(), rows.numpy(), values.numpy())
    parallel_ranges(_add_rows, len(table), *arrays, grain=8192)


@kernel()
def _add_rows(start, stop, table, rows, values):  # type: ignore[no-untyped-def]
    """Add to the rows from ``start`` to ``stop``, passing over the others."""
    for place in range(rows.shape[0]):
        if start <= rows[place] < stop:
            row, value = table[rows[place]], values[place]
            for d in range(row.shape[0]):
                row[d] += value[d]


@kernel()
def _group(left, right, slot, rows, starts, order, ends):  # type: ignore[no-untyped-def]
    """Group the 2 B C ends of the edges by table row; returns the number of distinct rows.

    End o < B C is the left end of edge o; end B C + o is the right end of edge o. The ends of
    group r are ``order[starts[r]:starts[r + 1]]``, ascending, and ``ends`` has the rows at their
    edges' other ends. ``slot`` comes as (N,) of -1.
    """
    n_left, columns = right.shape
    size, n = n_left * columns, 0
    starts[:] = 0
    for b in range(n_left):
        n = _count(left[b], columns, n, slot, rows, starts)
    for b in range(n_left):
        for c in range(columns):
            n = _count(right[b, c], 1, n, slot, rows, starts)
    for r in range(n):
        starts[r + 1] += starts[r]
    for b in range(n_left):
        for c in range(columns):
            _place(left[b], b * columns + c, right[b, c], slot, starts, order, ends)
    for b in range(n_left):
        for c in range(columns):
            _place(right[b, c], size + b * columns + c, left[b], slot, starts, order, ends)
    for r in range(n, 0, -1):  # each start has moved to its group's end
        starts[r] = starts[r - 1]
    starts[0] = 0
    return n


@kernel()
def _count(row, times, n, slot, rows, starts):  # type: ignore[no-untyped-def]
    """Count ``times`` ends at a row, one of ``n`` so far or a new one; the number of rows now."""
    if slot[row] < 0:
        slot[row] = n
        rows[n] = row
        n += 1
    starts[slot[row] + 1] += times
    return n


@kernel()
def _place(row, end, other, slot, starts, order, ends):  # type: ignore[no-untyped-def]
    """Enter an end at the next place of its row's group."""
    place = starts[slot[row]]
    order[place], ends[place] = end, other
    starts[slot[row]] += 1


@kernel(fastmath={"contract"})
def _sum_edges(  # type: ignore[no-untyped-def]
    start, stop, table, right_table, factors, columns, starts, order, ends, values, touches
):
    size = factors.shape[0]
    for r in range(start, stop):
        total = values[r]
        for d in range(total.shape[0]):
            total[d] = 0.0
        lefts = 0
        for place in range(starts[r], starts[r + 1]):
            if place + _AHEAD < order.shape[0]:
                ahead = right_table if order[place + _AHEAD] < size else table
                prefetch_row(ahead, ends[place + _AHEAD])
            at_left = order[place] < size
            other = right_table[ends[place]] if at_left else table[ends[place]]
            factor = factors[order[place] if at_left else order[place] - size]
            lefts += at_left
            for d in range(total.shape[0]):
                total[d] += factor * other[d]
        rights = starts[r + 1] - starts[r] - lefts
        touches[r] = lefts / columns + rights


@kernel(fastmath={"contract"}, error_model="numpy")
def _row_adam(  # type: ignore[no-untyped-def]
    start, stop, table, first, second, rows, values, touches, numbers
):
    rate, l2, beta1, beta2, correction, eps = numbers
    one = np.float32(1.0)
    for r in range(start, stop):
        if r + _AHEAD < stop:
            prefetch_row(table, rows[r + _AHEAD])
            prefetch_row(first, rows[r + _AHEAD])
            prefetch_row(second, rows[r + _AHEAD])
        row = rows[r]
        x, m, v, g = table[row], first[row], second[row], values[r]
        decay = l2 * touches[r]
        for d in range(x.shape[0]):
            gradient = g[d] + decay * x[d]
            m[d] = beta1 * m[d] + (one - beta1) * gradient
            v[d] = beta2 * v[d] + (one - beta2) * gradient * gradient
            x[d] -= rate * m[d] / (np.sqrt(v[d] * correction) + eps)
