"""Negatives by popularity."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from autosample.data.interactions import Interactions
from autosample.samplers.base import check_at_least, check_at_most
from autosample.samplers.draw import Draw
from autosample.samplers.weighted import WeightedSampler, item_counts
from autosample.types import Batch, Negatives, View

_STREAM = 10


class Popularity(WeightedSampler):
    """Unseen items with probability in proportion to n_j ** beta (Mikolov et al. 2013).

    n_j is the number of training interactions of item j. An item without any counts as one with a
    single interaction, so that every unseen item can be drawn. ``log_q`` is the exact log
    probability among the user's unseen items.

    Differs from the paper: words are items, and a user's own items are left out of the draw.

    Args:
        beta: Exponent; 0 is uniform sampling, 1 proportional to popularity, below 0 prefers rare
            items.
        k: Negatives per positive, K.

    Raises:
        SettingsError: AS220 when ``beta`` is outside -4 .. 4 or ``k`` below 1.

    Shapes: ids and log_q (B, K). Cost: O(K (log h + log I)), without rejection.
    """

    name: ClassVar[str] = "popularity"
    needs: ClassVar[frozenset[str]] = frozenset({"popularity"})
    cost: ClassVar[str] = "O(K log I)"
    hardness: ClassVar[str | None] = "beta"
    hardness_range: ClassVar[tuple[float, float]] = (0.05, 2.0)

    def __init__(self, *, beta: float = 0.75, k: int = 1) -> None:
        super().__init__()
        check_at_least(type(self), beta=(beta, -4), k=(k, 1))
        check_at_most(type(self), beta=(beta, 4))
        self.beta, self.k = beta, k

    def weigh(self, interactions: Interactions) -> Tensor:
        """max(n_j, 1) ** beta."""
        return item_counts(interactions, floor=1.0) ** self.beta

    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """K unseen items by popularity."""
        return self.weighted(batch, draw, self.k, _STREAM)
