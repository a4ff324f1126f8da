"""Text files that other libraries read: TREC run and qrels, RecBole's atomic files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import polars as pl

from autosample.data import Dataset, Interactions, Vocabulary
from autosample.errors import DataError
from autosample.evaluate import recommend
from autosample.export.target import Target
from autosample.lists import Lists

_BLOCK = 4096  # users
# What an id must not have, or be, in a pattern: RecBole reads with pandas, which takes some words
# for missing values, and drops their rows.
_TREC = r"[\s%]"
_RECBOLE = '[\t\r\n"%]|^(<?NA>?|[Nn]/[Aa]|NULL|null|-?NaN|-?nan|None|#N.*|-?1\\.#.*)$'


def trec(lists: Lists, dataset: Dataset, target: Target, k: int) -> dict[str, Any]:
    """Write ``run.trec`` with the best ``k`` items of every test user, and ``qrels.trec``.

    Evaluation tools sort a run by its scores in float32 and break ties by id. So of equal scores
    all but the first are lowered by the least step of float32, and the order stays ours.

    Raises:
        DataError: AS141 when there is no test split.
    """
    test = dataset.test
    users = np.flatnonzero(test.user_counts)
    if not len(users):
        raise DataError(
            "AS141", "There is no user with a test item to judge by.", "Split off a test part."
        )
    queries, encoded = _plain(lists.users, _TREC)
    documents, both = _plain(lists.items, _TREC)

    def run() -> Iterable[pl.DataFrame]:
        for start in range(0, len(users), _BLOCK):
            block = users[start : start + _BLOCK]
            items, scores = recommend(lists.user_table, lists.item_table, lists.seen, block, k)
            row, place = np.nonzero(items >= 0)
            yield pl.DataFrame(
                {
                    "query": queries.gather(block[row]),
                    "Q0": pl.repeat("Q0", len(row), eager=True),
                    "document": documents.gather(items[row, place]),
                    "rank": place + 1,
                    "score": _falling(scores)[row, place],
                    "tag": pl.repeat("autosample", len(row), eager=True),
                }
            )

    def qrels() -> Iterable[pl.DataFrame]:
        pairs = {"query": queries.gather(test.users), "document": documents.gather(test.items)}
        yield pl.DataFrame(pairs).select("query", pl.lit(0), "document", pl.lit(1).alias("judged"))

    target.add("run.trec", lambda path: _write(path, run(), " "))
    target.add("qrels.trec", lambda path: _write(path, qrels(), " "))
    return {"users": len(users), "k": k, "ids": _how(encoded or both)}


def recbole(lists: Lists, dataset: Dataset, target: Target, name: str) -> dict[str, Any]:
    """Write ``NAME.train.inter``, ``NAME.valid.inter`` and ``NAME.test.inter``.

    RecBole takes them as they are split with ``benchmark_filename: [train, valid, test]``.
    """
    users, encoded = _plain(lists.users, _RECBOLE)
    items, both = _plain(lists.items, _RECBOLE)
    for kind in ("train", "valid", "test"):
        part: Interactions = getattr(dataset, kind)
        columns = {
            "user_id:token": users.gather(part.users),
            "item_id:token": items.gather(part.items),
        }
        frames = [pl.DataFrame(columns)]
        write = partial(_write, frames=frames, separator="\t", header=True)
        target.add(f"{name}.{kind}.inter", write)
    return {"name": name, "ids": _how(encoded or both)}


def _plain(ids: Vocabulary, pattern: str) -> tuple[pl.Series, bool]:
    """Ids as they are, or percent-encoded where one has what the format cannot hold."""
    if not (ids.names.str.contains(pattern) | (ids.names == "")).any():
        return ids.names, False
    return pl.Series([_encoded(name, pattern) for name in ids.names], dtype=pl.String), True


def _encoded(name: str, pattern: str) -> str:
    """A percent-encoded id, of which the first letter is encoded too if nothing else was."""
    encoded = quote(name, safe="") or "%"
    if encoded == name and re.search(pattern, name):
        return f"%{ord(name[0]):02X}{name[1:]}"
    return encoded


def _how(encoded: bool) -> str:
    return "percent-encoded" if encoded else "as they are"


def _falling(scores: np.ndarray[Any, np.dtype[np.float32]]) -> np.ndarray[Any, Any]:
    """(n, k) float32 scores, each below the one before; they differ in ties alone."""
    lowered = scores.copy()
    for place in range(1, lowered.shape[1]):
        below = np.nextafter(lowered[:, place - 1], np.float32(-np.inf))
        lowered[:, place] = np.minimum(lowered[:, place], below)
    return lowered


def _write(
    path: Path, frames: Iterable[pl.DataFrame], separator: str, *, header: bool = False
) -> None:
    """Frames one after the other, without quotes."""
    with path.open("wb") as file:
        for frame in frames:
            frame.write_csv(file, separator=separator, include_header=header, quote_style="never")
