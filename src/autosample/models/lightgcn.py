"""LightGCN: linear propagation over the user-item graph."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from autosample.data.interactions import Interactions
from autosample.errors import SettingsError
from autosample.kernels.spmm import Adjacency
from autosample.models.base import Recommender


class LightGCN(Recommender):
    """Layers E_l = A E_{l-1} with A = D^-1/2 (0 R; R^T 0) D^-1/2, averaged (He et al. 2020).

    Differs from the paper in nothing; the graph holds training pairs only, without self loops or
    edge dropout. Cost of a step: 2 * depth sparse products, since A is symmetric.

    Args:
        interactions: Training interactions, which are the graph.
        dim: Width D of the embedding.
        depth: Number of propagations; L = depth + 1.
        seed: Seed of the initial values.

    Raises:
        SettingsError: AS211 when ``depth`` is negative.
    """

    name: ClassVar[str] = "lightgcn"
    default_lr: ClassVar[float] = 5e-3

    def __init__(
        self, interactions: Interactions, *, dim: int = 64, depth: int = 3, seed: int = 0
    ) -> None:
        super().__init__(interactions, dim=dim, seed=seed)
        if depth < 0:
            raise SettingsError("AS211", f"depth must be at least 0, got {depth}.", "Try 3.")
        self.depth = depth
        self.adjacency = Adjacency(interactions)

    @property
    def n_layers(self) -> int:
        """The embedding and ``depth`` propagated tables."""
        return self.depth + 1

    def layers(self) -> tuple[Tensor, ...]:
        """The embedding and its propagations, each (N, D)."""
        tables: list[Tensor] = [self.embedding]
        for _ in range(self.depth):
            tables.append(self.adjacency(tables[-1]))
        return tuple(tables)
