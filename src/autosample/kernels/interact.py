"""A propagation of NGCF and its way back, by blocks of rows that stay in the cache.

    E' = leaky([A E + E, A E * E] W + b),  kept as rows of length one and their lengths

A block is done by one thread, and its size depends on nothing, so that the bits are the same for
any number of threads; what blocks add to the gradient of W and b is added in their order. The
oracle, and the path for other devices and types, is :meth:`autosample.models.NGCF.layers`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from autosample.kernels.compiling import kernel
from autosample.kernels.threads import in_one_thread, parallel_ranges

_BLOCK = 1024  # rows
_NONE, _ONE, _LEAK = np.float32(0.0), np.float32(1.0), np.float32(0.2)
_SHORTEST = np.float32(1e-12)  # length that a row is divided by, as in torch's normalize


class Layer(NamedTuple):
    """A layer E = lengths * rows; rows have length one, or less where that is below 1e-12."""

    rows: Tensor  # (N, D) float32
    lengths: Tensor  # (N,) float32


class Arriving(NamedTuple):
    """Gradient of the rows of a layer, zero at nodes without a place."""

    places: Tensor  # (N,) int32, row of ``values`` or -1
    values: Tensor  # (., at least column + D) float32
    column: int  # where the layer begins in ``values``


class Slopes(NamedTuple):
    """Gradients of what a propagation is made of, but for the way through the graph."""

    around: Tensor  # (n, D), of A E at the nodes asked for
    before: Tensor  # (n, D), of E likewise
    weight: Tensor  # (2 D, D)
    bias: Tensor  # (D,)


def transform(
    before: Layer,
    around: Tensor,
    weight: Tensor,
    bias: Tensor,
    after: Layer,
    final: Tensor,
    column: int,
) -> None:
    """Fill the layer ``after`` from E = ``before``, and its columns of the final table.

    Args:
        before: Layer E.
        around: (N, D), A E.
        weight: (2 D, D), the transform of sums above that of products.
        bias: (D,).
        after: Where the layer goes.
        final: (N, at least column + D), where its rows go as well.
        column: Where they begin there.

    Cost: 4 D^2 operations a row, and two tables read, two written.
    """
    n, width = around.shape
    tables = (*_arrays(before), around.numpy(), np.arange(n))
    outs = (bias.numpy(), *_arrays(after), final.numpy(), column)

    def fill(first: int, last: int) -> None:
        pairs, sums = torch.empty(_BLOCK, 2 * width), torch.empty(_BLOCK, width)
        blocks = pairs.numpy(), sums.numpy()
        for start in range(first * _BLOCK, min(last * _BLOCK, n), _BLOCK):
            stop = min(start + _BLOCK, n)
            _pair(start, stop, blocks[0], *tables)
            torch.mm(pairs[: stop - start], weight, out=sums[: stop - start])
            _rectify(start, stop, blocks[1], *outs)

    parallel_ranges(in_one_thread(fill), -(-n // _BLOCK), grain=1)


def transform_back(
    before: Layer,
    around: Tensor,
    weight: Tensor,
    after: Layer,
    arriving: Arriving,
    above: Tensor | None,
    nodes: Tensor,
    outs: tuple[Tensor, Tensor],
) -> Slopes:
    """The way back through :func:`transform`, for ``nodes`` that gradient arrives at.

    Args:
        before: Layer E.
        around: (N, D), A E.
        weight: (2 D, D).
        after: Layer E' that was made.
        arriving: Gradient of its rows of length one.
        above: (N, D) gradient of E' itself, from the propagation after it.
        nodes: (n,) int64, ascending.
        outs: Two tables of at least n rows, for the gradients of A E and E.

    Cost: 8 D^2 operations a node.
    """
    n, width = len(nodes), around.shape[1]
    n_blocks = -(-n // _BLOCK)
    parts, biases = torch.empty(n_blocks, 2 * width, width), torch.zeros(n_blocks, width)
    higher = np.empty((0, width), np.float32) if above is None else above.numpy()
    tables = (*_arrays(before), around.numpy(), nodes.numpy())
    came = (arriving.places.numpy(), arriving.values.numpy(), arriving.column, higher)
    gradient = (*_arrays(after), nodes.numpy(), *came)
    results = (*tables, outs[0].numpy(), outs[1].numpy())
    turned, totals = weight.T.contiguous(), biases.numpy()

    def fill(first: int, last: int) -> None:
        pairs, backs = torch.empty(2, _BLOCK, 2 * width).unbind()
        slopes = torch.empty(_BLOCK, width)
        blocks = pairs.numpy(), slopes.numpy(), backs.numpy()
        for block in range(first, last):
            start, stop = block * _BLOCK, min((block + 1) * _BLOCK, n)
            some = slice(stop - start)
            _pair(start, stop, blocks[0], *tables)
            _slopes(start, stop, blocks[1], totals[block], *gradient)
            torch.mm(pairs[some].T, slopes[some], out=parts[block])
            torch.mm(slopes[some], turned, out=backs[some])
            _unpair(start, stop, blocks[2], *results)

    parallel_ranges(in_one_thread(fill), n_blocks, grain=1)
    return Slopes(outs[0][:n], outs[1][:n], parts.sum(dim=0), biases.sum(dim=0))


def _arrays(layer: Layer) -> tuple[npt.NDArray[Any], ...]:
    return layer.rows.numpy(), layer.lengths.numpy()


@kernel(fastmath={"contract"})
def _pair(start, stop, pairs, rows, lengths, around, nodes):  # type: ignore[no-untyped-def]
    """[A E + E, A E * E] of some nodes, from the first row of ``pairs`` on."""
    width = rows.shape[1]
    for at in range(start, stop):
        node = nodes[at]
        row, other, pair, length = rows[node], around[node], pairs[at - start], lengths[node]
        for d in range(width):
            own = length * row[d]
            pair[d] = other[d] + own
            pair[width + d] = other[d] * own


@kernel(fastmath={"reassoc", "contract"}, error_model="numpy")
def _rectify(  # type: ignore[no-untyped-def]
    start, stop, sums, bias, rows, lengths, final, column
):
    """The leaky rectifier, and rows of length one from its values."""
    width = rows.shape[1]
    for node in range(start, stop):
        value, row, also = sums[node - start], rows[node], final[node, column : column + width]
        total = _NONE
        for d in range(width):
            x = value[d] + bias[d]
            x *= _ONE if x > _NONE else _LEAK
            value[d] = x
            total += x * x
        lengths[node] = max(np.sqrt(total), _SHORTEST)
        factor = _ONE / lengths[node]
        for d in range(width):
            row[d] = factor * value[d]
            also[d] = row[d]


@kernel(fastmath={"reassoc", "contract"}, error_model="numpy")
def _slopes(  # type: ignore[no-untyped-def]
    start, stop, slopes, bias, rows, lengths, nodes, places, values, column, above
):
    """Gradient of the rectifier's argument, and its sum over the block."""
    width = rows.shape[1]
    for at in range(start, stop):
        node = nodes[at]
        row, slope, length, place = rows[node], slopes[at - start], lengths[node], places[node]
        slope[:] = 0.0
        if place >= 0:
            value = values[place, column : column + width]
            along, factor = _NONE, _ONE / length
            if length > _SHORTEST:
                for d in range(width):
                    along += value[d] * row[d]
            for d in range(width):
                slope[d] = factor * (value[d] - along * row[d])
        if above.shape[0] > 0:
            higher = above[node]
            for d in range(width):
                slope[d] += higher[d]
        for d in range(width):
            slope[d] *= _ONE if row[d] > _NONE else _LEAK
        for d in range(width):
            bias[d] += slope[d]


@kernel(fastmath={"contract"})
def _unpair(  # type: ignore[no-untyped-def]
    start, stop, backs, rows, lengths, around, nodes, of_around, of_before
):
    """The way back through :func:`_pair`."""
    width = rows.shape[1]
    for at in range(start, stop):
        node = nodes[at]
        row, other, back, length = rows[node], around[node], backs[at - start], lengths[node]
        one, two = of_around[at], of_before[at]
        for d in range(width):
            one[d] = back[d] + length * row[d] * back[width + d]
            two[d] = back[d] + other[d] * back[width + d]
