"""Uniform negatives."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from autosample.samplers.base import Sampler, check_at_least
from autosample.samplers.draw import Draw
from autosample.types import Batch, Negatives, View


class Uniform(Sampler):
    """Each unseen item with the same probability: q(j) = 1 / (I - h_u) (Rendle et al. 2009).

    Args:
        k: Negatives per positive, K.

    Raises:
        SettingsError: AS220 when ``k`` is below 1.

    Shapes: ids (B, K). Cost: O(K log h_u), without rejection.
    """

    name: ClassVar[str] = "uniform"
    cost: ClassVar[str] = "O(K log h)"

    def __init__(self, *, k: int = 1) -> None:
        super().__init__()
        check_at_least(type(self), k=(k, 1))
        self.k = k

    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """K uniform unseen items."""
        return Negatives(ids=draw.unseen(batch, self.k))

    def probability(self, batch: Batch, view: View, draw: Draw) -> Tensor | None:
        """1 over the number of unseen items."""
        free = draw.unseen_mask(batch.users).double()
        return free / free.sum(dim=1, keepdim=True)
