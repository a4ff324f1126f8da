"""Paired comparisons: tests, intervals, effect sizes, and correction for many tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Paired:
    """Differences of n pairs.

    Attributes:
        n: Number of pairs.
        mean: Mean difference.
        low, high: Ends of its 95 % interval by Student's t; NaN for fewer than two pairs.
        p: Of the two-sided paired t-test; NaN for fewer than two pairs.
        effect: Mean difference in standard deviations of the differences (Cohen's d for pairs);
            NaN where they do not vary.
    """

    n: int
    mean: float
    low: float
    high: float
    p: float
    effect: float

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON, which has no NaN: None instead."""
        return {name: finite(value) for name, value in asdict(self).items()}


def paired(differences: FloatArray) -> Paired:
    """Test (n,) differences against zero.

    Differences that are all equal, as of a run with itself, have p = 1 at zero and 0 elsewhere.
    """
    n = len(differences)
    mean = float(differences.mean()) if n else math.nan
    if n < 2:
        return Paired(n, mean, math.nan, math.nan, math.nan, math.nan)
    deviation = float(differences.std(ddof=1))
    if differences.min() == differences.max():  # of which rounding can make a deviation
        return Paired(n, mean, mean, mean, float(mean == 0), math.nan)
    error = deviation / math.sqrt(n)
    reach = float(stats.t.ppf(0.975, n - 1)) * error
    p = float(2 * stats.t.sf(abs(mean) / error, n - 1))
    return Paired(n, mean, mean - reach, mean + reach, p, mean / deviation)


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number (Holm 1979), in the order given; NaN are no tests.

    The k-th smallest of m is multiplied by m - k + 1; none becomes smaller than the one before it,
    or larger than 1. Rejecting those below a level keeps the chance of any false rejection there.
    """
    order = sorted((p, place) for place, p in enumerate(p_values) if not math.isnan(p))
    corrected, highest = [math.nan] * len(p_values), 0.0
    for rank, (p, place) in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p))
        corrected[place] = highest
    return corrected


def finite(value: float) -> float | None:
    """The value, or None where it is NaN or infinite."""
    return value if math.isfinite(value) else None
