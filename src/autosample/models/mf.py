"""Matrix factorisation."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from autosample.models.base import Recommender


class MF(Recommender):
    """One row per user and per item, nothing else (Koren, Bell and Volinsky 2009, without biases).

    Its final table is its embedding, so that a step touches the rows of the batch only.
    """

    name: ClassVar[str] = "mf"
    row_sparse: ClassVar[bool] = True
    default_lr: ClassVar[float] = 5e-3
    default_l2: ClassVar[float] = 3e-2

    @property
    def n_layers(self) -> int:
        """One: the embedding."""
        return 1

    def layers(self) -> tuple[Tensor, ...]:
        """The embedding."""
        return (self.embedding,)
