"""Propagation: the symmetrically normalised bipartite adjacency times a dense table."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import torch
from torch import Tensor

from autosample.data.interactions import Interactions
from autosample.kernels.paths import compiled
from autosample.kernels.prefetch import prefetch_row
from autosample.kernels.threads import parallel_ranges

_AHEAD = 8  # rows that are fetched before their turn


class Adjacency:
    """A = D^-1/2 (0 R; R^T 0) D^-1/2 over users then items, never stored with values.

    Since A is symmetric, its backward pass is the same product. Only the structure is stored, once
    by user and once by item: 8 bytes per interaction and 12 per node.
    """

    def __init__(self, interactions: Interactions, device: torch.device | str = "cpu") -> None:
        n_users, n_items = interactions.n_users, interactions.n_items
        by_item = np.argsort(interactions.items, kind="stable")
        neighbours = np.concatenate(
            [interactions.items + n_users, interactions.users[by_item]]
        ).astype(np.int32)
        degree = np.concatenate([interactions.user_counts, interactions.item_counts])
        indptr = np.concatenate([[0], np.cumsum(degree)]).astype(np.int64)
        scale = 1.0 / np.sqrt(np.maximum(degree, 1))
        self.n_nodes = n_users + n_items
        self.indptr = torch.tensor(indptr, device=device)
        self.neighbours = torch.tensor(neighbours, device=device)
        self.scale = torch.tensor(scale, dtype=torch.float32, device=device)

    def product(self, table: Tensor, out: Tensor | None = None) -> Tensor:
        """A times (N, D) float32, in ``out`` if given. Cost: two reads of D numbers a pair."""
        table = table.detach()
        if not compiled(table) or table.dtype != torch.float32:
            return self.product_torch(table)
        out = torch.empty_like(table) if out is None else out
        arrays = (self.indptr.numpy(), self.neighbours.numpy(), self.scale.numpy())
        parallel_ranges(_propagate, self.n_nodes, *arrays, table.contiguous().numpy(), out.numpy())
        return out

    def product_torch(self, table: Tensor) -> Tensor:
        """Torch twin of :meth:`product`, also for other devices and float64."""
        scale = self.scale.to(table.dtype)
        owner = torch.repeat_interleave(self.indptr.diff())
        neighbours = (scale[:, None] * table)[self.neighbours.long()]
        return scale[:, None] * torch.zeros_like(table).index_add_(0, owner, neighbours)

    def __call__(self, table: Tensor) -> Tensor:
        """Differentiable product."""
        result: Tensor = _Product.apply(table, self)  # type: ignore[no-untyped-call]
        return result


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, table: Tensor, adjacency: Adjacency) -> Tensor:
        context.adjacency = adjacency
        return adjacency.product(table)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return context.adjacency.product(gradient), None


@numba.njit(nogil=True, cache=True, fastmath={"contract"})
def _propagate(start, stop, indptr, neighbours, scale, table, out):  # type: ignore[no-untyped-def]
    width = table.shape[1]
    for node in range(start, stop):
        total = out[node]
        total[:] = 0.0
        for place in range(indptr[node], indptr[node + 1]):
            if place + _AHEAD < neighbours.shape[0]:
                prefetch_row(table, neighbours[place + _AHEAD])
            other = neighbours[place]
            factor = scale[other]
            row = table[other]
            for d in range(width):
                total[d] += factor * row[d]
        for d in range(width):
            total[d] *= scale[node]
