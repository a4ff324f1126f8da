"""A cache of hard negatives for each user."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from autosample.data.interactions import Interactions
from autosample.samplers.base import Sampler, check_at_least, check_begun
from autosample.samplers.choice import choose_distinct
from autosample.samplers.draw import Draw
from autosample.types import Batch, Negatives, View

_FIRST_STREAM = 23
_NEWCOMERS_STREAM = 24
_SURVIVE_STREAM = 25
_SLOT_STREAM = 26


class NSCaching(Sampler):
    """Uniform draws from a cache of high-scored items per user (Zhang et al. 2019).

    Before every epoch each cache is joined by ``newcomers`` uniform unseen items; of all these,
    as many as the cache holds survive, drawn one after another in proportion to exp(score).

    Differs from the paper: keys are users instead of the two ends of a triple; all caches are
    updated once an epoch (the paper's lazy update) and hold unseen items only.

    Args:
        cache: Items kept per user.
        newcomers: Items that compete for a place in each epoch; more are harder.
        k: Negatives per positive, K.

    Raises:
        SettingsError: AS220 when an argument is below 1.

    Shapes: ids (B, K). Cost: O(K) per positive, cache + newcomers rows read per user and epoch;
    memory 4 U cache bytes.
    """

    name: ClassVar[str] = "nscaching"
    needs: ClassVar[frozenset[str]] = frozenset({"scores", "memory"})
    remembers: ClassVar[dict[str, int]] = {"cache": 4}
    hardness: ClassVar[str | None] = "newcomers"
    hardness_range: ClassVar[tuple[float, float]] = (1, 4096)

    memory: Tensor  # (U, cache) int32
    filled: Tensor  # () bool

    def __init__(self, *, cache: int = 30, newcomers: int = 30, k: int = 1) -> None:
        super().__init__()
        check_at_least(type(self), cache=(cache, 1), newcomers=(newcomers, 1), k=(k, 1))
        self.cache, self.newcomers, self.k = cache, newcomers, k

    def prepare(self, interactions: Interactions, *, dim: int, n_layers: int) -> None:
        """Make empty caches."""
        empty = torch.zeros(interactions.n_users, self.cache, dtype=torch.int32)
        self.register_buffer("memory", empty)
        self.register_buffer("filled", torch.tensor(False))

    def begin_epoch(self, view: View, draw: Draw) -> None:
        """Let newcomers compete with the items of each cache; fill it first, if need be."""
        for block in draw.by_user():
            if self.filled:
                old = self.memory[block.users].long()
            else:
                old = draw.unseen(block, self.cache, stream=_FIRST_STREAM)
            new = draw.unseen(block, self.newcomers, stream=_NEWCOMERS_STREAM)
            ids = torch.cat([old, new], dim=1)
            uniforms = draw.uniform(block, ids.shape[1], stream=_SURVIVE_STREAM)
            survivors = choose_distinct(view.scores(block.users, ids), uniforms, self.cache)
            self.memory[block.users] = ids.gather(1, survivors).int()
        self.filled.fill_(True)

    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """Uniform slots of the users' caches."""
        draw.check(batch.users)
        check_begun(self, self.filled)
        slot = (draw.uniform(batch, self.k, stream=_SLOT_STREAM) * self.cache).long()
        return Negatives(ids=self.memory[batch.users[:, None], slot].long())
