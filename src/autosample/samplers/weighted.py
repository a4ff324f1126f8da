"""What samplers with fixed item weights have in common."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from autosample.data.interactions import Interactions
from autosample.kernels.weighted import WeightedUnseen
from autosample.samplers.base import Sampler, check_begun
from autosample.samplers.draw import Draw
from autosample.types import Batch, Negatives, View


class WeightedSampler(Sampler):
    """Unseen items in proportion to item weights that depend on the training data alone.

    The weights are worked out again by :meth:`prepare` and so are not part of the state.
    """

    item_weights: Tensor  # (I,) float64

    @abstractmethod
    def weigh(self, interactions: Interactions) -> Tensor:
        """(I,) positive, finite weights."""

    def prepare(self, interactions: Interactions, *, dim: int, n_layers: int) -> None:
        """Compute the weights."""
        self._weighting: WeightedUnseen | None = None
        self.register_buffer("item_weights", self.weigh(interactions), persistent=False)

    def begin_epoch(self, view: View, draw: Draw) -> None:
        """Sum the weights of every user's history, in the first epoch. Cost: O(nnz)."""
        if self._weighting is None:
            self._weighting = draw.weighting(self.item_weights)

    def weighted(self, batch: Batch, draw: Draw, k: int, stream: int) -> Negatives:
        """(B, k) unseen items and their exact log probability."""
        ids = draw.weighted(batch, k, self.weighting, stream=stream)
        return Negatives(ids=ids, log_q=self.log_q(batch.users, ids))

    def log_q(self, users: Tensor, items: Tensor) -> Tensor:
        """(B, M) float32 log probability of unseen ``items``."""
        return self.weighting.probability(users, items).log().float()

    def probability(self, batch: Batch, view: View, draw: Draw) -> Tensor | None:
        """The weights, zero for seen items, divided by their sum."""
        items = torch.arange(draw.n_items, device=batch.users.device).expand(len(batch.users), -1)
        chance = self.weighting.probability(batch.users, items)
        return chance * draw.unseen_mask(batch.users)

    @property
    def weighting(self) -> WeightedUnseen:
        """The weights as prepared for this epoch.

        Raises:
            SamplerError: AS303 when no epoch has begun.
        """
        check_begun(self, self._weighting)
        assert self._weighting is not None  # noqa: S101  for the type checker
        return self._weighting


def item_counts(interactions: Interactions, floor: float) -> Tensor:
    """(I,) float64 number of users of each item, at least ``floor``."""
    return torch.from_numpy(interactions.item_counts).double().clamp_min(floor)
