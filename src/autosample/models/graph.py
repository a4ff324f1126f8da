"""What models on the user-item graph share."""

from __future__ import annotations

from autosample.border import checked
from autosample.data.interactions import Interactions
from autosample.errors import SettingsError
from autosample.kernels.spmm import Adjacency
from autosample.models.base import Recommender


class GraphRecommender(Recommender):
    """A model that propagates its embedding ``depth`` times over the training interactions.

    Args:
        interactions: Training interactions, which are the graph.
        dim: Width D of every layer.
        depth: Number of propagations; L = depth + 1.
        seed: Seed of the initial values.

    Raises:
        SettingsError: AS211 when ``depth`` is negative.
    """

    @checked
    def __init__(
        self, interactions: Interactions, *, dim: int = 64, depth: int = 3, seed: int = 0
    ) -> None:
        super().__init__(interactions, dim=dim, seed=seed)
        if depth < 0:
            raise SettingsError("AS211", f"depth must be at least 0, got {depth}.", "Try 3.")
        self.depth = depth
        self.adjacency = Adjacency(interactions)

    @classmethod
    def default_batch_size(cls, n_positives: int) -> int:
        """A fiftieth of the positives, between 2,048 and 16,384.

        A step propagates over the whole graph, so that an epoch costs in proportion to its number
        of steps.
        """
        return min(max(2048, n_positives // 50), 16_384)

    def is_plain(self, kind: type[Recommender]) -> bool:
        """Whether layers and pooling are those of ``kind``, whose way back is known."""
        own, pooled = type(self), self.pooling == kind.pooling
        return pooled and own.layers is kind.layers and own.final is kind.final

    @property
    def n_layers(self) -> int:
        """The embedding and one table per propagation."""
        return self.depth + 1
