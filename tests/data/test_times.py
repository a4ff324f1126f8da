from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from autosample.data.times import guess_unit, histogram, parse_times, show_time
from autosample.errors import DataError

MOMENT = datetime(2015, 6, 1, 12, 30, tzinfo=UTC)
SECONDS = int(MOMENT.timestamp())
MICROS = SECONDS * 10**6


@pytest.mark.parametrize(
    "column",
    [
        pl.Series([MOMENT]),
        pl.Series([MOMENT.replace(tzinfo=None)]),
        pl.Series([MOMENT]).cast(pl.Datetime("ms", "UTC")),
        pl.Series([MOMENT]).dt.convert_time_zone("Asia/Tokyo"),
        pl.Series(["2015-06-01T12:30:00Z"]),
        pl.Series(["2015-06-01 12:30:00"]),
        pl.Series(["2015-06-01T14:30:00+02:00"]),
    ],
)
def test_dates_become_microseconds_of_utc(column):
    times, (note, *_) = parse_times(column)
    assert times.to_list() == [MICROS]
    assert note.code == "AS159"
    assert "read as dates, in UTC: 2015-06-01 12:30 to" in note.message


def test_days():
    times, _ = parse_times(pl.Series([date(1970, 1, 2)]))
    assert times.to_list() == [86_400 * 10**6]


@pytest.mark.parametrize(
    ("factor", "unit"),
    [(1, "seconds"), (10**3, "milliseconds"), (10**6, "microseconds"), (10**9, "nanoseconds")],
)
@pytest.mark.parametrize("text", [True, False])
def test_numbers_stay_and_their_unit_is_said(factor, unit, text):
    values = [SECONDS * factor, SECONDS * factor + 1]
    times, (note, *_) = parse_times(
        pl.Series(values).cast(pl.String) if text else pl.Series(values)
    )
    assert times.to_list() == values
    assert f"{unit} since 1970" in note.message
    assert "2015-06-01 12:30" in note.message


def test_floats_and_gaps():
    times, (note, *_) = parse_times(pl.Series(["1.5", "", "3"]))
    assert times.to_list() == [1.5, None, 3.0]
    assert note.count == 2
    assert "order numbers" in note.message
    assert parse_times(pl.Series([1.5, float("nan")]))[0].to_list() == [1.5, None]
    assert parse_times(pl.Series([None, None]))[1][0].count == 0


def test_times_before_1970_are_said():
    _, (_, odd) = parse_times(pl.Series([0, -5, SECONDS, 90 * SECONDS // 10]))
    assert (odd.code, odd.count) == ("AS173", 3)


@pytest.mark.parametrize(
    "column",
    [
        pl.Series(["2015-06-01", "yesterday"]),
        pl.Series(["2015-06-01", str(SECONDS)]),
        pl.Series([SECONDS, SECONDS * 1000]),
        pl.Series([1.0, float("inf")]),
        pl.Series([[1]]),
        pl.Series([True]),
        pl.Series([SECONDS, 2**64 - 1], dtype=pl.UInt64),
        pl.Series([SECONDS, -(2**63) - 1], dtype=pl.Int128),
    ],
)
def test_mixed_and_unreadable(column):
    with pytest.raises(DataError, match="AS115"):
        parse_times(column)


@pytest.mark.parametrize("mark", ["/", "-"])
@pytest.mark.parametrize("clock", ["", " 10:00", " 10:00:30"])
def test_days_and_months_that_nothing_tells_apart_are_refused(mark, clock):
    """With the day first where one is above 12; the other way round is not read."""

    def read(*days):
        return parse_times(pl.Series([None, *(f"{day.replace('/', mark)}{clock}" for day in days)]))

    with pytest.raises(DataError, match=rf"AS115.*For example: '01{mark}02{mark}2020"):
        read("05/05/2020", "01/02/2020")
    (_, same, first, second), _ = read("05/05/2020", "13/02/2020", "01/02/2020")
    assert second < first < same
    assert len(read("05/05/2020")[0]) == 2
    (_, earlier, later), _ = parse_times(pl.Series([None, "02.01.2020", "01.02.2020"]))
    assert earlier < later, "with dots the day is first everywhere"
    with pytest.raises(DataError, match="AS115"):
        read("02/13/2020", "02/01/2020")


def test_show_and_guess():
    assert guess_unit(np.array([1, 2])) is None
    assert guess_unit(np.array([])) is None
    assert show_time(12.0, None) == "12"
    assert show_time(SECONDS, "seconds") == "2015-06-01 12:30"
    assert show_time(9e17, "milliseconds") == "9e+17"


def test_histogram_by_hand():
    assert histogram(np.array([0, 1, 2, 9]), bins=3) == ["3 from 0", "0 from 3", "1 from 6"]


def test_histogram_of_times_too_close_for_their_size():
    """Two numbers that differ by less than a float of their size can tell."""
    (only,) = histogram(np.array([2**62, 2**62 + 1]))
    assert only.startswith("2 from ")
