"""Compiled kernels against their torch twins, on this machine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from autosample.data import Interactions
from autosample.kernels.best import top_k, top_k_torch
from autosample.kernels.draw import Unseen
from autosample.kernels.rank import ranks_of, ranks_of_torch
from autosample.kernels.score import pair_scores, pair_scores_torch
from autosample.kernels.spmm import Adjacency
from autosample.kernels.step import RowGradient, edge_gradient, edge_gradient_torch, row_adam

_USERS, _ITEMS, _DIM, _BATCH, _POOL = 30, 50, 8, 64, 5


def differences() -> list[str]:
    """Names of the kernels that disagree with their twins; empty when all is well.

    Cost: compiles every kernel where there is no cache, some 20 seconds.
    """
    case = _Case()
    checks: dict[str, Callable[[], bool]] = {
        "draw": case.draw,
        "score": case.score,
        "rank": case.rank,
        "top_k": case.top_k,
        "step": case.step,
        "propagate": case.propagate,
    }
    return [f"{name} differs from torch" for name, agrees in checks.items() if not agrees()]


class _Case:
    """A small problem with fixed numbers."""

    def __init__(self) -> None:
        numbers = np.random.default_rng(0)
        draws = [
            (numbers.integers(_USERS, size=n), numbers.integers(_ITEMS, size=n)) for n in (300, 60)
        ]
        self.seen, held = (Interactions.from_pairs(*pair, _USERS, _ITEMS) for pair in draws)
        self.held = held.without(self.seen)
        self.table = torch.from_numpy(numbers.normal(size=(_USERS + _ITEMS, _DIM))).float()
        self.users = torch.from_numpy(numbers.integers(_USERS, size=_BATCH))
        self.items = torch.from_numpy(numbers.integers(_ITEMS, size=(_BATCH, _POOL)))
        self.weights = torch.from_numpy(numbers.normal(size=(_BATCH, _POOL))).float()

    def draw(self) -> bool:
        """Unseen draws, bit for bit."""
        unseen, index = Unseen(self.seen), torch.arange(_BATCH)
        ours, twin = (
            draw(self.users, index, _POOL, 7) for draw in (unseen.draw, unseen.draw_torch)
        )
        return torch.equal(ours, twin)

    def score(self) -> bool:
        """Scores of pairs."""
        ours, twin = (
            f(*self._tables(), self.users, self.items) for f in (pair_scores, pair_scores_torch)
        )
        return _close(ours, twin)

    def rank(self) -> bool:
        """Ranks of held-out items."""
        asked = (*self._tables(), np.arange(_USERS), self.seen, self.held)
        return bool((ranks_of(*asked) == ranks_of_torch(*asked)).all())

    def top_k(self) -> bool:
        """Best unseen items."""
        asked = (*self._tables(), np.arange(_USERS), self.seen, 10)
        return bool((top_k(*asked)[0] == top_k_torch(*asked)[0]).all())

    def step(self) -> bool:
        """Gradient by rows, and the first step of Adam, of length lr in the gradient's sign."""
        edges = (self.table, self.users, self.items + _USERS, self.weights)
        ours, twin = edge_gradient(*edges), edge_gradient_torch(*edges)
        moved, zeros = self.table.clone(), torch.zeros_like(self.table)
        row_adam(moved, zeros, zeros.clone(), ours, step=1, lr=0.1)
        signs = self._dense(twin).sign()
        return _close(self._dense(ours), self._dense(twin)) and _close(
            moved, self.table - 0.1 * signs
        )

    def propagate(self) -> bool:
        """Adjacency times table."""
        adjacency = Adjacency(self.seen)
        return _close(adjacency.product(self.table), adjacency.product_torch(self.table))

    def _tables(self) -> tuple[Tensor, Tensor]:
        return self.table[:_USERS], self.table[_USERS:]

    def _dense(self, gradient: RowGradient) -> Tensor:
        return torch.zeros_like(self.table).index_add_(0, gradient.rows, gradient.values)


def _close(ours: Tensor, twin: Tensor) -> bool:
    return bool(torch.allclose(ours, twin, rtol=1e-4, atol=1e-5))
