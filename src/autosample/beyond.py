"""What recommendations are like besides accurate: how many items they reach, and how popular.

``recommended`` is (n, k) item numbers as :func:`autosample.evaluate.recommend` gives them; -1
stands for no item and is left out. Numbers that the catalogue does not have, or that are not whole,
are refused with code AS111.
"""

from __future__ import annotations

import numpy as np

from autosample.data.interactions import IntArray, whole_numbers
from autosample.errors import DataError


def coverage(recommended: IntArray, n_items: int) -> float:
    """Share of the catalogue's items that anybody is recommended: 0..1."""
    return float(np.count_nonzero(_times_recommended(recommended, n_items)) / n_items)


def gini(recommended: IntArray, n_items: int) -> float:
    """Gini coefficient of how often each of the I items is recommended.

    sum_i (2 i - I - 1) c_i / (I sum_i c_i) with the counts c ascending, items never recommended
    included: 0 when all items are recommended equally often, 1 - 1/I when one item is all there
    is.

    Raises:
        DataError: AS143 when nothing is recommended.
    """
    counts = np.sort(_times_recommended(recommended, n_items))
    _require(counts, "recommendation")
    weights = 2.0 * np.arange(1, n_items + 1) - n_items - 1
    return float(weights @ counts / (n_items * counts.sum()))


def popularity_lift(recommended: IntArray, item_counts: IntArray) -> float:
    """Mean popularity of recommended items over that of training interactions, minus 1.

    Positive: recommendations are more popular than what people chose. Popularity of an item is
    its number of training interactions c; a random training interaction is with an item of mean
    popularity sum c^2 / sum c. Differs from Abdollahpouri et al. 2020, who average within each
    user's profile first: here each interaction counts once.

    Args:
        recommended: (n, k) item numbers, -1 for none.
        item_counts: (I,) training interactions of each item.

    Raises:
        DataError: AS143 when nothing is recommended or there is no training interaction.
    """
    times = _times_recommended(recommended, len(item_counts))
    _require(times, "recommendation")
    _require(item_counts, "training interaction")
    popularity = item_counts.astype(np.float64)
    chosen = popularity @ popularity / popularity.sum()
    return float(times @ popularity / times.sum() / chosen - 1.0)


def _times_recommended(recommended: IntArray, n_items: int) -> IntArray:
    """(I,) how often each item is recommended."""
    numbers = whole_numbers(recommended, "item")
    if strange := numbers[(numbers < -1) | (numbers >= n_items)][:5].tolist():
        problem = f"Every item number must lie in 0..{n_items - 1}, or be -1 for none."
        raise DataError("AS111", problem, "Give lists of this catalogue.", strange)
    return np.bincount(numbers[numbers >= 0], minlength=n_items)


def _require(counts: IntArray, what: str) -> None:
    if counts.sum() == 0:
        raise DataError("AS143", f"At least one {what} is needed, got none.", "Pass some.")
