"""What the report measures on the test split, beyond the run's own means."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from autosample import significance
from autosample.data.interactions import Interactions
from autosample.errors import DataError
from autosample.evaluate import rank_held_out
from autosample.metrics import Ranks, per_user

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

CUTOFFS = (1, 2, 3, 5, 7, 10, 15, 20, 25, 30, 40, 50, 60, 75, 100)


@dataclass(frozen=True)
class Mean:
    """A mean over users with its 95 % interval; the ends are NaN for a single user."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """One run minus another on the same users.

    Attributes:
        mean: Of the differences.
        better: Share of users for whom the first is better.
        worse: Share of users for whom it is worse.
        base: Mean of the other.
        p: Of Student's paired test; NaN for a single user.
    """

    mean: Mean
    better: float
    worse: float
    base: float = math.nan
    p: float = math.nan

    @property
    def relative(self) -> float:
        """The difference as a share of the other's mean; NaN where that is 0."""
        return self.mean.value / self.base if self.base else math.nan

    @property
    def significant(self) -> bool:
        """Whether p is below 0.05."""
        return self.p < 0.05


@dataclass(frozen=True)
class Groups:
    """Numbers 0, 1, 2 ... cut into ranges.

    Attributes:
        labels: One per group: "0–3", "4", "5+".
        edges: Highest number of every group but the last.
    """

    labels: list[str]
    edges: IntArray

    def of(self, values: IntArray) -> IntArray:
        """Group of each value."""
        return np.searchsorted(self.edges, values, side="left")

    def means(self, values: IntArray, scores: FloatArray) -> list[Mean]:
        """Mean of ``scores`` in each group of ``values``; NaN where a group is empty."""
        group = self.of(values)
        return [mean(scores[group == place]) for place in range(len(self.labels))]


def mean(values: FloatArray) -> Mean:
    """Mean of (n,) values with Student's 95 % interval.

    Values are taken to be independent, as users are.
    """
    found = significance.paired(values)
    return Mean(found.mean, found.low, found.high)


def difference(run: Ranks, other: Ranks, metric: str) -> Difference:
    """Paired difference of a metric.

    Raises:
        DataError: AS145 when the two are not of the same users and held-out items.
    """
    check_same_test(run, other)
    return paired(per_user(run, metric), per_user(other, metric))


def check_same_test(run: Ranks, other: Ranks) -> None:
    """Refuse ranks of other users or of other numbers of held-out items.

    Raises:
        DataError: AS145.
    """
    same = np.array_equal(run.users, other.users) and np.array_equal(run.indptr, other.indptr)
    if not same:
        raise other_test(len(run), len(other))


def other_test(users: int, others: int) -> DataError:
    """The error for runs with so many users in tests that are not the same."""
    return DataError(
        "AS145",
        f"Runs are compared on the same test split, got {users} and {others} users or "
        "other held-out items.",
        "Test both on the same dataset; give the test as a file where seeds differ.",
    )


def paired(own: FloatArray, theirs: FloatArray) -> Difference:
    """Difference of (n,) values of the same users."""
    change = own - theirs
    better, worse = float((change > 0).mean()), float((change < 0).mean())
    found = significance.paired(change)
    around = Mean(found.mean, found.low, found.high)
    return Difference(around, better, worse, float(theirs.mean()), found.p)


def holm(differences: Sequence[Difference]) -> list[Difference]:
    """The same with p-values adjusted for their number: the i-th lowest times n - i + 1."""
    corrected = significance.holm([difference.p for difference in differences])
    return [replace(one, p=p) for one, p in zip(differences, corrected, strict=True)]


def popularity_ranks(seen: Interactions, test: Interactions) -> Ranks:
    """Ranks when every user is given the items that most users have. Cost: one full ranking."""
    counts = torch.from_numpy(seen.item_counts.astype(np.float32))[:, None]
    return rank_held_out(torch.ones(seen.n_users, 1), counts, seen, test)


def curve(ranks: Ranks, name: str) -> list[tuple[float, float]]:
    """(K, mean of the metric ``name`` at K) for K up to 100 and to the number of items."""
    most = max(int(ranks.n_candidates.max()), 1)
    return [(k, float(per_user(ranks, f"{name}@{k}").mean())) for k in CUTOFFS if k <= most]


def cut(values: IntArray, *, lowest: int, parts: int = 5) -> Groups:
    """Ranges from ``lowest`` up that hold about equally many of ``values``, at most ``parts``."""
    shares = np.linspace(0, 1, parts + 1)[1:-1]
    edges = np.unique(np.quantile(values, shares, method="lower"))
    edges = edges[edges < values.max()].astype(np.int64)
    lows = [lowest, *(int(edge) + 1 for edge in edges)]
    labels = [_range(low, int(high)) for low, high in zip(lows, edges, strict=False)]
    return Groups([*labels, f"{lows[-1]:,}+"], edges)


def _range(low: int, high: int) -> str:
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"


def share_by_group(groups: Groups, of_item: IntArray, items: npt.NDArray[np.integer]) -> FloatArray:
    """Share of ``items`` (numbers; negative ones are left out) in each group of their value.

    Args:
        groups: Ranges of a value that items have.
        of_item: (I,) that value.
        items: Any shape.
    """
    picked = groups.of(of_item)[items[items >= 0]]
    counts = np.bincount(picked, minlength=len(groups.labels))
    shares: FloatArray = counts / max(counts.sum(), 1)
    return shares


def spread_users(users: IntArray, most: int) -> IntArray:
    """At most ``most`` of ``users``, evenly spread over their order."""
    if len(users) <= most:
        return users
    return users[np.linspace(0, len(users) - 1, most).round().astype(np.int64)]


def most_recommended(recommended: IntArray, n_items: int, count: int) -> Sequence[tuple[int, int]]:
    """(item number, in how many lists) of the most recommended items; ties by number."""
    times = np.bincount(recommended[recommended >= 0], minlength=n_items)
    order = np.lexsort((np.arange(n_items), -times))[:count]
    return [(int(item), int(times[item])) for item in order if times[item]]
