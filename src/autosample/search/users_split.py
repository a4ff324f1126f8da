"""A randomised trial of samplers inside one training: every user gets one sampler."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autosample.data.interactions import Interactions
from autosample.kernels import random
from autosample.samplers.base import Sampler
from autosample.search.base import Outcome
from autosample.search.decide import FloatArray, adjusted, unpaired
from autosample.search.mixture import Split


class UsersSplit:
    """Assigns users to samplers at random and compares them between users.

    All users share one model, so a sampler's effect on its own users is compared on an equal
    footing at the cost of one training. The model has been shaped by bad samplers too, which is
    why its parameters are not kept.

    Args:
        n_users: All users, U.
        seed: Key of the assignment.
        covariates: (U, C) what is known of each user beforehand (:func:`user_covariates`); None:
            nothing.
    """

    def __init__(self, n_users: int, *, seed: int, covariates: FloatArray | None = None) -> None:
        self.order = random.permutation(n_users, seed, 0x5B117)
        self.covariates = covariates

    def assignment(self, arms: int) -> Tensor:
        """(U,) int64 arm of each user; group sizes differ by one at most."""
        assigned = torch.empty_like(self.order)
        assigned[self.order] = torch.arange(len(self.order)) % arms
        return assigned

    def sampler(self, arms: Sequence[Sampler]) -> Split:
        """The samplers as one."""
        return Split(arms, assignment=self.assignment(len(arms)))

    def decide(self, outcome: Outcome, arms: Sequence[Sampler]) -> tuple[list[int], dict[str, Any]]:
        """Places of the arms, that whose users have the best mean first, and the evidence.

        Ties do not go to cheaper arms here: training has only begun, and the way back from an arm
        that learns slowly is the longest.

        Args:
            outcome: Held-out scores of all validation users.
            arms: The samplers.
        """
        group = self.assignment(len(arms)).numpy()[outcome.users]
        values = outcome.scores
        if self.covariates is not None:
            values = adjusted(values, group, self.covariates[outcome.users])
        scores = [values[group == place] for place in range(len(arms))]
        means = [float(part.mean()) if len(part) else -np.inf for part in scores]
        order = sorted(range(len(arms)), key=lambda place: -means[place])
        leader = order[0]
        evidence = {
            arm.label: {
                "mean": means[place],
                "users": len(scores[place]),
                "z": 0.0 if place == leader else unpaired(scores[leader], scores[place]).z,
            }
            for place, arm in enumerate(arms)
        }
        return order, evidence


def user_covariates(train: Interactions, valid: Interactions) -> FloatArray:
    """(U, 4) what foretells a user's held-out score, whatever the sampler.

    Logarithms of 1 + the numbers of training and held-out items, and the mean and the largest
    logarithm of 1 + the popularity of the held-out items; zero for users without any.
    """
    popularity = np.log1p(train.item_counts[valid.items]).astype(np.float64)
    held = np.maximum(valid.user_counts, 1)
    mean = np.bincount(valid.users, popularity, minlength=valid.n_users) / held
    largest = np.zeros(valid.n_users)
    np.maximum.at(largest, valid.users, popularity)
    counts = [np.log1p(part.user_counts).astype(np.float64) for part in (train, valid)]
    return np.column_stack([*counts, mean, largest])
