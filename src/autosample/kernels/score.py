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
    """
    left, right = left.detach(), right.detach()
    if not compiled(left):
        return pair_scores_torch(left, right, rows, columns)
    out = np.empty(columns.shape, np.float32)
    tables = (left.numpy(), right.numpy(), rows.numpy(), columns.contiguous().view(-1).numpy(), out)
    parallel_ranges(_pair_scores, len(rows), *tables, grain=max(1, 512 // max(1, columns.shape[1])))
    return torch.from_numpy(out)


def pair_scores_torch(left: Tensor, right: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Torch twin of :func:`pair_scores`, as many candidate columns at a time as fit into 64 MB."""
    users = left[rows][:, None]
    at_once = max(1, _BUFFER_NUMBERS // max(users.numel(), 1))
    parts = [(users * right[some]).sum(dim=2) for some in torch.split(columns, at_once, dim=1)]
    return torch.cat(parts, dim=1)


@kernel(fastmath={"reassoc", "contract"})
def _pair_scores(start, stop, left, right, rows, columns, out):  # type: ignore[no-untyped-def]
    width, count = left.shape[1], out.shape[1]
    for b in range(start, stop):
        user = left[rows[b]]
        for m in range(count):
            place = b * count + m
            if place + _AHEAD < columns.shape[0]:
                prefetch_row(right, columns[place + _AHEAD])
            item = right[columns[place]]
            total = np.float32(0.0)
            for d in range(width):
                total += user[d] * item[d]
            out[b, m] = total
