"""NGCF: propagation with learned transforms and feature interaction."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from autosample.data.interactions import Interactions
from autosample.kernels.interact import Arriving, Layer, transform, transform_back
from autosample.kernels.paths import compiled
from autosample.kernels.product import table_product
from autosample.kernels.step import add_rows
from autosample.models.graph import GraphRecommender
from autosample.models.view import LayerRows, Rows, TableView


class _Passage(NamedTuple):
    """What the way back needs of a way there."""

    layers: list[Layer]  # L, the embedding first
    around: list[Tensor]  # A E of all but the last, each (N, D)


class NGCF(GraphRecommender):
    """E_l = leaky((A + 1) E W1 + b1 + (A E * E) W2 + b2), E = E_{l-1} (Wang et al. 2019).

    Layers after the first are scaled to rows of length one, and all are concatenated.

    Differs from the paper: no message dropout, so that a step is a pure function of its batch; the
    slope of the leaky rectifier is 0.2; the feature interaction uses A E * E, which is the paper's
    matrix form.

    Cost of a step: 2 * depth sparse products, and 12 D^2 operations a node and propagation, of
    which the 8 D^2 of the last one's way back are those of the batch's nodes alone.
    """

    name: ClassVar[str] = "ngcf"
    default_lr: ClassVar[float] = 3e-3
    default_l2: ClassVar[float] = 2e-2
    pooling: ClassVar[Literal["mean", "concat"]] = "concat"

    def __init__(
        self, interactions: Interactions, *, dim: int = 64, depth: int = 3, seed: int = 0
    ) -> None:
        super().__init__(interactions, dim=dim, depth=depth, seed=seed)
        weights = torch.empty(depth, 2, dim, dim)
        for weight in weights.flatten(0, 1):
            nn.init.xavier_uniform_(weight, generator=self.generator)
        self.weights = nn.Parameter(weights)  # (depth, 2, D, D)
        self.biases = nn.Parameter(torch.zeros(depth, 2, dim))

    def layers(self) -> tuple[Tensor, ...]:
        """The embedding and the normalised outputs of every propagation, each (N, D)."""
        current: Tensor = self.embedding
        tables = [current]
        for weight, bias in zip(self.weights, self.biases, strict=True):
            around = self.adjacency(current)
            summed = table_product(around + current, weight[0]) + bias[0]
            crossed = table_product(around * current, weight[1]) + bias[1]
            current = functional.leaky_relu(summed + crossed, 0.2)
            tables.append(functional.normalize(current, dim=1))
        return tuple(tables)

    def view(self) -> TableView:
        """Propagate without a graph; :meth:`pull` is the way back in place of torch's.

        On other devices and types, and for a subclass with layers or a pooling of its own, torch
        differentiates :meth:`layers`.
        """
        if not self._is_compiled():
            return super().view()
        table, spare, dim = self.embedding.detach(), self.adjacency.spare, self.dim
        final = spare.empty(table, len(table), self.n_layers * dim) if self.depth else table
        passage = _Passage([Layer(table, torch.ones(len(table)))], [])
        weights, biases = self.weights.detach().flatten(1, 2), self.biases.detach().sum(dim=1)
        for place in range(self.depth):
            before = passage.layers[-1]
            around = self.adjacency.product(before.rows, factors=before.lengths)
            after = Layer(spare.empty(table), torch.empty(len(table)))
            numbers = weights[place], biases[place]
            transform(before, around, *numbers, after, final, (place + 1) * dim)
            passage.layers.append(after)
            passage.around.append(around)
        if self.depth:
            final[:, :dim] = table
        rows = tuple(layer.rows for layer in passage.layers)
        return TableView(rows, final, self.n_users, self.pooling, partial(self.pull, passage))

    @torch.no_grad()
    def pull(self, passage: _Passage, of_final: list[Rows], by_layer: list[LayerRows]) -> None:
        """Gradients of all parameters, from the last propagation to the first.

        Where a loss uses only scores, a gradient comes to few rows of every layer; the way back
        through the last propagation is then theirs alone.
        """
        table, spare = self.embedding.detach(), self.adjacency.spare
        of_weights, of_biases = torch.empty_like(self.weights), torch.empty_like(self.biases)
        slope: Tensor | None = None
        outs = (spare.empty(table), spare.empty(table))
        for place in reversed(range(self.depth)):
            before, after = passage.layers[place : place + 2]
            arriving = self._arriving(place + 1, of_final, by_layer)
            weight, nodes = self.weights[place].flatten(0, 1), torch.arange(len(table))
            if slope is None:
                nodes = (arriving.places >= 0).nonzero().flatten()
            ends = (before, passage.around[place], weight, after)
            found = transform_back(*ends, arriving, slope, nodes, outs)
            of_weights[place] = found.weight.view_as(of_weights[place])
            of_biases[place] = found.bias
            if slope is None:
                slope = self.adjacency.product_of_rows((nodes, found.around), found.before)
            else:
                slope = self.adjacency.product(found.around, slope, plus=(nodes, found.before))
        slope = spare.empty(table).zero_() if slope is None else slope
        for rows, values in self._parts(0, of_final, by_layer):
            add_rows(slope, rows, values.contiguous())
        self.embedding.grad = slope
        self.weights.grad, self.biases.grad = of_weights, of_biases

    def _parts(self, layer: int, of_final: list[Rows], by_layer: list[LayerRows]) -> list[Rows]:
        """All that arrives at a layer."""
        columns = slice(layer * self.dim, (layer + 1) * self.dim)
        parts = [(rows, values[:, columns]) for rows, values in of_final]
        return parts + [(rows, values) for place, rows, values in by_layer if place == layer]

    def _arriving(self, layer: int, of_final: list[Rows], by_layer: list[LayerRows]) -> Arriving:
        """The gradient of a layer's rows; the first of ``of_final`` are distinct."""
        parts = self._parts(layer, of_final, by_layer)
        places = torch.full((len(self.embedding),), -1, dtype=torch.int32)
        if len(parts) == 1:
            rows, values = of_final[0]
            places[rows] = torch.arange(len(rows), dtype=torch.int32)
            return Arriving(places, values.contiguous(), layer * self.dim)
        total = self.adjacency.spare.empty(self.embedding.detach()).zero_()
        for rows, values in parts:
            add_rows(total, rows, values.contiguous())
            places[rows] = rows.to(torch.int32)
        return Arriving(places, total, 0)

    def _is_compiled(self) -> bool:
        """Whether kernels know these layers."""
        known = self.embedding.dtype == torch.float32 and compiled(self.embedding)
        return known and self.is_plain(NGCF)
