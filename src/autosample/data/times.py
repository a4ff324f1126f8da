"""Times of events: one scale per column, its unit guessed from the size and said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from autosample.data.events import Note
from autosample.errors import DataError

# Unit, smallest size, ticks per second: seconds of the years 1973 to 5138 lie in [1e8, 1e11).
_UNIT_BANDS = (
    ("seconds", 1e8, 1e0),
    ("milliseconds", 1e11, 1e3),
    ("microseconds", 1e14, 1e6),
    ("nanoseconds", 1e17, 1e9),
)
_FIX = "Use one scale for the whole column: integers, floats or ISO 8601 dates."
_DAY_OR_MONTH = r"^(\d{1,2})[/-](\d{1,2})[/-]\d{4}"  # with dots the day is first everywhere


def parse_times(column: pl.Series) -> tuple[pl.Series, list[Note]]:
    """Read a column of times.

    Dates become microseconds since 1970, UTC where no zone is given. Numbers stay as they are;
    their unit matters for messages only.

    Args:
        column: (n,) integers, floats, dates, or text of one of these kinds.

    Returns:
        (n,) Int64 or Float64, null where missing; a note with unit and range; and another where
        times lie in 1970 or before, or in the future.

    Raises:
        DataError: AS115 when values are unreadable, infinite, 2^63 or more, on different scales, or
            dates in which the day may be the month.
    """
    kind = column.dtype
    if kind == pl.String:
        values, known = _from_text(column.replace("", None))
    elif isinstance(kind, pl.Datetime | pl.Date):
        values, known = column.cast(pl.Datetime("us")).cast(pl.Int64), True
    elif kind.is_integer() or kind == pl.Null:
        values, known = _whole(column), False
    elif kind.is_float():
        values, known = column.cast(pl.Float64).fill_nan(None), False
    else:
        raise DataError("AS115", f"Times are numbers or dates, got {kind}.", _FIX)
    if values.is_infinite().any():
        raise DataError("AS115", "Times must be finite.", _FIX)
    present = values.drop_nulls().to_numpy()
    if known:
        return values, _describe(present, "microseconds", "dates, in UTC")
    _check_one_scale(present)
    unit = guess_unit(present)
    return values, _describe(present, unit, f"{unit} since 1970" if unit else "order numbers")


def guess_unit(times: np.ndarray) -> str | None:
    """Name of the unit since 1970 that (n,) times seem to have; None for plain order numbers."""
    largest = float(np.abs(times).max()) if times.size else 0.0
    return next((name for name, low, _ in reversed(_UNIT_BANDS) if largest >= low), None)


def show_time(time: float, unit: str | None) -> str:
    """A time as a person reads it: a date where the unit is known."""
    scale = {name: per_second for name, _, per_second in _UNIT_BANDS}
    if unit is None:
        return f"{time:g}"
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=time / scale[unit])
    except OverflowError:
        return f"{time:g}"
    return moment.strftime("%Y-%m-%d %H:%M")


def histogram(times: np.ndarray, bins: int = 5) -> list[str]:
    """How many of (n,) times fall into each of ``bins`` equal spans, written out."""
    unit, first = guess_unit(times), times.min()
    offsets = times.astype(np.float64) - float(first)
    span = float(offsets.max())
    if span == 0:
        return [f"{len(times)} from {show_time(first, unit)}"]
    places = np.minimum((offsets / span * bins).astype(np.int64), bins - 1)
    return [
        f"{count} from {show_time(float(first) + span * place / bins, unit)}"
        for place, count in enumerate(np.bincount(places, minlength=bins))
    ]


def _whole(column: pl.Series) -> pl.Series:
    """(n,) Int64 of whole numbers, which larger ones do not fit."""
    values = column.cast(pl.Int64, strict=False)
    unread = values.is_null() & column.is_not_null()
    if unread.any():
        problem = f"Times must lie between -2^63 and 2^63, {unread.sum()} of {len(column)} are not."
        raise DataError("AS115", problem, _FIX, column.filter(unread)[:5])
    return values


def _from_text(column: pl.Series) -> tuple[pl.Series, bool]:
    """Values of a column of text, and whether they are dates."""
    given = int(column.is_not_null().sum())
    for kind in (pl.Int64, pl.Float64):
        numbers = column.cast(kind, strict=False)
        if int(numbers.is_not_null().sum()) == given:
            return numbers.fill_nan(None) if kind == pl.Float64 else numbers, False
    dates = column.str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
    unread = dates.is_null() & column.is_not_null()
    if unread.any():
        raise DataError(
            "AS115",
            f"Times must all be numbers or all be dates, {unread.sum()} of {given} do not fit.",
            _FIX,
            column.filter(unread)[:5],
        )
    _check_order(column)
    return dates.cast(pl.Int64), True


def _check_order(column: pl.Series) -> None:
    """Refuse dates such as 01/02/2020 where no number above 12 tells days from months."""
    first, second = (column.str.extract(_DAY_OR_MONTH, group).cast(pl.Int64) for group in (1, 2))
    if (first != second).any() and not (first > 12).any():
        raise DataError(
            "AS115",
            "Dates must say which number is the day, and no first one is above 12.",
            "Write them with the year first, as 2020-12-31.",
            column.filter((first != second).fill_null(value=False))[:3],
        )


def _check_one_scale(times: np.ndarray) -> None:
    """Refuse a column in which, say, seconds and milliseconds are mixed."""
    size = np.abs(times)
    band = np.searchsorted([low for _, low, _ in _UNIT_BANDS], size, side="right")
    used = np.unique(band[band > 0])
    if used.size > 1:
        names = [_UNIT_BANDS[place - 1][0] for place in used]
        raise DataError(
            "AS115",
            f"Times mix {' and '.join(names)} since 1970.",
            _FIX,
            [times[band == place][0].item() for place in used],
        )


def _describe(times: np.ndarray, unit: str | None, scale: str) -> list[Note]:
    """The note AS159 about what was read, as what scale, and AS173 where it is hard to believe."""
    if not times.size:
        return [Note("AS159", "No row has a time.", 0)]
    span = f"{show_time(times.min(), unit)} to {show_time(times.max(), unit)}"
    notes = [Note("AS159", f"Times read as {scale}: {span}.", len(times))]
    if unit is not None:
        per_second = {name: ticks for name, _, ticks in _UNIT_BANDS}[unit]
        now = datetime.now(UTC).timestamp() * per_second
        odd = int(((times <= 0) | (times > now)).sum())
        if odd:
            text = (
                "Times that lie in 1970 or before, or in the future: missing values, another unit?"
            )
            notes.append(Note("AS173", text, odd))
    return notes
