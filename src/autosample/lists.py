"""Lists of a trained model by people's own ids: for its users, for new ones, for similar items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self, get_args

import numpy as np
import numpy.typing as npt
import polars as pl
import torch
from torch import Tensor

from autosample.data import Dataset, Interactions, Vocabulary
from autosample.errors import DataError, SettingsError
from autosample.evaluate import IntArray, recommend
from autosample.fold_in import FoldIn
from autosample.run import RunResult
from autosample.store import RunFolder

Unknown = Literal["error", "skip", "popular"]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]
Best = tuple[IntArray, FloatArray]  # (n, k) item numbers, -1 for none, and their scores

_CELLS = 2**18  # of a block of lists


class Lists:
    """The tables of a finished run and the ids of their rows; nothing else of it is kept.

    Args:
        user_table: (U, D) final rows of the users.
        item_table: (I, D) final rows of the items; scores are dot products.
        seen: U x I, not recommended again.
        users: U ids.
        items: I ids.
        train: U x I, what the rows were learned from; None: all that was seen.
    """

    def __init__(
        self,
        user_table: Tensor,
        item_table: Tensor,
        seen: Interactions,
        users: Vocabulary,
        items: Vocabulary,
        train: Interactions | None = None,
    ) -> None:
        self.user_table, self.item_table, self.seen = user_table, item_table, seen
        self.users, self.items = users, items
        self.train = seen if train is None else train

    @classmethod
    def of(cls, result: RunResult, dataset: Dataset) -> Self:
        """Lists of a run that is at hand."""
        tables = (result.user_table, result.item_table, result.seen)
        return cls(*tables, dataset.users, dataset.items, result.trained_on(dataset))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Lists of a run in a folder.

        Raises:
            StoreError: AS506, AS507, AS508, AS509 when there is no whole result.
        """
        folder = RunFolder.open(path)
        dataset = folder.dataset()
        return cls.of(folder.result(dataset), dataset)

    def recommend(
        self, users: pl.Series | Sequence[str], k: int = 10, *, unknown: Unknown = "error"
    ) -> pl.DataFrame:
        """The ``k`` best items that each user has not seen; see :meth:`blocks`."""
        return pl.concat(list(self.blocks(users, k, unknown=unknown)))

    def blocks(
        self, users: pl.Series | Sequence[str], k: int = 10, *, unknown: Unknown = "error"
    ) -> Iterator[pl.DataFrame]:
        """The same, some users at a time, so that memory does not grow with their number.

        Args:
            users: Ids of users.
            k: Items per user; fewer come where fewer are left.
            unknown: What to do about users without training items: refuse them, skip them, or
                recommend the items with the most interactions, with null scores.

        Returns:
            Frames with columns ``user``, ``item`` (text), ``rank`` (from 1) and ``score``, at least
            one, ordered by the users as given and by rank.

        Raises:
            DataError: AS133 for unknown users, before the first frame.
            SettingsError: AS231 for ``k`` below 1, AS204 for another ``unknown``, likewise.
        """
        if unknown not in get_args(Unknown):
            raise SettingsError(
                "AS204",
                f"unknown must be 'error', 'skip' or 'popular', got {unknown!r}.",
                "'popular' answers for everybody.",
            )
        names = users if isinstance(users, pl.Series) else pl.Series(list(users), dtype=pl.String)
        numbers = self.known(names)
        if unknown == "error" and (numbers < 0).any():
            raise DataError(
                "AS133",
                "Every user must have been trained on.",
                "Ask for others, or pass --unknown skip or popular (unknown= in Python).",
                names.filter(pl.Series(numbers < 0)),
            )
        k = self.length(k)
        step = max(1, _CELLS // k)
        starts = range(0, max(len(names), 1), step)
        popular = unknown == "popular"
        return (
            self._frame(names[start : start + step], numbers[start : start + step], k, popular)
            for start in starts
        )

    def similar(self, items: Sequence[str], k: int = 10) -> pl.DataFrame:
        """The ``k`` items whose rows have the highest cosine with each item's row.

        Returns:
            Columns ``item``, ``similar`` (text), ``rank`` and ``score``, the cosine.

        Raises:
            DataError: AS134 for items that were not trained on.
            SettingsError: AS231 for ``k`` below 1.
        """
        names = pl.Series(list(items), dtype=pl.String)
        numbers, table, every = self.known_items(names), self.directions, np.arange(len(names))
        itself = Interactions.from_pairs(every, numbers, len(names), len(table))
        best = recommend(table[torch.tensor(numbers)], table, itself, every, self.length(k))
        return self._long("item", names, "similar", *best)

    def known(self, users: pl.Series | Sequence[str]) -> IntArray:
        """(n,) numbers of (n,) ids; -1 for users without training items."""
        numbers = self.users.numbers(users)
        return np.where(self.train.user_counts[numbers] > 0, numbers, -1)

    def known_items(self, items: pl.Series | Sequence[str]) -> IntArray:
        """(n,) numbers of (n,) ids of items.

        Raises:
            DataError: AS134 for items that were not trained on.
        """
        numbers = self.items.numbers(items)
        fine = (numbers >= 0) & self.trained[numbers]
        if not fine.all():
            unknown = [name for name, known in zip(items, fine, strict=True) if not known]
            raise DataError(
                "AS134", "Every item must have been trained on.", "Ask for others.", unknown
            )
        return numbers

    def length(self, k: int) -> int:
        """The length of lists of up to ``k`` items, of which there are I at most."""
        if k < 1:
            raise SettingsError(
                "AS231", f"k must be at least 1, got {k}.", "Ask for one item or more."
            )
        return min(k, len(self.items))

    @cached_property
    def popular(self) -> IntArray:
        """(I,) item numbers, those with the most interactions first, then by number."""
        return np.argsort(-self.seen.item_counts, kind="stable")

    def popular_beside(self, left_out: npt.ArrayLike, k: int) -> IntArray:
        """The first ``k`` of :attr:`popular` that are not ``left_out``, item numbers likewise."""
        first = self.popular[: k + np.size(left_out)]
        return first[~np.isin(first, left_out)][:k]

    @cached_property
    def trained(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """(I,) whether items were trained on."""
        return self.train.item_counts > 0

    @cached_property
    def fold_in(self) -> FoldIn:
        """For users who were not there in training."""
        return FoldIn(self.item_table, torch.from_numpy(self.trained))

    @cached_property
    def directions(self) -> Tensor:
        """(I, D) rows of length one; zero where a row means nothing, having not been trained."""
        known = torch.from_numpy(self.trained)[:, None]
        return torch.nn.functional.normalize(self.item_table.detach().float() * known, dim=1)

    def _frame(self, names: pl.Series, numbers: IntArray, k: int, popular: bool) -> pl.DataFrame:
        known = numbers >= 0
        items, scores = np.full((len(names), k), -1, np.int64), np.full((len(names), k), np.nan)
        items[known], scores[known] = recommend(
            self.user_table, self.item_table, self.seen, numbers[known], k
        )
        if popular:
            items[~known] = self.popular[:k]
            had = self.users.numbers(names)  # in validation, of users who were not trained on
            for row in np.flatnonzero(~known & (had >= 0)):
                best = self.popular_beside(self.seen.of(had[row]), k)
                items[row] = np.pad(best, (0, k - len(best)), constant_values=-1)
        return self._long("user", names, "item", items, scores)

    def _long(
        self,
        who: str,
        names: pl.Series,
        what: str,
        items: IntArray,
        scores: np.ndarray[Any, Any],
    ) -> pl.DataFrame:
        """Long form of (n, k) item numbers, -1 for none, and scores, NaN for none."""
        row, place = np.nonzero(items >= 0)
        return pl.DataFrame(
            {
                who: names.gather(row),
                what: self.items.names.gather(items[row, place]),
                "rank": pl.Series(place + 1, dtype=pl.Int64),
                "score": pl.Series(scores[row, place], dtype=pl.Float64).fill_nan(None),
            }
        )
