"""Codewords of rows: k-means with the same bits for any number of threads."""

from __future__ import annotations

import torch
from torch import Tensor

from autosample.kernels.product import table_product


def k_means(rows: Tensor, centres: Tensor, rounds: int) -> tuple[Tensor, Tensor]:
    """Lloyd's algorithm (1982) from given centres; a centre that loses all its rows stays.

    Args:
        rows: (N, D) float32; D may be 0, where the first centre takes all rows.
        centres: (K, D) float32 to begin with.
        rounds: Moves of the centres; it ends earlier when no row changes its centre.

    Returns:
        (K, D) centres, and (N,) int64 the nearest centre of each row, the first of equals.

    Cost: O(N K D) per round; memory 4 N K bytes.
    """
    nearest = assign(rows, centres)
    for _ in range(rounds):
        sums = torch.zeros_like(centres).index_add_(0, nearest, rows)
        counts = torch.bincount(nearest, minlength=len(centres))[:, None]
        centres = torch.where(counts > 0, sums / counts.clamp_min(1), centres)
        before, nearest = nearest, assign(rows, centres)
        if torch.equal(before, nearest):
            break
    return centres, nearest


def assign(rows: Tensor, centres: Tensor) -> Tensor:
    """(N,) int64 number of the nearest of (K, D) centres for (N, D) rows."""
    if rows.shape[1] == 0:
        return torch.zeros(len(rows), dtype=torch.int64, device=rows.device)
    squared = (centres**2).sum(dim=1)
    return (squared - 2 * table_product(rows, centres.T)).argmin(dim=1)
