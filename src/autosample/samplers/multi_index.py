"""An inverted multi-index: items sorted into cells by the codewords of two halves of their rows."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from autosample.kernels.product import table_product
from autosample.samplers.choice import choose
from autosample.samplers.codewords import k_means

_ROUNDS = 10  # of k-means
_FAR = 600.0  # between scores of codewords, beyond which products of their exp may be lost


class MultiIndex(nn.Module):
    """Draws items in proportion to w_j e^{s_a + s_b}, for codewords a and b of item j.

    Args:
        rows: (I, D) final rows of the items; the left half has the middle column.
        weights: (I,) float64 positive weights w within a cell.
        first: (C, 2) items whose halves are the first codewords.

    Memory: 24 I + 8 C^2 bytes.
    """

    centres: Tensor  # (C, D) codewords of both halves, side by side
    cells: Tensor  # (I,) int64, a C + b
    order: Tensor  # (I,) int64, items by cell
    starts: Tensor  # (C^2 + 1,) int64, where the cells begin in that order
    edges: Tensor  # (I + 1,) float64, sums of weight in that order

    def __init__(self, rows: Tensor, weights: Tensor, first: Tensor) -> None:
        super().__init__()
        pairs = zip(halves(rows), first.T, strict=True)
        (left, a), (right, b) = (k_means(half, half[start], _ROUNDS) for half, start in pairs)
        cells = a * len(first) + b
        order = cells.argsort(stable=True)
        sizes = torch.bincount(cells, minlength=len(first) ** 2)
        made = {
            "centres": torch.cat([left, right], dim=1),
            "cells": cells,
            "order": order,
            "starts": pad(sizes.cumsum(0), (1, 0)),
            "edges": pad(weights[order].cumsum(0), (1, 0)),
        }
        for name, value in made.items():
            self.register_buffer(name, value, persistent=False)

    def scores(self, users: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C) float64 scores of the left and of the right codewords for (B, D) user rows."""
        pairs = zip(halves(users), halves(self.centres), strict=True)
        left, right = (table_product(half, code.T).double() for half, code in pairs)
        return left, right

    def draw(self, left: Tensor, right: Tensor, uniforms: Tensor) -> Tensor:
        """(B, K) items for (B, C) scores, from (B, K, 3) uniform numbers."""
        masses = self._masses()
        a = choose(self.left_logits(left, right), uniforms[..., 0])
        given = (right[:, None] + masses[a].log()).flatten(0, 1)  # (B K, C)
        b = choose(given, uniforms[..., 1].reshape(-1, 1)).view_as(a)
        cells = a * len(masses) + b
        first, end = self.starts[cells], self.starts[cells + 1]
        low, high = self.edges[first], self.edges[end]
        target = low + uniforms[..., 2] * (high - low)
        place = torch.searchsorted(self.edges, target, right=True) - 1
        return self.order[torch.minimum(place.maximum(first), end - 1)]

    def left_logits(self, left: Tensor, right: Tensor) -> Tensor:
        """(B, C) s_a + log of sum_b W_ab e^{s_b}, with W_ab the weight of cell (a, b)."""
        masses, top = self._masses(), right.amax(dim=1, keepdim=True)
        logits = left + top + table_product((right - top).exp(), masses.T).log()
        far = (top - right > _FAR).any(dim=1).nonzero().flatten()
        if len(far):  # a cell without the best codeword may be the best one
            sums = [(right[far] + cells.log()).logsumexp(dim=1) for cells in masses]
            logits[far] = left[far] + torch.stack(sums, dim=1)
        return logits

    def energy(self, left: Tensor, right: Tensor, rows: Tensor, items: Tensor) -> Tensor:
        """s_a + s_b of ``items`` for the given ``rows`` of the scores, both of the same shape."""
        a, b = self.cells[items] // len(self.centres), self.cells[items] % len(self.centres)
        return left[rows, a] + right[rows, b]

    def _masses(self) -> Tensor:
        """(C, C) weight of each cell, 0 for empty ones."""
        return self.edges[self.starts].diff().view(len(self.centres), -1)


def halves(rows: Tensor) -> tuple[Tensor, Tensor]:
    """The left half of the columns, with the middle one, and the right half."""
    middle = (rows.shape[1] + 1) // 2
    return rows[:, :middle].contiguous(), rows[:, middle:].contiguous()
