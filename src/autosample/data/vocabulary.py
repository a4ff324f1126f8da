"""Vocabulary: the people's own ids on one side, numbers 0 .. n-1 on the other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from autosample.data.interactions import IntArray, whole_numbers
from autosample.errors import DataError


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Ids in the order of their numbers.

    Attributes:
        names: (n,) String, distinct; the id of number k is ``names[k]``.

    Raises:
        DataError: AS130 when an id is missing or occurs twice.
    """

    names: pl.Series

    def __post_init__(self) -> None:
        if self.names.dtype != pl.String or self.names.null_count():
            raise DataError("AS130", "Every id of a vocabulary must be text.", "Pass strings.")
        if self.names.n_unique() != len(self.names):
            raise DataError(
                "AS130",
                "Every id of a vocabulary must occur once.",
                "Use Vocabulary.from_ids, which keeps the first of each.",
                self.names.filter(self.names.is_duplicated()).unique(maintain_order=True),
            )

    @classmethod
    def from_ids(cls, *columns: pl.Series | Sequence[str]) -> Vocabulary:
        """Number ids by first appearance, the first column's before the second's and so on."""
        every = pl.concat([_text(column) for column in columns])
        return cls(every.unique(maintain_order=True))

    def __len__(self) -> int:
        return len(self.names)

    def numbers(self, ids: pl.Series | Sequence[str]) -> IntArray:
        """(n,) numbers of (n,) ids; -1 where the id is unknown. Cost: one hash join."""
        known = pl.Series(np.arange(len(self)), dtype=pl.Int64)
        column = _text(ids)
        if not (len(self) and len(column)):
            return np.full(len(column), -1, dtype=np.int64)
        return column.replace_strict(self.names, known, default=-1).to_numpy()

    def ids(self, numbers: npt.ArrayLike) -> list[str]:
        """Ids of (n,) numbers.

        Raises:
            DataError: AS131 when a number is not one of 0 .. n-1, AS111 when it is not whole.
        """
        wanted = whole_numbers(numbers, "vocabulary").reshape(-1)
        bad = wanted[(wanted < 0) | (wanted >= len(self))]
        if bad.size:
            raise DataError(
                "AS131",
                f"Numbers of this vocabulary lie in 0..{len(self) - 1}.",
                "Ask for numbers that this vocabulary gave out.",
                bad.tolist(),
            )
        return self.names.gather(wanted).to_list()

    def fingerprint(self) -> str:
        """SHA-256 of the ids in order."""
        encoded = [name.encode() for name in self.names]
        digest = hashlib.sha256(np.array([len(text) for text in encoded], dtype="<u8").tobytes())
        digest.update(b"".join(encoded))
        return digest.hexdigest()

    def save(self, path: str | Path) -> None:
        """Write JSON lines: the first holds the fingerprint, line k + 2 the id of number k."""
        head = json.dumps({"vocabulary": len(self), "sha256": self.fingerprint()})
        body = pl.DataFrame({"id": self.names}).write_ndjson()
        Path(path).write_text(f"{head}\n{body}", encoding="utf-8", newline="\n")

    @classmethod
    def load(cls, path: str | Path) -> Vocabulary:
        """Read what :meth:`save` wrote.

        Raises:
            DataError: AS132 when the file cannot be read or is not what was written.
        """
        try:
            head, _, body = Path(path).read_bytes().partition(b"\n")
            expected = json.loads(head)["sha256"]
            schema = {"id": pl.String}
            frame = pl.read_ndjson(body, schema=schema) if body else pl.DataFrame(schema=schema)
            loaded = cls(frame["id"])
        except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as cause:
            raise _damaged(path, f"cannot be read ({cause})") from cause
        if loaded.fingerprint() != expected:
            raise _damaged(path, "does not have the checksum it was saved with")
        return loaded


def _text(ids: pl.Series | Sequence[str]) -> pl.Series:
    """Ids as a String column; numbers are refused, not converted."""
    try:
        column = ids if isinstance(ids, pl.Series) else pl.Series(list(ids), dtype=pl.String)
    except TypeError:
        column = pl.Series(list(ids), dtype=pl.Object)
    if column.dtype != pl.String:
        raise DataError("AS109", "Ids are text.", "Pass '7' for the id 7.", list(ids)[:5])
    return column


def _damaged(path: str | Path, what: str) -> DataError:
    return DataError(
        "AS132",
        f"The vocabulary {Path(path).name} {what}.",
        "Restore the file, or build the dataset again.",
    )
