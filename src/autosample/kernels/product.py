"""A tall table times a small matrix, with the same bits for any number of threads.

The bits of a matrix product depend on its shape and on how many threads share it. So the
rows are cut into blocks whose size depends on nothing, and each block is done by one thread.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from autosample.kernels.paths import compiled
from autosample.kernels.threads import in_one_thread, parallel_ranges

_BLOCK = 1024  # rows


def table_product(table: Tensor, weight: Tensor) -> Tensor:
    """Differentiable (..., D) @ (D, E): (..., E); by blocks on the CPU, in float32 and float64.

    Cost: 2 D E operations per row, three times that with the backward pass.
    """
    if not compiled(table) or table.dtype not in (torch.float32, torch.float64):
        return table @ weight
    result: Tensor = _Product.apply(table.flatten(0, -2), weight)  # type: ignore[no-untyped-call]
    return result.reshape(*table.shape[:-1], weight.shape[1])


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, table: Tensor, weight: Tensor) -> Tensor:
        context.save_for_backward(table, weight)
        return _rows_times(table, weight)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        table, weight = context.saved_tensors
        for_table, for_weight = context.needs_input_grad
        gradient = gradient.contiguous()
        return (
            _rows_times(gradient, weight.T) if for_table else None,
            _sum_of_products(table, gradient) if for_weight else None,
        )


def _rows_times(table: Tensor, weight: Tensor) -> Tensor:
    """(N, D) @ (D, E) by blocks of rows."""
    table, weight = table.detach().contiguous(), weight.detach().contiguous()
    out = table.new_empty(len(table), weight.shape[1])

    def fill(first: int, last: int) -> None:
        for block in range(first, last):
            rows = slice(block * _BLOCK, (block + 1) * _BLOCK)
            torch.mm(table[rows], weight, out=out[rows])

    parallel_ranges(in_one_thread(fill), -(-len(table) // _BLOCK), grain=1)
    return out


def _sum_of_products(left: Tensor, right: Tensor) -> Tensor:
    """(N, D).T @ (N, E): the products of the blocks, added in their order."""
    left, right = left.detach().contiguous(), right.detach().contiguous()
    n_blocks = -(-len(left) // _BLOCK)
    parts = left.new_empty(n_blocks, left.shape[1], right.shape[1])

    def fill(first: int, last: int) -> None:
        for block in range(first, last):
            rows = slice(block * _BLOCK, (block + 1) * _BLOCK)
            torch.mm(left[rows].T, right[rows], out=parts[block])

    parallel_ranges(in_one_thread(fill), n_blocks, grain=1)
    return parts.sum(dim=0)
