"""LightGCN: linear propagation over the user-item graph."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from autosample.models.graph import GraphRecommender


class LightGCN(GraphRecommender):
    """Layers E_l = A E_{l-1} with A = D^-1/2 (0 R; R^T 0) D^-1/2, averaged (He et al. 2020).

    Differs from the paper in nothing; the graph holds training pairs only, without self loops or
    edge dropout. Cost of a step: 2 * depth sparse products, since A is symmetric.
    """

    name: ClassVar[str] = "lightgcn"
    default_lr: ClassVar[float] = 5e-3

    def layers(self) -> tuple[Tensor, ...]:
        """The embedding and its propagations, each (N, D)."""
        tables: list[Tensor] = [self.embedding]
        for _ in range(self.depth):
            tables.append(self.adjacency(tables[-1]))
        return tuple(tables)
