"""Mixture weights learned end to end, by the hypergradient of a held-out loss.

The abstract of AutoSample (Lyu et al. 2023) taken literally; equations are ours. A virtual step of
the user's row on the mixed instance, e_u' = e_u - eta df/de_u, depends on the weights; the held-out
loss at e_u' is differentiated by them. Weights learned from the training loss itself would go to
the easiest negatives by construction. What a one-step signal measures is how held-out scores move
now, not where training ends; the benchmarks report it beside the trials.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from autosample.data.interactions import Interactions
from autosample.errors import SettingsError
from autosample.samplers.base import Sampler
from autosample.samplers.draw import Draw
from autosample.search.mixture import Combined, mix
from autosample.types import Batch, Negatives, View


class LearnedMixture(Combined):
    """Instance mixing with weights softmax(logits / T), one row of logits per group of users.

    Args:
        samplers: S samplers; what is taken of them is said at
            :class:`autosample.search.mixture.Mixture`.
        held: Held-out interactions whose loss teaches the weights.
        groups: (U,) int64 group of each user, 0 .. G-1; None: all in one.
        eta: Length of the virtual step.
        contrasts: Candidates that a held-out positive is ranked against, M.
        start, end: Temperature T when the planned epochs begin and when they are over, geometric
            between.
        lr: Learning rate of the logits.

    Raises:
        SettingsError: AS260 without samplers, AS262 for a temperature, step or size out of range.

    Shapes: ids (B, S) with ``instance_weights`` (B, S). Cost: the parts' and O((S + M) D).
    """

    name: ClassVar[str] = "weighted"
    needs: ClassVar[frozenset[str]] = frozenset({"scores", "layers", "parameters", "epoch"})

    _held_counts: Tensor  # (U,) int64, of held-out items
    _held_starts: Tensor  # (U,) int64
    _held_items: Tensor  # (n,) int64, by user

    def __init__(
        self,
        samplers: Sequence[Sampler],
        *,
        held: Interactions,
        groups: Tensor | None = None,
        eta: float = 1.0,
        contrasts: int = 32,
        start: float = 1.0,
        end: float = 0.1,
        lr: float = 0.05,
    ) -> None:
        super().__init__(samplers)
        if min(eta, start, end, lr) <= 0 or contrasts < 1:
            raise SettingsError(
                "AS262",
                "eta, start, end and lr must be positive and contrasts at least 1, got "
                f"{eta}, {start}, {end}, {lr} and {contrasts}.",
                "Leave them out for the defaults.",
            )
        self.held, self.eta, self.contrasts = held, eta, contrasts
        self.start, self.end, self.lr = start, end, lr
        self.groups: Tensor
        self.register_buffer(
            "groups", torch.zeros(held.n_users).long() if groups is None else groups
        )
        n_groups = int(self.groups.max()) + 1
        self.logits = nn.Parameter(torch.zeros(n_groups, len(samplers)))
        arrays = {"counts": held.user_counts, "starts": held.indptr[:-1], "items": held.items}
        for name, array in arrays.items():
            values = torch.from_numpy(np.array(array, np.int64))
            self.register_buffer(f"_held_{name}", values, persistent=False)

    def temperature(self, progress: float) -> float:
        """T after a share ``progress`` of the planned epochs."""
        return float(self.start * (self.end / self.start) ** progress)

    def weights(self, progress: float) -> Tensor:
        """(G, S) weights, rows sum to one."""
        return torch.softmax(self.logits.detach() / self.temperature(progress), dim=1)

    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """Mix the parts' instances; leave the weights' hypergradient in ``logits.grad``."""
        parts = self.sample_all(batch, view, draw)
        groups = self.groups[batch.users]
        self._learn(batch, view, draw, parts)
        return mix(parts, self.weights(draw.progress)[groups], view)

    def _learn(self, batch: Batch, view: View, draw: Draw, parts: Sequence[Negatives]) -> None:
        rows = torch.nonzero(self._held_counts[batch.users] > 0).flatten()
        if len(rows) == 0:
            return
        own = batch.take(rows)
        counts = self._held_counts[own.users]
        pick = (draw.uniform(own, 1, stream=7)[:, 0] * counts).long().clamp_max(counts - 1)
        held = self._held_items[self._held_starts[own.users] + pick]
        instances = [part.instances(view)[rows, :1] for part in parts]
        with torch.enable_grad():
            loss = held_out_loss(
                self.logits[self.groups[own.users]] / self.temperature(draw.progress),
                view.pool(view.user_layers(own.users)).detach(),
                view.pool(view.item_layers(own.positives)).detach(),
                view.pool(torch.cat(instances, dim=1)).detach(),
                view.pool(view.item_layers(held)).detach(),
                view.pool(view.item_layers(draw.unseen(own, self.contrasts, stream=8))).detach(),
                self.eta,
            )
            (gradient,) = torch.autograd.grad(loss, self.logits)
        self.logits.grad = gradient


def held_out_loss(
    logits: Tensor,
    user: Tensor,
    positive: Tensor,
    instances: Tensor,
    held: Tensor,
    contrasts: Tensor,
    eta: float,
) -> Tensor:
    """Mean held-out loss after a virtual step of the users' rows; differentiable by the logits.

    With m = sum_s softmax(logits)_s e_s and f = softplus(<u, m> - <u, p>), the step is
    u' = u - eta sigmoid(<u, m - p>) (m - p), and the loss -log softmax of <u', held> among
    <u', held> and <u', contrasts>.

    Args:
        logits: (B, S).
        user: (B, D) rows of the users.
        positive: (B, D) rows of the training positives.
        instances: (B, S, D) the samplers' negatives.
        held: (B, D) rows of the held-out positives.
        contrasts: (B, M, D) candidates.
        eta: Length of the step.
    """
    mixed = torch.einsum("bs,bsd->bd", torch.softmax(logits, dim=1), instances)
    away = mixed - positive
    slope = torch.sigmoid((user * away).sum(dim=1, keepdim=True))
    moved = user - eta * slope * away
    margin = torch.einsum("bd,bmd->bm", moved, contrasts - held[:, None])
    return torch.logsumexp(functional.pad(margin, (1, 0)), dim=1).mean()
