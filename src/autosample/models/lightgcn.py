"""LightGCN: linear propagation over the user-item graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from autosample.kernels.step import add_rows
from autosample.models.graph import GraphRecommender
from autosample.models.view import LayerRows, Rows, TableView


class LightGCN(GraphRecommender):
    """Layers E_l = A E_{l-1} with A = D^-1/2 (0 R; R^T 0) D^-1/2, averaged (He et al. 2020).

    Differs from the paper in nothing; the graph holds training pairs only, without self loops or
    edge dropout. Cost of a step: 2 * depth sparse products, since A is symmetric.
    """

    name: ClassVar[str] = "lightgcn"
    default_lr: ClassVar[float] = 5e-3

    _slopes: Sequence[Tensor] = ()  # (N, D) each, of the last step

    def layers(self) -> tuple[Tensor, ...]:
        """The embedding and its propagations, each (N, D)."""
        tables: list[Tensor] = [self.embedding]
        for _ in range(self.depth):
            tables.append(self.adjacency(tables[-1]))
        return tuple(tables)

    def view(self) -> TableView:
        """Propagate without a graph: the way back is the same product, in place of torch's.

        A subclass with layers of its own gets them differentiated by torch.
        """
        if type(self).layers is not LightGCN.layers:
            return super().view()
        with torch.no_grad():
            layers = self.layers()
            final = self.final(layers)
        return TableView(layers, final, self.n_users, self.pooling, self.pull)

    def pull(self, of_final: list[Rows], by_layer: list[LayerRows]) -> None:
        """The gradient of the embedding by Horner's rule: G = A (... (A g_L + g_{L-1}) ...) + g_0.

        Each g_l is a few rows, so nothing but the products touches whole tables; they are kept.
        """
        if not self._slopes:
            self._slopes = [torch.empty_like(self.embedding.detach()) for _ in range(2)]
        slope, other = self._slopes
        slope.zero_()
        of_final = [(rows, values / self.n_layers) for rows, values in of_final]
        for layer in reversed(range(self.n_layers)):
            if layer < self.depth:
                slope, other = self.adjacency.product(slope, other), slope
            for rows, values in of_final:
                add_rows(slope, rows, values)
            for place, rows, values in by_layer:
                if place == layer:
                    add_rows(slope, rows, values)
        self.embedding.grad = slope
