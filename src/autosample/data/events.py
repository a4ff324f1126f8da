"""Events: rows as they were read, with text ids, before they get numbers; and notes about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from autosample.errors import DataError


@dataclass(frozen=True)
class Note:
    """Something a person should know about data or a run; collected, never printed here.

    Attributes:
        code: Stable identifier, see :mod:`autosample.codes`.
        message: One or two sentences.
        count: How many rows, pairs, users, items or ids it is about.
    """

    code: str
    message: str
    count: int

    def as_dict(self) -> dict[str, Any]:
        """The note for JSON."""
        return {"code": self.code, "message": self.message, "count": self.count}


@dataclass(frozen=True, eq=False)
class Events:
    """Who did what, row by row, in the order of the source.

    Attributes:
        frame: Columns ``user`` and ``item`` (String, never null or empty) and, when the source
            has them, ``rating`` (Float64) and ``time`` (Int64 or Float64). Not to be changed.
        notes: What was read, dropped and why.

    Raises:
        DataError: AS100 when the columns are not these.
    """

    frame: pl.DataFrame
    notes: tuple[Note, ...] = ()

    def __post_init__(self) -> None:
        allowed: dict[str, set[pl.DataType | type[pl.DataType]]] = {
            "user": {pl.String},
            "item": {pl.String},
            "rating": {pl.Float64},
            "time": {pl.Int64, pl.Float64},
        }
        schema = self.frame.schema
        wrong = [name for name, kind in schema.items() if kind not in allowed.get(name, set())]
        if wrong or not {"user", "item"} <= set(schema):
            raise DataError(
                "AS100",
                f"Events have the columns user, item (text), rating and time, got {dict(schema)}.",
                "Use read_events to make them.",
                wrong,
            )
        object.__setattr__(self, "frame", self.frame.clone())

    def __len__(self) -> int:
        return self.frame.height

    @property
    def has_rating(self) -> bool:
        """Whether rows have ratings."""
        return "rating" in self.frame.columns

    @property
    def has_time(self) -> bool:
        """Whether rows have times."""
        return "time" in self.frame.columns

    def replace(self, frame: pl.DataFrame, *notes: Note) -> Events:
        """Other rows with the notes of these and more."""
        return Events(frame, self.notes + notes)
