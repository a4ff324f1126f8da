"""Negatives from items that a user was shown and left alone."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from autosample.data.interactions import Interactions
from autosample.kernels.member import contains
from autosample.samplers.base import Sampler, check_at_least, check_at_most, check_exposed
from autosample.samplers.draw import Draw
from autosample.types import Batch, Negatives, View

_KIND_STREAM = 36
_SHOWN_STREAM = 37


class Exposure(Sampler):
    """An item the user was shown but did not take, else any unseen item (Ding et al. 2018).

    With E_u the items that user u was shown without those of the training interactions:

        q(j) = share [j in E_u] / |E_u| + (1 - share) / (I - h_u)

    and uniform where E_u is empty. ``log_q`` is its log. What was shown is given with the data, by
    ``load_dataset(..., exposed=...)``.

    Differs from the paper: its views are one kind of exposure; the rest is drawn from all unseen
    items, shown ones included; held-out items may be in E_u, since no sampler may know them.

    Args:
        share: Chance of a shown item.
        k: Negatives per positive, K.

    Raises:
        SettingsError: AS220 when ``share`` is not in [0, 1] or ``k`` below 1.
        SamplerError: AS306 from ``prepare`` when the interactions have no exposures.

    Shapes: ids and log_q (B, K). Cost: O(K log h); memory 8 bytes per exposure and user.
    """

    name: ClassVar[str] = "exposure"
    needs: ClassVar[frozenset[str]] = frozenset({"exposed"})
    cost: ClassVar[str] = "O(K log h)"

    starts: Tensor  # (U + 1,) int64, where each user's shown items begin
    shown: Tensor  # (n,) int32, items by user, ascending

    def __init__(self, *, share: float = 0.5, k: int = 1) -> None:
        super().__init__()
        check_at_least(type(self), share=(share, 0), k=(k, 1))
        check_at_most(type(self), share=(share, 1))
        self.share, self.k = share, k

    def prepare(self, interactions: Interactions, *, dim: int, n_layers: int) -> None:
        """Leave the training items out of what was shown."""
        exposed = check_exposed(self, interactions)
        keys, taken = (part.users * part.n_items + part.items for part in (exposed, interactions))
        left = np.flatnonzero(~np.isin(keys, taken))
        counts = np.bincount(exposed.users[left], minlength=exposed.n_users)
        starts = torch.from_numpy(np.concatenate([[0], counts.cumsum()]))
        shown = torch.from_numpy(exposed.items[left])
        self.register_buffer("starts", starts, persistent=False)
        self.register_buffer("shown", shown, persistent=False)

    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """Shown items with the given chance, uniform unseen ones else."""
        ids = draw.unseen(batch, self.k)
        counts = self._counts(batch.users)
        if len(self.shown):
            place = (draw.uniform(batch, self.k, stream=_SHOWN_STREAM).double() * counts).long()
            place = (self.starts[batch.users][:, None] + place).clamp_max(len(self.shown) - 1)
            wanted = draw.uniform(batch, self.k, stream=_KIND_STREAM) < self.share
            ids = torch.where(wanted & (counts > 0), self.shown[place].long(), ids)
        return Negatives(ids=ids, log_q=self._chance(batch, ids, draw).log().float())

    def probability(self, batch: Batch, view: View, draw: Draw) -> Tensor | None:
        """The formula, zero for seen items."""
        items = torch.arange(draw.n_items, device=batch.users.device).expand(len(batch.users), -1)
        return self._chance(batch, items, draw) * draw.unseen_mask(batch.users)

    def _counts(self, users: Tensor) -> Tensor:
        """(B, 1) number of shown items of each user."""
        return (self.starts[users + 1] - self.starts[users])[:, None]

    def _chance(self, batch: Batch, items: Tensor, draw: Draw) -> Tensor:
        """(B, M) float64 probability of unseen ``items``."""
        counts = self._counts(batch.users)
        among = contains(self.starts, self.shown, batch.users, items).double()
        share = self.share * (counts > 0)
        flat = (1 - share) / draw.n_unseen(batch.users)[:, None].double()
        return share * among / counts.clamp_min(1) + flat
