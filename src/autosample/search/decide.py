"""Statistical rules by which samplers are compared on the same or on different users."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MOST = 1e6  #: standard errors that a difference is said to be, as JSON has no infinity


@dataclass(frozen=True)
class Comparison:
    """Mean difference of two samplers and its standard error."""

    difference: float
    error: float

    @property
    def z(self) -> float:
        """Difference in standard errors, :data:`MOST` at most; 0 when nothing differs."""
        if abs(self.difference) >= MOST * self.error:
            return math.copysign(MOST, self.difference) if self.difference else 0.0
        return self.difference / self.error


def paired(first: FloatArray, second: FloatArray) -> Comparison:
    """``first`` minus ``second`` on the same users, (n,) each."""
    change = first - second
    return Comparison(float(change.mean()), math.sqrt(_variance_of_mean(change)))


def unpaired(first: FloatArray, second: FloatArray) -> Comparison:
    """``first`` minus ``second`` on different users (Welch's standard error)."""
    variance = _variance_of_mean(first) + _variance_of_mean(second)
    difference = float(first.mean() - second.mean()) if len(first) and len(second) else 0.0
    return Comparison(difference, math.sqrt(variance))


def _variance_of_mean(values: FloatArray) -> float:
    """Infinite for fewer than two users: then nothing can be said."""
    return float(values.var(ddof=1)) / len(values) if len(values) > 1 else math.inf


def adjusted(scores: FloatArray, groups: IntArray, covariates: FloatArray) -> FloatArray:
    """Scores without what covariates tell of their users, for a less noisy comparison of groups.

    y - (x - mean x) b with b by least squares within groups (analysis of covariance, Fisher 1932).
    Where users were assigned to groups at random the differences of group means keep their
    expectation, and their variance shrinks by the share that the covariates explain.

    Args:
        scores: (n,) y.
        groups: (n,) int64, 0 .. G-1.
        covariates: (n, C) x, known before the assignment.
    """
    centred = covariates - covariates.mean(axis=0)
    within = [centred - _group_means(centred, groups), scores - _group_means(scores, groups)]
    slope = np.linalg.lstsq(within[0], within[1], rcond=None)[0]
    return np.asarray(scores - centred @ slope)


def _group_means(values: FloatArray, groups: IntArray) -> FloatArray:
    """Mean of (n, ...) values over each one's group."""
    sums = np.zeros((int(groups.max()) + 1, *values.shape[1:]))
    np.add.at(sums, groups, values)
    counts = np.maximum(np.bincount(groups), 1).reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray((sums / counts)[groups])


def cheapest_not_worse(
    comparisons: Sequence[Comparison | None], level: float
) -> tuple[int, list[float]]:
    """The first option that is not significantly worse than the best.

    Options come in order of preference (cheapest first); each comparison is the leader minus the
    option, None for the leader itself. An option is passed over only when the leader beats it in a
    one-sided test at ``level``, so that with equal options a costlier one is chosen with at most
    that probability per comparison.

    Returns:
        The place of the choice, and the z of every comparison (0 for the leader).
    """
    bound = NormalDist().inv_cdf(1 - level)
    z = [0.0 if comparison is None else comparison.z for comparison in comparisons]
    for place, comparison in enumerate(comparisons):
        if comparison is None or z[place] < bound:
            return place, z
    raise ValueError("one of the options must be the leader")
