"""Simplified and robustified negative sampling."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from autosample.data.interactions import Interactions
from autosample.samplers.base import Sampler, check_at_least, check_at_most, check_begun
from autosample.samplers.choice import choose_distinct
from autosample.samplers.draw import Draw
from autosample.types import Batch, Negatives, View

_CANDIDATES_STREAM = 27
_MEMORY_STREAM = 28
_NEWCOMERS_STREAM = 29
_SURVIVE_STREAM = 30


class SRNS(Sampler):
    """High-scored items whose score is uncertain, from a memory per user (Ding et al. 2020).

    False negatives keep a high score with little variance. P = sigmoid(s_neg - s_pos) of each of a
    user's V candidates is averaged over epochs, as is its square. ``extra`` random ones join a
    memory of ``memory`` before every epoch, and as many survive, drawn by exp(P / temperature). The
    negative is the one in it that maximises P + alpha * min(1, epoch / warmup) * std(P).

    Differs from the paper: candidates are drawn once and stay; the memory changes once an epoch;
    mean and variance are exponential averages with weight 1/5 for the newest, not of five epochs;
    the history of P takes the user's first item as its positive; survivors go by P, not by scores.

    Args:
        candidates: Candidates per user, V.
        memory: Candidates in the memory.
        extra: Random candidates that compete with the memory in each epoch.
        alpha: Weight of the standard deviation.
        warmup: Epochs until it counts in full.
        temperature: Spread of the survivors; smaller is harder.

    Raises:
        SettingsError: AS220 when ``memory``, ``extra`` or ``warmup`` is below 1, ``memory`` above
            ``candidates``, ``alpha`` negative or ``temperature`` below 1e-3.

    Shapes: ids (B, 1). Cost: ``memory`` rows a positive, V a user and epoch; memory 12 U V bytes.
    """

    name: ClassVar[str] = "srns"
    needs: ClassVar[frozenset[str]] = frozenset({"scores", "memory", "epoch"})
    remembers: ClassVar[dict[str, int]] = {"candidates": 12, "memory": 4}
    cost: ClassVar[str] = "O(M D)"

    items: Tensor  # (U, V) int32
    mean: Tensor  # (U, V) float32, of P
    square: Tensor  # (U, V) float32, mean of the square of P
    slots: Tensor  # (U, memory) int32, columns of items
    filled: Tensor  # () bool

    def __init__(
        self,
        *,
        candidates: int = 128,
        memory: int = 8,
        extra: int = 64,
        alpha: float = 5.0,
        warmup: int = 50,
        temperature: float = 1.0,
    ) -> None:
        super().__init__()
        check_at_least(type(self), memory=(memory, 1), extra=(extra, 1), warmup=(warmup, 1))
        check_at_least(type(self), alpha=(alpha, 0), temperature=(temperature, 1e-3))
        check_at_most(type(self), memory=(memory, candidates))
        self.candidates, self.memory, self.extra = candidates, memory, extra
        self.alpha, self.warmup, self.temperature = alpha, warmup, temperature

    def prepare(self, interactions: Interactions, *, dim: int, n_layers: int) -> None:
        """Make empty candidates, histories and memories."""
        size = (interactions.n_users, self.candidates)
        self.register_buffer("items", torch.zeros(size, dtype=torch.int32))
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("square", torch.zeros(size))
        slots = torch.zeros(interactions.n_users, self.memory, dtype=torch.int32)
        self.register_buffer("slots", slots)
        self.register_buffer("filled", torch.tensor(False))

    def begin_epoch(self, view: View, draw: Draw) -> None:
        """Score all candidates, then refresh the memories."""
        for block in draw.by_user():
            if not self.filled:
                self._fill(block, draw)
            p = _probability(view, block, self.items[block.users].long())
            newest = 0.2 if self.filled else 1.0
            self.mean[block.users] += newest * (p - self.mean[block.users])
            self.square[block.users] += newest * (p**2 - self.square[block.users])
            self._refresh(block, p, draw)
        self.filled.fill_(True)

    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """The most promising item of each user's memory."""
        draw.check(batch.users)
        check_begun(self, self.filled)
        users, slots = batch.users[:, None], self.slots[batch.users].long()
        ids = self.items[users, slots].long()
        variance = self.square[users, slots] - self.mean[users, slots] ** 2
        bonus = self.alpha * min(1.0, draw.epoch / self.warmup)
        value = _probability(view, batch, ids) + bonus * variance.clamp_min(0).sqrt()
        return Negatives(ids=ids.gather(1, value.argmax(dim=1, keepdim=True)))

    def _fill(self, block: Batch, draw: Draw) -> None:
        """Draw the candidates and the first memory."""
        ids = draw.unseen(block, self.candidates, stream=_CANDIDATES_STREAM)
        self.items[block.users] = ids.int()
        first = draw.uniform(block, self.memory, stream=_MEMORY_STREAM) * self.candidates
        self.slots[block.users] = first.int()

    def _refresh(self, block: Batch, p: Tensor, draw: Draw) -> None:
        """Let random candidates compete with the memory."""
        new = draw.uniform(block, self.extra, stream=_NEWCOMERS_STREAM) * self.candidates
        slots = torch.cat([self.slots[block.users].long(), new.long()], dim=1)
        uniforms = draw.uniform(block, slots.shape[1], stream=_SURVIVE_STREAM)
        logits = p.gather(1, slots) / self.temperature
        survivors = choose_distinct(logits, uniforms, self.memory)
        self.slots[block.users] = slots.gather(1, survivors).int()


def _probability(view: View, batch: Batch, ids: Tensor) -> Tensor:
    """sigmoid(s_neg - s_pos) of (B, M) items."""
    positive = view.scores(batch.users, batch.positives[:, None])
    return torch.sigmoid(view.scores(batch.users, ids) - positive)
