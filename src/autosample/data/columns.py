"""Raw columns of any source to :class:`Events`: ids become text, ratings floats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from autosample.data.events import Events, Note
from autosample.data.times import parse_times
from autosample.errors import DataError

MAX_BAD_FRACTION = 0.01
_EXACT_FLOAT = 2.0**53


def to_events(
    raw: Mapping[str, pl.Series], *, notes: Iterable[Note] = (), lenient: bool = False
) -> Events:
    """Canonical events of raw columns.

    Args:
        raw: ``user`` and ``item``, and perhaps ``rating`` and ``time``: (n,) each.
        notes: What is known about the source so far.
        lenient: Drop rows without an id however many they are.

    Raises:
        DataError: AS102 no rows; AS109 ids that are neither text nor whole numbers; AS113 more
            than 1 % of the rows without an id; AS114, AS115 unreadable ratings or times.
    """
    collected = list(notes)
    columns = {role: id_text(raw[role], role, collected) for role in ("user", "item")}
    if "rating" in raw:
        columns["rating"] = _ratings(raw["rating"])
    if "time" in raw:
        columns["time"], told = parse_times(raw["time"])
        collected += told
    frame = _drop_missing(pl.DataFrame(columns), collected, lenient)
    return Events(frame, tuple(collected))


def id_text(column: pl.Series, role: str, notes: list[Note]) -> pl.Series:
    """(n,) String: text as it is, whole numbers in decimal; a note when they came as floats."""
    kind = column.dtype
    if kind == pl.String:
        return column
    if kind.is_integer() or isinstance(kind, pl.Categorical | pl.Enum) or kind == pl.Null:
        return column.cast(pl.String)
    if kind.is_float():
        values = column.cast(pl.Float64).fill_nan(None)
        whole = (values == values.floor()) & (values.abs() <= _EXACT_FLOAT)
        if (~whole).any():
            raise DataError(
                "AS109",
                f"The {role} ids are floats and not all whole numbers below 2^53.",
                "Store ids as text or integers.",
                values.filter(~whole),
            )
        notes.append(
            Note("AS152", f"The {role} ids came as floats; 1.0 was read as 1.", len(column))
        )
        return values.cast(pl.Int64).cast(pl.String)
    raise DataError(
        "AS109", f"The {role} ids are of type {kind}.", "Store ids as text or integers.", column[:5]
    )


def _ratings(column: pl.Series) -> pl.Series:
    """(n,) Float64; null where the source has nothing."""
    if not (column.dtype.is_numeric() or column.dtype in (pl.String, pl.Null, pl.Boolean)):
        raise DataError(
            "AS114", f"Ratings are numbers, got {column.dtype}.", "Name a column of numbers."
        )
    given = column.replace("", None) if column.dtype == pl.String else column
    values = given.cast(pl.Float64, strict=False)
    unread = values.is_null() & given.is_not_null()
    if unread.any():
        raise DataError(
            "AS114",
            f"Ratings are numbers, {unread.sum()} are not.",
            "Correct them, or leave the rating column out.",
            given.filter(unread)[:5],
        )
    return values


def _drop_missing(frame: pl.DataFrame, notes: list[Note], lenient: bool) -> pl.DataFrame:
    """Rows with both ids; a note, or the error AS113, about the others."""
    present = frame["user"].fill_null("").ne("") & frame["item"].fill_null("").ne("")
    missing = int((~present).sum())
    if missing > MAX_BAD_FRACTION * frame.height and not lenient:
        raise DataError(
            "AS113",
            f"At most 1 % of the rows may lack a user or item id, {missing} of {frame.height} do.",
            "Complete them, or drop them with --skip-bad-lines (skip_bad_lines=True in Python).",
            [f"row {row + 1}" for row in (~present).arg_true()[:5]],
        )
    if missing:
        notes.append(Note("AS151", "Rows without a user or item id dropped.", missing))
    if missing == frame.height:
        raise DataError("AS102", "There are no interactions.", "Give a table with rows.")
    return frame.filter(present)
