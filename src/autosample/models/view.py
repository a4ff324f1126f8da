"""The frozen state of a model in one step, and the way back to its gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import torch
from torch import Tensor

from autosample.kernels.paths import compiled
from autosample.kernels.score import pair_scores
from autosample.kernels.step import RowGradient, add_rows, edge_gradient
from autosample.types import Blend

Rows = tuple[Tensor, Tensor]  # (n,) rows, which may repeat, and (n, D) values to add there
LayerRows = tuple[int, Tensor, Tensor]  # the same with the layer
#: Takes the gradients of the final table and of the layers; fills ``.grad`` of the parameters.
Pull = Callable[[list[Rows], list[LayerRows]], None]
#: Takes (n,) distinct rows; makes those of the last layer and of the final table.
Fill = Callable[[Tensor], None]


class TableView:
    """Scores without gradient, rows with gradient (see :class:`autosample.types.View`).

    Rows that are asked for are copied into leaf tensors, which are kept unless gradients are
    switched off; after the loss went backward, :meth:`row_gradient` and :meth:`backward` bring
    what arrived there to the tables.

    Args:
        layers: L tables (N, D), attached to the model's graph.
        final: (N, D) or (N, L * D), their pooling, attached likewise.
        n_users: Rows of users; items follow.
        pooling: How ``final`` came from ``layers``.
        pull: The model's own way back, for layers that are not attached to a graph.
        fill: Makes rows of ``layers[-1]`` and ``final`` when first asked for, so that the view is
            of no use once the parameters change; None: they are there.
    """

    def __init__(
        self,
        layers: tuple[Tensor, ...],
        final: Tensor,
        n_users: int,
        pooling: Literal["mean", "concat"],
        pull: Pull | None = None,
        fill: Fill | None = None,
    ) -> None:
        self._layers, self._final = layers, final
        self._users, self._pooling = n_users, pooling
        self._pull = pull
        self._taken: list[tuple[Tensor, Tensor]] = []  # nodes by layer (n, L), leaf (..., L, D)
        self._blended: list[tuple[int | None, Tensor, Tensor]] = []  # layer or final, rows, values
        self._table = final.detach()
        self._fill = fill
        self._missing = torch.ones(len(final) if fill else 0, dtype=torch.bool, device=final.device)
        if not compiled(self._table):
            self._make_rows()  # torch twins make whole tables anyway

    @property
    def table(self) -> Tensor:
        """(N, D) or (N, L * D), the final table."""
        self._make_rows()
        return self._table

    @property
    def n_users(self) -> int:
        """Number of users, U."""
        return self._users

    @property
    def n_items(self) -> int:
        """Number of items, I."""
        return len(self._table) - self._users

    @property
    def n_layers(self) -> int:
        """Number of layers, L."""
        return len(self._layers)

    def scores(self, users: Tensor, items: Tensor) -> Tensor:
        """(B,), (B, M) -> (B, M) float32, no gradient.

        Raises:
            IndexError: When a number is that of no user or item.
        """
        self._make(users, items)
        return pair_scores(*self._sides(self._table, self._table), users, items)

    def layer_scores(self, users: Tensor, items: Tensor) -> Tensor:
        """(B,), (B, M) -> (B, M, L) float32, no gradient; see the protocol for the meaning."""
        columns = [
            pair_scores(*self._sides(own, rows), users, items)
            for own, rows in self._meetings(users, items)
        ]
        return torch.stack(columns).permute(1, 2, 0)

    def user_layers(self, users: Tensor) -> Tensor:
        """(B,) -> (B, L, D) leaf with gradient."""
        return self._take(users[..., None].expand(*users.shape, self.n_layers))

    def item_layers(self, items: Tensor) -> Tensor:
        """(B,) or (B, M) -> (..., L, D) leaf with gradient."""
        nodes = items + self._users
        return self._take(nodes[..., None].expand(*nodes.shape, self.n_layers))

    def item_hops(self, items: Tensor) -> Tensor:
        """(B, L) -> (B, L, D) leaf with gradient: row l of item ``items[:, l]``."""
        return self._take(items + self._users)

    def pool(self, layers: Tensor) -> Tensor:
        """(..., L, D) -> (..., D) for mean pooling, (..., L * D) for concatenation."""
        return layers.mean(dim=-2) if self._pooling == "mean" else layers.flatten(-2)

    def score_gradient(self, users: Tensor, items: Tensor, coefficient: Tensor) -> RowGradient:
        """Gradient on the final table of sum(coefficient * scores(users, items))."""
        self._make(users, items)
        return edge_gradient(self._table, users, items + self._users, coefficient)

    def blend_scores(self, users: Tensor, blend: Blend) -> Tensor:
        """(B, 1) scores of blends of items, no gradient."""
        total = torch.zeros(len(users), device=users.device)
        for layer, (own, rows) in enumerate(self._meetings(users, blend.items)):
            items, shares = blend.items[:, :, layer].contiguous(), blend.shares[:, :, layer]
            total += (pair_scores(*self._sides(own, rows), users, items) * shares).sum(dim=1)
        return (total / self.n_layers if self._pooling == "mean" else total)[:, None]

    def blend_backward(self, users: Tensor, blend: Blend, coefficient: Tensor) -> None:
        """Keep the gradient of sum(coefficient * blend_scores), (B,) coefficients."""
        if self._pooling == "mean":
            coefficient = coefficient / self.n_layers
        of_users: list[RowGradient] = []
        for layer, (own, rows) in enumerate(self._meetings(users, blend.items)):
            nodes = blend.items[:, :, layer] + self._users
            slope = coefficient[:, None] * blend.shares[:, :, layer]
            found = edge_gradient(own, users, nodes, slope, rows)
            if layer == 0:  # users come first, the same for all layers
                n = int((found.rows < self._users).sum())
            self._blended.append((layer, found.rows[n:], found.values[n:]))
            of_users.append(RowGradient(*(part[:n] for part in found)))
        if self._pooling == "mean":
            first, *others = of_users
            for other in others:
                first.values.add_(other.values)
            of_users = [first]
        for layer, part in enumerate(of_users):
            where = None if self._pooling == "mean" else layer
            self._blended.append((where, part.rows, part.values))

    def _meetings(self, users: Tensor, items: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """By layer: the table of the users' rows that meet the items' rows, and theirs."""
        self._make(users, items)
        for layer in self._layers:
            rows = layer.detach()
            yield (self._table if self._pooling == "mean" else rows), rows

    def _sides(self, own: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """The users' part of one table, and the items' of another."""
        return own[: self._users], rows[self._users :]

    def _make(self, users: Tensor, items: Tensor) -> None:
        """See to it that their rows of what ``fill`` makes are there."""
        if self._fill is not None:
            self._make_rows(users, items + self._users)

    def _make_rows(self, *rows: Tensor) -> None:
        """The same by rows; without any, all of them."""
        if self._fill is None:
            return
        missing = self._missing
        if rows:
            missing = torch.zeros_like(missing)
            for some in rows:
                missing[some.flatten()] = True
            missing &= self._missing
        if len(chosen := missing.nonzero().flatten()):
            self._fill(chosen)
            self._missing[chosen] = False

    def row_gradient(self, of_scores: RowGradient) -> RowGradient:
        """Total gradient by rows for a model whose final table is its embedding (L = 1)."""
        parts = [of_scores]
        for nodes, leaf in self._taken:
            if leaf.grad is not None:
                values = leaf.grad.reshape(-1, leaf.shape[-1])
                parts.append(RowGradient(nodes.flatten(), values, values.new_zeros(len(values))))
        for _, nodes, values in self._blended:
            parts.append(RowGradient(nodes, values, values.new_zeros(len(values))))
        return parts[0] if len(parts) == 1 else _merge(parts)

    def backward(self, of_scores: RowGradient) -> None:
        """Send the gradient through the model's layers into ``.grad`` of its parameters."""
        by_layer: list[LayerRows] = []
        of_final = [(of_scores.rows, of_scores.values)]
        for nodes, leaf in self._taken:
            if leaf.grad is not None:
                values = leaf.grad.reshape(*nodes.shape, -1)
                for layer in range(self.n_layers):
                    rows = (nodes[:, layer].contiguous(), values[:, layer].contiguous())
                    by_layer.append((layer, *rows))
        for where, nodes, values in self._blended:
            if where is None:
                of_final.append((nodes, values))
            else:
                by_layer.append((where, nodes, values))
        (self._pull or self._through_graph)(of_final, by_layer)

    def _through_graph(self, of_final: list[Rows], by_layer: list[LayerRows]) -> None:
        """Backward by torch."""
        gradient = torch.zeros_like(self._table)
        for rows, values in of_final:
            add_rows(gradient, rows, values)
        tensors, gradients = [self._final], [gradient]
        if by_layer:
            slopes = [torch.zeros_like(layer) for layer in self._layers]
            for layer, rows, values in by_layer:
                add_rows(slopes[layer], rows, values)
            tensors += self._layers
            gradients += slopes
        torch.autograd.backward(tensors, gradients)

    def _take(self, nodes: Tensor) -> Tensor:
        """Rows of (..., L) nodes, one per layer: (..., L, D)."""
        flat = nodes.reshape(-1, self.n_layers)
        self._make_rows(flat)
        copied = self._table.new_empty(*flat.shape, self._layers[0].shape[1])
        for i, layer in enumerate(self._layers):
            copied[:, i] = layer.detach().index_select(0, flat[:, i])
        copied = copied.reshape(*nodes.shape, -1)
        if torch.is_grad_enabled():
            self._taken.append((flat, copied.requires_grad_()))
        return copied


def _merge(parts: list[RowGradient]) -> RowGradient:
    """Sum of several gradients by rows, in ascending order of rows."""
    rows, place = torch.unique(torch.cat([part.rows for part in parts]), return_inverse=True)
    values = parts[0].values.new_zeros(len(rows), parts[0].values.shape[1])
    touches = parts[0].touches.new_zeros(len(rows))
    add_rows(values, place, torch.cat([part.values for part in parts]))
    touches.index_add_(0, place, torch.cat([part.touches for part in parts]))
    return RowGradient(rows, values, touches)
