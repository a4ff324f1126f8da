"""Negatives from the popularity cohort of the positive."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from autosample.data.interactions import Interactions
from autosample.kernels.weighted import WeightedUnseen
from autosample.samplers.base import Sampler, check_at_least, check_at_most, check_begun
from autosample.samplers.draw import Draw
from autosample.types import Batch, Negatives, View

_STREAM = 18


class Cohorts(Sampler):
    """Mostly negatives about as popular as the positive (balanced cohorts, Prakash et al. 2024).

    Items by falling popularity are cut into head, body and tail, each with about a third of the
    interactions. The positive's own cohort has probability ``same``, the other two share the rest,
    and within a cohort items are equally likely; a user's own items are left out and the rest
    scaled up. ``log_q`` is the exact log probability.

    Differs from the paper: the cohorts' bounds, and that rows of probabilities sum to one for the
    tail as well.

    Args:
        same: Probability of the positive's own cohort.
        k: Negatives per positive, K.

    Raises:
        SettingsError: AS220 when ``same`` is outside [0.01, 0.99] or ``k`` below 1.

    Shapes: ids and log_q (B, K). Cost: O(K (log h + log I)).
    """

    name: ClassVar[str] = "cohorts"
    needs: ClassVar[frozenset[str]] = frozenset({"popularity"})
    cost: ClassVar[str] = "O(K log I)"

    cohort: Tensor  # (I,) int64, 0 head, 1 body, 2 tail

    def __init__(self, *, same: float = 0.8, k: int = 1) -> None:
        super().__init__()
        check_at_least(type(self), same=(same, 0.01), k=(k, 1))
        check_at_most(type(self), same=(same, 0.99))
        self.same, self.k = same, k

    def prepare(self, interactions: Interactions, *, dim: int, n_layers: int) -> None:
        """Cut the items into cohorts."""
        counts = interactions.item_counts
        order = np.argsort(-counts, kind="stable")
        before = np.cumsum(counts[order]) - counts[order]
        cohort = np.empty(len(counts), np.int64)
        cohort[order] = np.minimum(2, 3 * before // max(1, counts.sum()))
        self.register_buffer("cohort", torch.from_numpy(cohort), persistent=False)
        self._weightings: list[WeightedUnseen] = []

    def begin_epoch(self, view: View, draw: Draw) -> None:
        """Prepare one weighting for each cohort that a positive may have. Cost: O(nnz)."""
        sizes = torch.bincount(self.cohort, minlength=3).double()
        chance = torch.full((3, 3), (1 - self.same) / 2, dtype=sizes.dtype, device=sizes.device)
        chance.fill_diagonal_(self.same)
        by_item = (chance / sizes)[:, self.cohort]
        self._weightings = [draw.weighting(weights) for weights in by_item]

    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """K unseen items by the positive's cohort."""
        home = self._home(batch)
        ids = torch.empty(len(home), self.k, dtype=torch.int64, device=home.device)
        log_q = torch.empty(ids.shape, device=home.device)
        for cohort, weighting in enumerate(self._weightings):
            rows = torch.nonzero(home == cohort).flatten()
            part = batch.take(rows)
            ids[rows] = draw.weighted(part, self.k, weighting, stream=_STREAM)
            log_q[rows] = weighting.probability(part.users, ids[rows]).log().float()
        return Negatives(ids=ids, log_q=log_q)

    def probability(self, batch: Batch, view: View, draw: Draw) -> Tensor | None:
        """The weights of the positive's cohort, divided by their sum over unseen items."""
        items = torch.arange(draw.n_items, device=batch.users.device).expand(len(batch.users), -1)
        chance = torch.stack([w.probability(batch.users, items) for w in self._weightings])
        rows = torch.arange(len(batch.users), device=items.device)
        return chance[self._home(batch), rows] * draw.unseen_mask(batch.users)

    def _home(self, batch: Batch) -> Tensor:
        """(B,) cohort of each positive.

        Raises:
            SamplerError: AS303 when no epoch has begun.
        """
        check_begun(self, self._weightings)
        return self.cohort[batch.positives]
