"""Linear maps that samplers learn, with initial values from a seed of their own."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from autosample.kernels import random
from autosample.kernels.product import table_product


class Gates(nn.Module):
    """``count`` affine maps of D numbers; global random states are left alone.

    Initial weights and biases are uniform in +-1 / sqrt(D).

    Args:
        count: Number of maps.
        dim: Numbers in, D.
        width: Numbers out; D when None.
        seed: Seed of the initial values.
    """

    def __init__(self, count: int, dim: int, *, width: int | None = None, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(random.make_key(seed, count) >> 1)
        out, bound = dim if width is None else width, 1.0 / math.sqrt(dim)
        weight = torch.rand(count, out, dim, generator=generator)
        bias = torch.rand(count, out, generator=generator)
        self.weight = nn.Parameter(bound * (2 * weight - 1))
        self.bias = nn.Parameter(bound * (2 * bias - 1))

    def apply_to(self, rows: Tensor, gate: int) -> Tensor:
        """Map number ``gate`` of (..., D) rows: (..., width), of the rows' type."""
        weight, bias = (part[gate].to(rows.dtype) for part in (self.weight, self.bias))
        return table_product(rows, weight.T) + bias
