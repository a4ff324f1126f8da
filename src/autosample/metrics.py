"""Measures of top-K recommendation, as functions of the ranks of held-out items.

Notation: user u has R held-out (relevant) items with ranks r_1 < ... < r_R among the items it has
not seen; H = #{r <= K}. Ranks are distinct: of equally scored items the one with the lower number
comes first, so no measure depends on how a sort happens to treat ties. Every measure gives one
float64 in 0..1 per user; users without held-out items are not in :class:`Ranks`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from autosample.errors import DataError, SettingsError, did_you_mean

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Ranks:
    """Exact ranks of the held-out items of n users.

    Attributes:
        users: (n,) int64, ascending user numbers; each has at least one held-out item.
        indptr: (n + 1,) int64; the ranks of the i-th are ``ranks[indptr[i]:indptr[i + 1]]``.
        ranks: (nnz,) int32, 1-based, in the order of the held-out interactions.
        n_candidates: (n,) int64, how many items were ranked: all but the seen ones.
    """

    users: IntArray
    indptr: IntArray
    ranks: npt.NDArray[np.int32]
    n_candidates: IntArray

    def __len__(self) -> int:
        return len(self.users)

    @property
    def n_relevant(self) -> IntArray:
        """(n,) number R of held-out items."""
        return np.diff(self.indptr)


def recall(ranks: Ranks, k: int) -> FloatArray:
    """H / R: the share of the held-out items in the first ``k``.

    Divided by R even where R > k, so that 1 is then out of reach (some libraries divide by
    min(k, R)).
    """
    return _hits(ranks, k) / ranks.n_relevant


def precision(ranks: Ranks, k: int) -> FloatArray:
    """H / k: the share of held-out items in the first ``k``, also with fewer than ``k`` items."""
    return _hits(ranks, k) / k


def hit_rate(ranks: Ranks, k: int) -> FloatArray:
    """1 if r_1 <= k, else 0: whether any held-out item is in the first ``k``."""
    return (_hits(ranks, k) > 0).astype(np.float64)


def mrr(ranks: Ranks, k: int) -> FloatArray:
    """1 / r_1 if r_1 <= k, else 0: the reciprocal rank of the first held-out item."""
    first = np.minimum.reduceat(ranks.ranks, ranks.indptr[:-1])
    return np.where(first <= k, 1.0 / first.astype(np.float64), 0.0)


def ndcg(ranks: Ranks, k: int) -> FloatArray:
    """sum_{r <= k} 1 / log2(1 + r), over the same sum for ranks 1 .. min(k, R).

    Binary gain; the best possible list is cut at ``k`` as well (Järvelin and Kekäläinen 2002, with
    the discount log2(1 + rank) that is now usual).
    """
    best: FloatArray = np.cumsum(_discount(np.arange(1, ranks.n_relevant.max(initial=1) + 1)))
    gains = np.where(ranks.ranks <= k, _discount(ranks.ranks), 0.0)
    ideal: FloatArray = best[np.minimum(k, ranks.n_relevant) - 1]
    return _sum(ranks, gains) / ideal


def average_precision(ranks: Ranks, k: int) -> FloatArray:
    """sum_{i: r_i <= k} (i / r_i) / min(k, R): precision at each held-out item in the first ``k``.

    Divided by min(k, R), so that a perfect list has 1; trec_eval divides by R.
    """
    gains = np.where(ranks.ranks <= k, _order(ranks) / ranks.ranks, 0.0)
    return _sum(ranks, gains) / np.minimum(k, ranks.n_relevant)


def smooth_dcg(ranks: Ranks) -> FloatArray:
    """mean_i 1 / log2(1 + r_i): gain of all held-out items wherever they stand, no cut-off.

    Moves with every change of rank, so it tells two models apart on few users where the measures
    with a cut-off see no difference.
    """
    return _sum(ranks, _discount(ranks.ranks)) / ranks.n_relevant


METRICS: Mapping[str, Callable[..., FloatArray]] = MappingProxyType(
    {
        "recall": recall,
        "ndcg": ndcg,
        "hit": hit_rate,
        "precision": precision,
        "mrr": mrr,
        "map": average_precision,
        "smooth_dcg": smooth_dcg,
    }
)
_WITHOUT_CUTOFF = ("smooth_dcg",)


def parse_metric(text: str) -> tuple[str, int | None]:
    """Split ``"ndcg@20"`` into name and cut-off; ``"smooth_dcg"`` has None.

    Raises:
        SettingsError: AS230 for an unknown name, AS231 for a missing, needless or bad cut-off.
    """
    name, at, cutoff = text.partition("@")
    if name not in METRICS:
        hint = did_you_mean(name.lower(), METRICS, "Did you mean")
        raise SettingsError(
            "AS230",
            f"A metric must be one of {', '.join(METRICS)}, got {name!r}.",
            f"{hint} Write for instance 'ndcg@20'.".lstrip(),
        )
    if name in _WITHOUT_CUTOFF:
        if at:
            raise SettingsError(
                "AS231", f"{name} has no cut-off, got {text!r}.", f"Write {name!r}."
            )
        return name, None
    if not re.fullmatch("0*[1-9][0-9]{0,8}", cutoff):
        raise SettingsError(
            "AS231",
            f"{name} needs a whole cut-off from 1 to 999999999, got {text!r}.",
            f"Write for instance '{name}@20'.",
        )
    return name, int(cutoff)


def per_user(ranks: Ranks, metric: str) -> FloatArray:
    """(n,) values of a metric by its full name such as ``"ndcg@20"``; errors: parse_metric."""
    name, k = parse_metric(metric)
    return METRICS[name](ranks) if k is None else METRICS[name](ranks, k)


def summarise(ranks: Ranks, metrics: Iterable[str]) -> dict[str, float]:
    """Means over users, by the names given.

    Raises:
        DataError: AS141 when there is no user to average over.
    """
    if len(ranks) == 0:
        raise DataError(
            "AS141",
            "At least one user must have a held-out item, got none.",
            "Hold out more interactions, or filter less.",
        )
    return {metric: float(per_user(ranks, metric).mean()) for metric in metrics}


def _discount(rank: npt.NDArray[np.integer]) -> FloatArray:
    discount: FloatArray = 1.0 / np.log2(1.0 + rank)
    return discount


def _sum(ranks: Ranks, values: npt.NDArray[np.generic]) -> FloatArray:
    """(n,) sums by user of (nnz,) values."""
    sums: FloatArray = np.add.reduceat(values, ranks.indptr[:-1], dtype=np.float64)
    return sums


def _hits(ranks: Ranks, k: int) -> FloatArray:
    return _sum(ranks, ranks.ranks <= k)


def _order(ranks: Ranks) -> IntArray:
    """(nnz,) place 1 .. R of every held-out item among those of its user."""
    owner = np.repeat(np.arange(len(ranks)), ranks.n_relevant)
    places = np.empty(len(owner), np.int64)
    places[np.lexsort((ranks.ranks, owner))] = np.arange(len(owner)) - ranks.indptr[owner] + 1
    return places
