"""Scores of users for candidates without materialising (B, M, D)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from autosample.kernels.compiling import kernel
from autosample.kernels.paths import compiled
from autosample.kernels.prefetch import prefetch_row
from autosample.kernels.threads import parallel_ranges

_AHEAD = 8  # rows that are fetched before their turn
_BUFFER_NUMBERS = 2**24  # of the twin: candidates' rows


def pair_scores(left: Tensor, right: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Dot products of ``left[rows[b]]`` and ``right[columns[b, m]]``.

    Args:
        left: (., D) float32 table, not differentiated through.
        right: (., D) float32 table likewise.
        rows: (B,) int64.
        columns: (B, M) int64.

    Returns:
        (B, M) float32. Cost: B * M rows read; nothing of size B * M * D is made.

    Raises:
        ValueError: When the numbers are of other shapes, or not whole.
        IndexError: When one is no row of its table; other devices check bounds themselves.
    """
    left, right = left.detach(), right.detach()
    _check_form(rows, columns)
    if not compiled(left):
        if left.device.type == "cpu":
            _check_bounds(left, right, rows, columns)
        return pair_scores_torch(left, right, rows, columns)
    out, beyond = np.empty(columns.shape, np.float32), np.zeros(1, np.bool_)
    tables = (left.numpy(), right.numpy(), rows.numpy(), columns.contiguous().view(-1).numpy())
    grain = max(1, 512 // max(1, columns.shape[1]))
    parallel_ranges(_pair_scores, len(rows), *tables, out, beyond, grain=grain)
    if beyond[0]:
        _check_bounds(left, right, rows, columns)
    return torch.from_numpy(out)


def pair_scores_torch(left: Tensor, right: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Torch twin of :func:`pair_scores`, as many candidate columns at a time as fit into 64 MB."""
    users = left[rows][:, None]
    at_once = max(1, _BUFFER_NUMBERS // max(users.numel(), 1))
    parts = [(users * right[some]).sum(dim=2) for some in torch.split(columns, at_once, dim=1)]
    return torch.cat(parts, dim=1)


def _check_form(rows: Tensor, columns: Tensor) -> None:
    fits = rows.dim() == 1 and columns.dim() == 2 and len(rows) == len(columns)
    if not fits or rows.is_floating_point() or columns.is_floating_point():
        got = " and ".join(f"{tuple(part.shape)} {part.dtype}" for part in (rows, columns))
        raise ValueError(f"scores are of (B,) users and (B, M) items, whole numbers, got {got}")


def _check_bounds(left: Tensor, right: Tensor, rows: Tensor, columns: Tensor) -> None:
    for name, numbers, table in (("users", rows, left), ("items", columns, right)):
        low, high = (int(end) for end in numbers.aminmax()) if numbers.numel() else (0, -1)
        if low < 0 or high >= len(table):
            raise IndexError(f"{name} must be from 0 to {len(table) - 1}, got {low} to {high}")


@kernel(fastmath={"reassoc", "contract"})
def _pair_scores(start, stop, left, right, rows, columns, out, beyond):  # type: ignore[no-untyped-def]
    """Fill rows of ``out``; a number that is no row of its table is not looked up but told."""
    width, count = left.shape[1], out.shape[1]
    n_left, n_right = np.uint64(left.shape[0]), np.uint64(right.shape[0])
    for b in range(start, stop):
        row = np.uint64(rows[b])  # below 0 it is far above all rows
        if row >= n_left:
            beyond[0] = True
            continue
        user = left[row]
        for m in range(count):
            place = b * count + m
            if place + _AHEAD < columns.shape[0]:
                prefetch_row(right, columns[place + _AHEAD])
            column = np.uint64(columns[place])
            if column >= n_right:
                beyond[0] = True
                continue
            item = right[column]
            total = np.float32(0.0)
            for d in range(width):
                total += user[d] * item[d]
            out[b, m] = total
