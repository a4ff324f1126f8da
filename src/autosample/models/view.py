"""The frozen state of a model in one step, and the way back to its gradient."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from autosample.kernels.score import pair_scores
from autosample.kernels.step import RowGradient, add_rows, edge_gradient


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
    """

    def __init__(
        self,
        layers: tuple[Tensor, ...],
        final: Tensor,
        n_users: int,
        pooling: Literal["mean", "concat"],
    ) -> None:
        self._layers, self._final = layers, final
        self._users, self._pooling = n_users, pooling
        self._taken: list[tuple[Tensor, Tensor]] = []  # nodes by layer (n, L), leaf (..., L, D)
        self.table = final.detach()

    @property
    def n_users(self) -> int:
        """Number of users, U."""
        return self._users

    @property
    def n_items(self) -> int:
        """Number of items, I."""
        return len(self.table) - self._users

    @property
    def n_layers(self) -> int:
        """Number of layers, L."""
        return len(self._layers)

    def scores(self, users: Tensor, items: Tensor) -> Tensor:
        """(B,), (B, M) -> (B, M) float32, no gradient."""
        return pair_scores(self.table, self.table[self._users :], users, items)

    def layer_scores(self, users: Tensor, items: Tensor) -> Tensor:
        """(B,), (B, M) -> (B, M, L) float32, no gradient; see the protocol for the meaning."""
        mean = self._pooling == "mean"
        columns = [
            pair_scores(self.table if mean else layer, layer[self._users :], users, items)
            for layer in self._layers
        ]
        return torch.stack(columns, dim=2)

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
        return edge_gradient(self.table, users, items + self._users, coefficient)

    def row_gradient(self, of_scores: RowGradient) -> RowGradient:
        """Total gradient by rows for a model whose final table is its embedding (L = 1)."""
        parts = [of_scores]
        for nodes, leaf in self._taken:
            if leaf.grad is not None:
                values = leaf.grad.reshape(-1, leaf.shape[-1])
                parts.append(RowGradient(nodes.flatten(), values, values.new_zeros(len(values))))
        return parts[0] if len(parts) == 1 else _merge(parts)

    def backward(self, of_scores: RowGradient) -> None:
        """Send the gradient through the model's layers into ``.grad`` of its parameters."""
        gradient = torch.zeros_like(self.table)
        gradient[of_scores.rows] = of_scores.values
        tensors, gradients = [self._final], [gradient]
        if any(leaf.grad is not None for _, leaf in self._taken):
            by_layer = [torch.zeros_like(layer) for layer in self._layers]
            for nodes, leaf in self._taken:
                if leaf.grad is not None:
                    values = leaf.grad.reshape(*nodes.shape, -1)
                    for layer, target in enumerate(by_layer):
                        add_rows(target, nodes[:, layer], values[:, layer])
            tensors += self._layers
            gradients += by_layer
        torch.autograd.backward(tensors, gradients)

    def _take(self, nodes: Tensor) -> Tensor:
        """Rows of (..., L) nodes, one per layer: (..., L, D)."""
        flat = nodes.reshape(-1, self.n_layers)
        rows = [layer.detach().index_select(0, flat[:, i]) for i, layer in enumerate(self._layers)]
        copied = torch.stack(rows, dim=1).reshape(*nodes.shape, -1)
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
