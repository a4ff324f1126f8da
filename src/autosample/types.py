"""The few types that every layer speaks, and the letters used in all shapes.

====== ==========================================================
letter meaning
====== ==========================================================
B      positives in a batch
U, I   users, items
K      negatives per positive
M      candidates per positive, before choosing (the pool)
S      samplers
L      layers of a model (1 for matrix factorisation)
D      width of an embedding
====== ==========================================================

A *number* is 0 .. n-1; an *id* is the user's own label.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor


class Batch(NamedTuple):
    """Positives of one training step.

    ``index`` is the position of the positive in the training interactions (not in the shuffled
    order), so a positive keeps its random numbers wherever it stands in an epoch.
    """

    users: Tensor  # (B,) int64, user numbers
    positives: Tensor  # (B,) int64, item numbers
    index: Tensor  # type: ignore[assignment]  # (B,) int64, key of all random draws for this positive

    def to(self, device: torch.device | str) -> Batch:
        """The batch on a device."""
        return Batch(*(part.to(device) for part in self))

    def take(self, rows: Tensor) -> Batch:
        """The sub-batch of ``rows``, (R,) positions in this batch."""
        return Batch(self.users[rows], self.positives[rows], self.index[rows])


class Blend(NamedTuple):
    """One synthetic negative per positive, in each layer a weighted sum of P items' rows.

    Its score is the same sum of scores, so that no row of it is ever made, and its gradient is that
    of P pairs of a user and an item.
    """

    items: Tensor  # (B, P, L) int64
    shares: Tensor  # (B, P, L) float32, constants


@dataclass(frozen=True)
class Negatives:
    """What a sampler returns for a batch.

    Attributes:
        ids: (B, K) int64 item numbers; for synthetic negatives the item they mostly come from.
        vectors: (B, K, L, D) synthetic instances by layer, with gradient; None: look up ``ids``.
        weights: (B, K) importance of each negative in the loss; None: all one.
        log_q: (B, K) log probability of the proposal, for losses that correct for it.
        instance_weights: (B, K) weights that sum to one per row: the negatives are to be added up
            to one instance before the loss (see :mod:`autosample.search.mixture`).
        auxiliary: scalar added to the loss (samplers that learn), or None.
        blend: what the only negative of a positive is a mixture of; None: see ``vectors``.
    """

    ids: Tensor
    vectors: Tensor | None = None
    weights: Tensor | None = None
    log_q: Tensor | None = None
    instance_weights: Tensor | None = None
    auxiliary: Tensor | None = None
    blend: Blend | None = None

    @property
    def synthetic(self) -> bool:
        """Whether they are made up, not rows of ``ids``."""
        return self.vectors is not None or self.blend is not None

    def instances(self, view: View) -> Tensor:
        """(B, K, L, D) rows by layer, with gradient, whatever they are made of."""
        if self.blend is not None:
            rows = [view.item_hops(items) for items in self.blend.items.unbind(1)]
            shares = self.blend.shares.to(rows[0].dtype)[..., None].unbind(1)
            parts = [share * own for share, own in zip(shares, rows, strict=True)]
            return torch.stack(parts).sum(dim=0)[:, None]
        return view.item_layers(self.ids) if self.vectors is None else self.vectors


class View(Protocol):
    """What a sampler may see of a model: scores without gradient, rows with gradient.

    Made once per step; sampling, loss and evaluation of that step use the same object.
    """

    @property
    def n_users(self) -> int:
        """Number of users, U."""

    @property
    def n_items(self) -> int:
        """Number of items, I."""

    @property
    def n_layers(self) -> int:
        """Number of layers, L."""

    def scores(self, users: Tensor, items: Tensor) -> Tensor:
        """Scores of (B,) users for (B, M) items: (B, M) float32, no gradient."""

    def layer_scores(self, users: Tensor, items: Tensor) -> Tensor:
        """Score of each layer's item row alone: (B, M, L) float32, no gradient.

        With mean pooling the user's final row meets the item's row of layer l; with concatenation
        the user's row of layer l does. The sum over l, divided by L for mean pooling, is
        :meth:`scores`.
        """

    def user_layers(self, users: Tensor) -> Tensor:
        """Rows of (B,) users by layer, (B, L, D), with gradient."""

    def item_layers(self, items: Tensor) -> Tensor:
        """Rows of (B,) or (B, M) items by layer, (..., L, D), with gradient."""

    def item_hops(self, items: Tensor) -> Tensor:
        """Row l of item ``items[:, l]`` for every layer l: (B, L) -> (B, L, D), with gradient."""

    def pool(self, layers: Tensor) -> Tensor:
        """Final rows from rows by layer: (..., L, D) to (..., D) or (..., L * D)."""
