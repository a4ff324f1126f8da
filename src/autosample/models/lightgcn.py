"""LightGCN: linear propagation over the user-item graph."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

from torch import Tensor

from autosample.kernels.dense import mean_of_layers
from autosample.kernels.step import add_rows
from autosample.models.graph import GraphRecommender
from autosample.models.view import LayerRows, Rows, TableView


class LightGCN(GraphRecommender):
    """Layers E_l = A E_{l-1} with A = D^-1/2 (0 R; R^T 0) D^-1/2, averaged (He et al. 2020).

    Differs from the paper in nothing; the graph holds training pairs only, without self loops or
    edge dropout. Cost of a step: 2 * depth sparse products, since A is symmetric, of which the last
    on the way there and the first on the way back are made for the rows that the step uses.
    """

    name: ClassVar[str] = "lightgcn"
    default_lr: ClassVar[float] = 5e-3
    default_l2: ClassVar[float] = 5e-3

    def layers(self) -> tuple[Tensor, ...]:
        """The embedding and its propagations, each (N, D)."""
        tables: list[Tensor] = [self.embedding]
        for _ in range(self.depth):
            tables.append(self.adjacency(tables[-1]))
        return tuple(tables)

    def view(self) -> TableView:
        """Propagate without a graph: the way back is the same product, in place of torch's.

        Rows of the last layer wait until they are asked for. A subclass with layers or a pooling
        of its own gets them differentiated by torch.
        """
        if not self.is_plain(LightGCN):
            return super().view()
        table, spare = self.embedding.detach(), self.adjacency.spare
        others = spare.empty(table, self.depth, *table.shape)
        layers = (table, *others.unbind())
        for before, after in pairwise(layers[:-1]):
            self.adjacency.product(before, after)
        final = spare.empty(table)

        def fill(rows: Tensor) -> None:
            if self.depth:
                self.adjacency.product(layers[-2], layers[-1], rows=rows)
            mean_of_layers(table, others, final, rows)

        return TableView(layers, final, self.n_users, self.pooling, self.pull, fill)

    def pull(self, of_final: list[Rows], by_layer: list[LayerRows]) -> None:
        """The gradient of the embedding by Horner's rule: G = A (... (A g_L + g_{L-1}) ...) + g_0.

        Each g_l is a few rows: the first of ``of_final`` distinct ones, which are all where a loss
        uses only scores. Then nothing but the products touches whole tables.
        """
        few, *others = [(rows, values / self.n_layers) for rows, values in of_final]
        slope: Tensor | None = None
        for layer in reversed(range(self.n_layers)):
            added = others + [(rows, values) for place, rows, values in by_layer if place == layer]
            if slope is not None:
                slope = self.adjacency.product(slope, plus=few)
            elif layer < self.depth:
                slope = self.adjacency.product_of_rows(few)
            elif added or not self.depth:
                slope = self.adjacency.spare.empty(self.embedding.detach()).zero_()
                add_rows(slope, *few)
            else:
                continue  # few rows are yet to be multiplied
            for rows, values in added:
                add_rows(slope, rows, values)
        self.embedding.grad = slope
