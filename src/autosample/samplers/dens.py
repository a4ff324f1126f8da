"""Disentangled negative sampling."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn.functional import softplus

from autosample.data.interactions import Interactions
from autosample.samplers.base import Sampler, check_at_least
from autosample.samplers.draw import Draw
from autosample.samplers.gates import Gates
from autosample.samplers.hops import main_item
from autosample.types import Batch, Negatives, View

_USER, _ITEM, _POSITIVE, _NEGATIVE = range(4)


class DENS(Sampler):
    """Negatives that share the irrelevant factors of the positive (Lai et al. 2023).

    Learned gates split rows, layer by layer, into relevant and irrelevant factors:

        p_r = p * sigmoid(W_i p + W_u u),      p_ir = p - p_r
        n_r = n * sigmoid(W_n n + W_p p_r),    n_ir = n - n_r

    Of ``pool`` uniform unseen items every layer takes the one that maximises
    <u, (1 - min(1, epoch / warmup)) n - n_r>. The gates learn through ``auxiliary``,

        gamma / 4 * mean[sp(p_ir - p_r) + sp(n_r - n_ir) + sp(n_r - p_r) + sp(p_ir - n_ir)],

    where each term stands for its score with the user and sp is softplus.

    Differs from the paper in nothing; the initial gates come from ``seed``.

    Args:
        pool: Candidates per positive, M.
        warmup: Epochs until only the relevant factor counts.
        gamma: Weight of the auxiliary loss; 0 leaves the gates as they are.
        seed: Seed of the gates.

    Raises:
        SettingsError: AS220 when ``pool`` or ``warmup`` is below 1, or ``gamma`` negative.

    Shapes: ids (B, 1), vectors (B, 1, L, D). Cost: M L D^2 multiplications, one candidate column
    at a time.
    """

    name: ClassVar[str] = "dens"
    kind: ClassVar[Literal["item", "instance"]] = "instance"
    needs: ClassVar[frozenset[str]] = frozenset({"layers", "epoch", "parameters"})
    cost: ClassVar[str] = "O(M L D^2)"

    gates: Gates

    def __init__(
        self, *, pool: int = 8, warmup: int = 100, gamma: float = 0.3, seed: int = 0
    ) -> None:
        super().__init__()
        check_at_least(type(self), pool=(pool, 1), warmup=(warmup, 1), gamma=(gamma, 0))
        self.pool, self.warmup, self.gamma, self.seed = pool, warmup, gamma, seed

    def prepare(self, interactions: Interactions, *, dim: int, n_layers: int) -> None:
        """Create the gates."""
        self.gates = Gates(4, dim, seed=self.seed)

    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """One instance per positive, and the auxiliary loss."""
        user, positive = view.user_layers(batch.users), view.item_layers(batch.positives)
        relevant = self.relevant_positive(user, positive)
        share = 1.0 - min(1.0, draw.epoch / self.warmup)
        by_positive = self.gates.apply_to(relevant, _POSITIVE)
        candidates = draw.unseen(batch, self.pool)
        with torch.no_grad():
            scores = []
            for column in candidates.unbind(dim=1):
                rows = view.item_layers(column)
                left = share - self.negative_gate(rows, by_positive)
                scores.append((user * rows * left).sum(dim=-1))
            chosen = candidates.gather(1, torch.stack(scores, dim=1).argmax(dim=1))
        negative = view.item_hops(chosen)
        auxiliary = None
        if self.gamma > 0:
            irrelevant, n_rel = (
                positive - relevant,
                negative * self.negative_gate(negative, by_positive),
            )
            parts = torch.stack([relevant, n_rel, irrelevant, negative - n_rel], dim=1)
            auxiliary = self.gamma / 4 * _contrast(view.pool(user), view.pool(parts))
        return Negatives(ids=main_item(chosen), vectors=negative[:, None], auxiliary=auxiliary)

    def relevant_positive(self, user: Tensor, positive: Tensor) -> Tensor:
        """p_r from (B, L, D) rows of users and positives."""
        by_item = self.gates.apply_to(positive, _ITEM)
        return positive * torch.sigmoid(by_item + self.gates.apply_to(user, _USER))

    def negative_gate(self, negative: Tensor, by_positive: Tensor) -> Tensor:
        """Shares n_r / n from (B, L, D) rows of negatives and W_p p_r."""
        return torch.sigmoid(self.gates.apply_to(negative, _NEGATIVE) + by_positive)


def _contrast(user: Tensor, parts: Tensor) -> Tensor:
    """Mean sum of the four contrasts of p_r, n_r, p_ir and n_ir: (B, D), (B, 4, D) -> scalar."""
    p_r, n_r, p_ir, n_ir = torch.einsum("bd,bpd->pb", user, parts)
    terms = (
        softplus(p_ir - p_r) + softplus(n_r - n_ir) + softplus(n_r - p_r) + softplus(p_ir - n_ir)
    )
    return terms.mean()
