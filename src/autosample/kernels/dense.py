"""What a graph model does with whole tables beside the products: the mean of layers, and Adam."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from autosample.kernels.compiling import kernel
from autosample.kernels.paths import compiled
from autosample.kernels.threads import parallel_ranges

BETAS = (0.9, 0.999)  # decay of the moments of Adam
EPS = 1e-8  # added to the root of the second


def mean_of_layers(first: Tensor, others: Tensor, out: Tensor, rows: Tensor) -> Tensor:
    """Mean of a table (N, D) and of the L tables ``others`` (L, N, D), in ``out`` (N, D).

    Only distinct ``rows`` (n,) of it are made.
    """
    if not compiled(first) or first.dtype != torch.float32:
        total = first[rows] + others[:, rows].sum(dim=0)
        return out.index_copy_(0, rows, total.div_(1 + len(others)))
    arrays = (rows.numpy(), first.numpy(), others.numpy(), out.numpy())
    parallel_ranges(_mean, len(rows), *arrays)
    return out


def adam(
    table: Tensor,
    first: Tensor,
    second: Tensor,
    gradient: Tensor,
    touches: Tensor,
    *,
    step: int,
    lr: float,
    l2: float = 0.0,
) -> None:
    """One Adam step (Kingma and Ba 2015) on a whole table, in place.

    Args:
        table: (N, D) parameters.
        first: (N, D) moments of the gradient.
        second: (N, D) moments of its square.
        gradient: (N, D).
        touches: (N,) weight of each row's L2 term.
        step: Number of this step, from 1.
        lr: Learning rate.
        l2: Weight of 0.5 * |row|^2 per touch of a row.
    """
    table, numbers = table.detach(), (lr / (1 - BETAS[0] ** step), 1 / (1 - BETAS[1] ** step), l2)
    tables = (table, first, second, gradient, touches)
    if not compiled(table):
        _adam_torch(*tables, *numbers)
        return
    arrays = tuple(one.numpy() for one in tables)
    parallel_ranges(_adam, len(table), *arrays, np.array([*numbers, *BETAS, EPS], np.float32))


def _adam_torch(
    table: Tensor,
    first: Tensor,
    second: Tensor,
    gradient: Tensor,
    touches: Tensor,
    rate: float,
    correction: float,
    l2: float,
) -> None:
    """Torch twin of :func:`adam`; the numbers hold the bias corrections."""
    gradient = gradient + l2 * touches[:, None] * table
    first.lerp_(gradient, 1 - BETAS[0])
    second.mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
    table.addcdiv_(first, (second * correction).sqrt_().add_(EPS), value=-rate)


@kernel()
def _mean(start, stop, rows, first, others, out):  # type: ignore[no-untyped-def]
    share = np.float32(1.0 / (1 + others.shape[0]))
    for row in rows[start:stop]:
        total, own = out[row], first[row]
        for d in range(total.shape[0]):
            total[d] = own[d]
        for layer in range(others.shape[0]):
            value = others[layer, row]
            for d in range(total.shape[0]):
                total[d] += value[d]
        for d in range(total.shape[0]):
            total[d] *= share


@kernel(fastmath={"contract"}, error_model="numpy")
def _adam(start, stop, table, first, second, gradient, touches, numbers):  # type: ignore[no-untyped-def]
    rate, correction, l2, beta1, beta2, eps = numbers
    one = np.float32(1.0)
    for row in range(start, stop):
        x, m, v, g = table[row], first[row], second[row], gradient[row]
        decay = l2 * touches[row]
        for d in range(x.shape[0]):
            slope = g[d] + decay * x[d]
            m[d] = beta1 * m[d] + (one - beta1) * slope
            v[d] = beta2 * v[d] + (one - beta2) * slope * slope
            x[d] -= rate * m[d] / (np.sqrt(v[d] * correction) + eps)
