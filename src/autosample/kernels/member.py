"""Membership in sorted rows of a CSR matrix."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from autosample.kernels.block import pass_all_torch
from autosample.kernels.compiling import kernel
from autosample.kernels.paths import compiled
from autosample.kernels.threads import parallel_ranges


def contains(indptr: Tensor, items: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Whether row ``rows[b]`` holds column ``columns[b, m]``, by binary search.

    Args:
        indptr: (U + 1,) int64.
        items: (nnz,) int32, ascending within a row.
        rows: (B,) int64.
        columns: (B, M) int64.

    Returns:
        (B, M) bool. Cost: O(log h) per entry for a row of h columns.
    """
    if not compiled(columns):
        return contains_torch(indptr, items, rows, columns)
    out = np.empty(columns.shape, np.bool_)
    arrays = (indptr.numpy(), items.numpy(), rows.numpy(), columns.numpy(), out)
    parallel_ranges(_contains, len(out), *arrays, grain=max(1, 4096 // max(1, out.shape[1])))
    return torch.from_numpy(out)


def contains_torch(indptr: Tensor, items: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Torch twin of :func:`contains`."""
    if len(items) == 0:
        return torch.zeros_like(columns, dtype=torch.bool)
    first, end = indptr[rows, None], indptr[rows + 1, None]
    place = pass_all_torch(items, first, end, columns - 1)
    return (place < end) & (items[place.clamp_max(len(items) - 1)] == columns)


@kernel()
def _contains(start, stop, indptr, items, rows, columns, out):  # type: ignore[no-untyped-def]
    for b in range(start, stop):
        first, end = indptr[rows[b]], indptr[rows[b] + 1]
        for m in range(columns.shape[1]):
            wanted = columns[b, m]
            place = first_not_below(items, first, end, wanted)
            out[b, m] = place < end and items[place] == wanted


@kernel()
def first_not_below(values, low, high, bound):  # type: ignore[no-untyped-def]
    """The first place from ``low`` to ``high`` whose value, ascending there, reaches ``bound``.

    As numpy's ``searchsorted``, whose compilation takes four times as long.
    """
    while low < high:
        middle = (low + high) >> 1
        if values[middle] < bound:
            low = middle + 1
        else:
            high = middle
    return low
