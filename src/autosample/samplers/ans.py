"""Augmented negative sampling."""

from __future__ import annotations

from typing import ClassVar, Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize, softplus

from autosample.data.interactions import Interactions
from autosample.samplers.base import Sampler, check_at_least
from autosample.samplers.draw import Draw
from autosample.samplers.gates import Gates
from autosample.samplers.hops import main_item
from autosample.types import Batch, Negatives, View

_STREAM = 31


class _Parts(NamedTuple):
    """Rows (B, L, D) of a candidate and of the positive, split by the candidate's gate."""

    hard: Tensor
    easy: Tensor
    positive_hard: Tensor
    positive_easy: Tensor
    synthetic: Tensor


class ANS(Sampler):
    """A candidate whose easy factors are moved towards the positive's (Zhao et al. 2023).

    In each layer a learned gate g = sigmoid((W_n n) * (W_u u)) splits a candidate and the positive,
    n = n_h + n_e and p = p_h + p_e. With c ~ U(0, 1) per dimension and unit(c) its direction,

        n' = n_h + n_e + 0.1 sigmoid(1 / W_m(n_h * p_h)) * unit(c) * sign(p_e - n_e),

    and every layer takes the candidate that maximises <u, n'> + eps <u, n' - n>. The gates learn
    through n' and through ``auxiliary``, gamma times the mean over rows and layers of

        softplus(<u, n_e> - <u, n_h>) + |n_h - p_h| + |p_e * n_e|.

    Differs from the paper: candidates of a positive share c, the auxiliary loss looks at the
    chosen ones only, and 1 / x is taken as x / (x^2 + 1e-4), which stays finite at 0.

    Args:
        pool: Candidates per positive, M.
        eps: Weight of what the augmentation gained.
        gamma: Weight of the auxiliary loss; at 0 the gates learn through n' alone.
        seed: Seed of the gates.

    Raises:
        SettingsError: AS220 when ``pool`` is below 1, or ``eps`` or ``gamma`` negative.

    Shapes: ids (B, 1), vectors (B, 1, L, D). Cost: M L D^2 multiplications, one candidate column
    at a time.
    """

    name: ClassVar[str] = "ans"
    kind: ClassVar[Literal["item", "instance"]] = "instance"
    needs: ClassVar[frozenset[str]] = frozenset({"layers", "parameters"})
    cost: ClassVar[str] = "O(M L D^2)"

    gates: Gates  # of the negative, of the user
    margin: Gates  # one number

    def __init__(
        self, *, pool: int = 8, eps: float = 0.5, gamma: float = 0.1, seed: int = 0
    ) -> None:
        super().__init__()
        check_at_least(type(self), pool=(pool, 1), eps=(eps, 0), gamma=(gamma, 0))
        self.pool, self.eps, self.gamma, self.seed = pool, eps, gamma, seed

    def prepare(self, interactions: Interactions, *, dim: int, n_layers: int) -> None:
        """Create the gates."""
        self.gates = Gates(2, dim, seed=self.seed)
        self.margin = Gates(1, dim, width=1, seed=self.seed)

    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """One instance per positive, and the auxiliary loss."""
        user, positive = view.user_layers(batch.users), view.item_layers(batch.positives)
        candidates = draw.unseen(batch, self.pool)
        noise = draw.uniform(batch, user[0].numel(), stream=_STREAM).reshape(user.shape)
        noise, by_user = normalize(noise, dim=-1).to(user.dtype), self.gates.apply_to(user, 1)
        with torch.no_grad():
            values = []
            for column in candidates.unbind(dim=1):
                rows = view.item_layers(column)
                new = self.split(by_user, positive, rows, noise).synthetic
                values.append((user * ((1 + self.eps) * new - self.eps * rows)).sum(dim=-1))
            chosen = candidates.gather(1, torch.stack(values, dim=1).argmax(dim=1))
        parts = self.split(by_user, positive, view.item_hops(chosen), noise)
        auxiliary = self.gamma * _separation(user, parts) if self.gamma > 0 else None
        vectors = parts.synthetic[:, None]
        return Negatives(ids=main_item(chosen), vectors=vectors, auxiliary=auxiliary)

    def split(self, by_user: Tensor, positive: Tensor, negative: Tensor, noise: Tensor) -> _Parts:
        """Split rows (B, L, D) by the gate, of which W_u u is given, and augment the negative's."""
        gate = torch.sigmoid(self.gates.apply_to(negative, 0) * by_user)
        hard, positive_hard = negative * gate, positive * gate
        easy, positive_easy = negative - hard, positive - positive_hard
        x = self.margin.apply_to(hard * positive_hard, 0)
        x = x.to(torch.promote_types(x.dtype, torch.float32))  # its square may be none in float16
        size = (0.1 * torch.sigmoid(x / (x**2 + 1e-4))).to(noise.dtype)
        step = size * noise * torch.sign(positive_easy - easy)
        return _Parts(hard, easy, positive_hard, positive_easy, negative + step)


def _separation(user: Tensor, parts: _Parts) -> Tensor:
    """Mean over rows and layers of the terms that separate hard from easy factors."""
    contrast = (user * (parts.easy - parts.hard)).sum(dim=-1)
    distance = torch.linalg.vector_norm(parts.hard - parts.positive_hard + 1e-6, dim=-1)
    overlap = torch.linalg.vector_norm(parts.positive_easy * parts.easy, dim=-1)
    terms: Tensor = softplus(contrast) + distance + overlap
    return terms.mean()
