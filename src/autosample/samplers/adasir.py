"""Adaptive sampling-importance-resampling."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from autosample.data.interactions import Interactions
from autosample.samplers.base import Sampler, check_at_least, check_begun
from autosample.samplers.choice import choose
from autosample.samplers.draw import Draw
from autosample.types import Batch, Negatives, View

_CANDIDATES_STREAM = 19
_RESAMPLE_STREAM = 20
_KEEP_STREAM = 21
_SLOT_STREAM = 22


class AdaSIR(Sampler):
    """Uniform draws from a pool per user that follows the softmax of scores (Chen et al. 2022).

    Before every epoch, R uniform unseen items of each user are resampled, with replacement, to
    ``pool`` of them by softmax(score); each slot of the user's pool then keeps its old item or
    takes the new one, with equal chance. A negative is a uniform slot of the pool.

    Differs from the paper: pools are refreshed once an epoch, and candidates come uniformly.

    Args:
        pool: Items kept per user.
        candidates: Items resampled from, R; more are closer to the softmax.
        k: Negatives per positive, K.

    Raises:
        SettingsError: AS220 when an argument is below 1.

    Shapes: ids (B, K). Cost: O(K) per positive, R rows read per user and epoch; memory 4 U pool
    bytes.
    """

    name: ClassVar[str] = "adasir"
    needs: ClassVar[frozenset[str]] = frozenset({"scores", "memory"})
    remembers: ClassVar[dict[str, int]] = {"pool": 4}

    memory: Tensor  # (U, pool) int32
    filled: Tensor  # () bool

    def __init__(self, *, pool: int = 50, candidates: int = 200, k: int = 1) -> None:
        super().__init__()
        check_at_least(type(self), pool=(pool, 1), candidates=(candidates, 1), k=(k, 1))
        self.pool, self.candidates, self.k = pool, candidates, k

    def prepare(self, interactions: Interactions, *, dim: int, n_layers: int) -> None:
        """Make empty pools."""
        empty = torch.zeros(interactions.n_users, self.pool, dtype=torch.int32)
        self.register_buffer("memory", empty)
        self.register_buffer("filled", torch.tensor(False))

    def begin_epoch(self, view: View, draw: Draw) -> None:
        """Refresh half of every user's pool; all of it the first time."""
        for block in draw.by_user():
            ids = draw.unseen(block, self.candidates, stream=_CANDIDATES_STREAM)
            uniforms = draw.uniform(block, self.pool, stream=_RESAMPLE_STREAM)
            new = ids.gather(1, choose(view.scores(block.users, ids), uniforms)).int()
            if self.filled:
                keep = draw.uniform(block, self.pool, stream=_KEEP_STREAM) < 0.5
                new = torch.where(keep, self.memory[block.users], new)
            self.memory[block.users] = new
        self.filled.fill_(True)

    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """Uniform slots of the users' pools."""
        draw.check(batch.users)
        check_begun(self, self.filled)
        slot = (draw.uniform(batch, self.k, stream=_SLOT_STREAM) * self.pool).long()
        return Negatives(ids=self.memory[batch.users[:, None], slot].long())
