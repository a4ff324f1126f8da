"""Rows for users who were not there in training, from their items alone.

The rows of the items stay as they are, and the new user's row u minimises

    sum_{i in S} (1 - <u, v_i>)^2 + a (sum_i <u, v_i>^2 + s |u|^2),    s = tr(V^T V) / D

over all items i with row v_i, where S are the user's items: u should score 1 on them and about 0
on everything else. This is one half-step of alternating least squares on implicit feedback (Hu,
Koren and Volinsky 2008), with the weight a of what was not observed, and a penalty as large as the
mean item direction, so that the scale of the model's rows does not matter. The solution is
u = (a V^T V + a s 1 + sum_{i in S} v_i v_i^T)^-1 sum_{i in S} v_i. It asks for nothing but item
rows, so it serves every model whose scores are dot products, graph models included.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.linalg import cho_factor, cho_solve
from torch import Tensor

from autosample.data.interactions import Interactions

UNOBSERVED = 0.3  # the weight a; from 0.1 to 1 little changes (benchmarks/results/fold-in.json)


class FoldIn:
    """Solves for new users' rows; the part that all users share is done once.

    Args:
        item_table: (I, D) final rows of the items.
        trained: (I,) bool, items that were trained on; the rows of others say nothing.
        unobserved: The weight a.

    Cost: I D^2 once, then D^3 / 3 + |S| D^2 for a user, in float64.
    """

    def __init__(self, item_table: Tensor, trained: Tensor, unobserved: float = UNOBSERVED) -> None:
        self._rows = item_table.detach().cpu()
        known = self._rows[trained].double().numpy()
        gram = known.T @ known
        width = gram.shape[0]
        mean = max(float(np.trace(gram)) / width, np.finfo(np.float64).tiny)
        self._shared = unobserved * (gram + mean * np.eye(width))

    def rows(self, items: Interactions) -> Tensor:
        """(n, D) float32 rows for n users with the given items; zero where a user has none."""
        found = torch.zeros(items.n_users, self._rows.shape[1])
        for user in range(items.n_users):
            own = self._rows[torch.from_numpy(items.of(user).astype(np.int64))].double().numpy()
            if len(own):
                solved = cho_solve(cho_factor(self._shared + own.T @ own), own.sum(axis=0))
                found[user] = torch.from_numpy(solved)
        return found
