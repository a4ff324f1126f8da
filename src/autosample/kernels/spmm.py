"""Propagation: the symmetrically normalised bipartite adjacency times a dense table."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from autosample.data.interactions import Interactions
from autosample.kernels.buffers import Buffers
from autosample.kernels.compiling import kernel
from autosample.kernels.paths import compiled
from autosample.kernels.prefetch import prefetch_in_row
from autosample.kernels.threads import parallel_ranges
from autosample.kernels.vector import LANES, add_product, store, zeros

Rows = tuple[Tensor, Tensor]  # (n,) rows and (n, D) values, those of a table zero elsewhere

_AHEAD = 16  # rows that are fetched before their turn
_FOUR = 4 * LANES  # numbers of a row that are summed at a time
_BUFFER_NUMBERS = 2**24  # of the twin: neighbours' rows
_ALL = np.empty(0, np.int64)  # in place of a choice of rows


class Adjacency(nn.Module):
    """A = D^-1/2 (0 R; R^T 0) D^-1/2 over users then items, never stored with values.

    Since A is symmetric, its backward pass is the same product. Only the structure is stored, once
    by user and once by item: 8 bytes per interaction and 12 per node, and as much again for
    :meth:`product_of_rows`. It moves to another device with the model that it is a part of, and is
    no part of the state. Float32 products on the CPU are written to memory that is used again when
    no tensor refers to it.
    """

    indptr: Tensor  # (N + 1,) int64
    neighbours: Tensor  # (2 nnz,) int32
    scale: Tensor  # (N,) float32, one over the root of the degree

    def __init__(self, interactions: Interactions, device: torch.device | str = "cpu") -> None:
        super().__init__()
        n_users, n_items = interactions.n_users, interactions.n_items
        by_item = np.argsort(interactions.items, kind="stable")
        neighbours = np.concatenate(
            [interactions.items + n_users, interactions.users[by_item]]
        ).astype(np.int32)
        degree = np.concatenate([interactions.user_counts, interactions.item_counts])
        indptr = np.concatenate([[0], np.cumsum(degree)]).astype(np.int64)
        scale = 1.0 / np.sqrt(np.maximum(degree, 1))
        self.n_nodes = n_users + n_items
        arrays = {"indptr": indptr, "neighbours": neighbours, "scale": scale.astype(np.float32)}
        for name, array in arrays.items():
            self.register_buffer(name, torch.tensor(array, device=device), persistent=False)
        self.spare = Buffers()
        self._kept: npt.NDArray[np.int32] = np.zeros(0, np.int32)

    def product(
        self,
        table: Tensor,
        out: Tensor | None = None,
        *,
        plus: Rows | None = None,
        factors: Tensor | None = None,
        rows: Tensor | None = None,
    ) -> Tensor:
        """A times (N, D) float32, in ``out`` if given. Cost: two reads of D numbers a pair.

        Args:
            table: (N, D).
            out: (N, D), of any content.
            plus: Distinct rows and values to add to the product.
            factors: (N,) to multiply the rows of ``table`` by first.
            rows: (n,) distinct rows of the product, which alone are made; None: all of them.
        """
        table = table.detach()
        if not compiled(table) or table.dtype != torch.float32:
            product = self.product_torch(table if factors is None else factors[:, None] * table)
            product = product if plus is None else product.index_add_(0, *plus)
            if out is None:
                return product
            return out.copy_(product) if rows is None else out.index_copy_(0, rows, product[rows])
        out = self.spare.empty(table) if out is None else out
        starts, scale = self.indptr.numpy(), self.scale.numpy()
        scales = scale if factors is None else scale * factors.numpy()
        nodes = _ALL if rows is None else rows.numpy()
        graph = (nodes, starts[:-1], starts[1:], self.neighbours.numpy(), scale, scales)
        arrays = (table.contiguous().numpy(), *self._placed(plus, table), out.numpy())
        parallel_ranges(_sums, self.n_nodes if rows is None else len(nodes), *graph, *arrays)
        return out

    def product_of_rows(self, rows: Rows, plus: Tensor | None = None) -> Tensor:
        """A times a table (N, D) that is zero but for distinct ``rows``, and something at those.

        Args:
            rows: Distinct rows and their values.
            plus: (n, D) values to add to the product there, those of ``rows`` if left out.

        Cost: four bytes read a pair, and D numbers where the pair has such a row.
        """
        nodes, values = rows
        plus = values if plus is None else plus
        if not compiled(values) or values.dtype != torch.float32:
            table = values.new_zeros(self.n_nodes, values.shape[1]).index_add_(0, *rows)
            return self.product_torch(table).index_add_(0, nodes, plus)
        out = self.spare.empty(values, self.n_nodes, values.shape[1])
        if len(self._kept) == 0:
            self._kept = np.zeros(len(self.neighbours), np.int32)
        place, values_of = self._placed(rows, values)
        starts, ends = np.empty((2, self.n_nodes), np.int64)
        graph = (self.indptr.numpy(), self.neighbours.numpy(), place, starts, ends, self._kept)
        scale = self.scale.numpy()
        scales, added = (scale, scale[nodes.numpy()]), plus.contiguous().numpy()

        def propagate(start: int, stop: int) -> None:
            _keep(start, stop, *graph)
            arrays = (starts, ends, self._kept, *scales, values_of, place, added, out.numpy())
            _sums(start, stop, _ALL, *arrays)

        parallel_ranges(propagate, self.n_nodes)
        return out

    def _placed(self, rows: Rows | None, like: Tensor) -> tuple[npt.NDArray[Any], ...]:
        """(N,) place of every node among ``rows`` or -1, empty without rows; and their values."""
        if rows is None:
            return np.empty(0, np.int32), np.empty((0, like.shape[1]), np.float32)
        place = np.full(self.n_nodes, -1, np.int32)
        place[rows[0].numpy()] = np.arange(len(rows[0]), dtype=np.int32)
        return place, rows[1].contiguous().numpy()

    def product_torch(self, table: Tensor) -> Tensor:
        """Torch twin of :meth:`product`, also for other devices and float64.

        Memory: 12 bytes a pair, and the rows of as many pairs at a time as fit into 64 MB.
        """
        scale = self.scale.to(table.dtype)[:, None]
        owner = torch.repeat_interleave(self.indptr.diff(), output_size=len(self.neighbours))
        scaled, total = scale * table, torch.zeros_like(table)
        at_once = max(1, _BUFFER_NUMBERS // table.shape[1])
        pairs = torch.split(owner, at_once), torch.split(self.neighbours, at_once)
        for some, others in zip(*pairs, strict=True):
            total.index_add_(0, some, scaled.index_select(0, others))
        return scale * total

    def forward(self, table: Tensor) -> Tensor:
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


@kernel()
def _keep(start, stop, indptr, neighbours, place, starts, ends, kept):  # type: ignore[no-untyped-def]
    """Copy the places of those neighbours that have one, nodes one behind the other."""
    cursor = indptr[start]
    for node in range(start, stop):
        starts[node] = cursor
        for at in range(indptr[node], indptr[node + 1]):
            kept[cursor] = place[neighbours[at]]
            cursor += kept[cursor] >= 0
        ends[node] = cursor


def _sums(start: int, stop: int, *arrays: npt.NDArray[Any]) -> None:
    """Sums over neighbours in their order, and what is added to them, of some of ``nodes``."""
    _by_fours(start, stop, *arrays)
    if arrays[-1].shape[1] % _FOUR:
        _rest(start, stop, *arrays)


@kernel(fastmath={"contract"})
def _by_fours(  # type: ignore[no-untyped-def]
    start, stop, nodes, starts, ends, neighbours, scale, scales, table, place, values, out
):
    """The columns in whole fours of vectors; ``scales`` belongs to rows of ``table``."""
    width = table.shape[1]
    for turn in range(start, stop):
        node = nodes[turn] if nodes.shape[0] > 0 else turn
        first, last, total = starts[node], ends[node], out[node]
        done = 0
        while done + _FOUR <= width:
            a, b, c, e = zeros(), zeros(), zeros(), zeros()
            for at in range(first, last):
                if at + _AHEAD < neighbours.shape[0]:
                    ahead = neighbours[at + _AHEAD]
                    prefetch_in_row(table, ahead, done)
                    prefetch_in_row(table, ahead, done + LANES)
                    prefetch_in_row(table, ahead, done + 2 * LANES)
                    prefetch_in_row(table, ahead, done + 3 * LANES)
                row, factor = table[neighbours[at]], scales[neighbours[at]]
                a = add_product(a, factor, row, done)
                b = add_product(b, factor, row, done + LANES)
                c = add_product(c, factor, row, done + 2 * LANES)
                e = add_product(e, factor, row, done + 3 * LANES)
            store(a, scale[node], total, done)
            store(b, scale[node], total, done + LANES)
            store(c, scale[node], total, done + 2 * LANES)
            store(e, scale[node], total, done + 3 * LANES)
            done += _FOUR
        if place.shape[0] > 0 and place[node] >= 0:
            value = values[place[node]]
            for d in range(done):
                total[d] += value[d]


@kernel(fastmath={"contract"})
def _rest(  # type: ignore[no-untyped-def]
    start, stop, nodes, starts, ends, neighbours, scale, scales, table, place, values, out
):
    """The other columns, a vector at a time, and then by number.

    A kernel of its own: beside the other loop it took registers from it.
    """
    width = table.shape[1]
    for turn in range(start, stop):
        node = nodes[turn] if nodes.shape[0] > 0 else turn
        first, last, total = starts[node], ends[node], out[node]
        done = width // _FOUR * _FOUR
        while done + LANES <= width:
            part = zeros()
            for at in range(first, last):
                if at + _AHEAD < neighbours.shape[0]:
                    prefetch_in_row(table, neighbours[at + _AHEAD], done)
                part = add_product(part, scales[neighbours[at]], table[neighbours[at]], done)
            store(part, scale[node], total, done)
            done += LANES
        if done < width:
            total[done:] = 0.0
            for at in range(first, last):
                row, factor = table[neighbours[at]], scales[neighbours[at]]
                for d in range(done, width):
                    total[d] += factor * row[d]
            for d in range(done, width):
                total[d] *= scale[node]
        if place.shape[0] > 0 and place[node] >= 0:
            value = values[place[node]]
            for d in range(width // _FOUR * _FOUR, width):
                total[d] += value[d]
