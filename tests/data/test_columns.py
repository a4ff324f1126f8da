import polars as pl
import pytest

from autosample.data.columns import id_text, to_events
from autosample.errors import DataError
from tests.data.making import codes, pairs_of

ITEMS = pl.Series(["x", "y"])


def users(values, **more):
    return to_events({"user": pl.Series(values, **more), "item": ITEMS})


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pl.Series(["007", "7"]), ["007", "7"]),
        (pl.Series([2**53 + 1, -7]), ["9007199254740993", "-7"]),
        (pl.Series([2**64 - 1, 0], dtype=pl.UInt64), ["18446744073709551615", "0"]),
        (pl.Series([16_777_217, 3], dtype=pl.Int32), ["16777217", "3"]),
        (pl.Series(["a", "b"], dtype=pl.Categorical), ["a", "b"]),
        (pl.Series(["b", "a"], dtype=pl.Enum(["a", "b"])), ["b", "a"]),
        (pl.Series(["NA", "nan"]), ["NA", "nan"]),
    ],
)
def test_ids_are_exact_text(column, expected):
    notes = []
    assert id_text(column, "user", notes).to_list() == expected
    assert notes == []


def test_whole_floats_with_a_note():
    events = users([1.0, 2.0])
    assert events.frame["user"].to_list() == ["1", "2"]
    assert codes(events) == {"AS152": 2}


@pytest.mark.parametrize(
    "column",
    [
        pl.Series([1.5, 2.0]),
        pl.Series([float("inf"), 1.0]),
        pl.Series([2.0**60, 1.0]),
        pl.Series([True, False]),
        pl.Series([[1], [2]]),
        pl.Series([object(), object()], dtype=pl.Object),
    ],
)
def test_ids_of_other_kinds(column):
    with pytest.raises(DataError, match="AS109"):
        id_text(column, "user", [])


@pytest.mark.parametrize("gap", [None, ""])
def test_few_gaps_are_dropped_and_counted(gap):
    names = ["a"] * 198 + [gap, "b"]
    events = to_events({"user": pl.Series(names), "item": pl.Series(["x"] * 199 + [gap])})
    assert len(events) == 198
    assert codes(events) == {"AS151": 2}


def test_many_gaps_are_refused():
    raw = {"user": pl.Series(["a"] * 98 + [None, ""]), "item": pl.Series(["x"] * 100)}
    with pytest.raises(DataError, match=r"AS113.*2 of 100.*'row 99', 'row 100'"):
        to_events(raw)
    assert len(to_events(raw, lenient=True)) == 98


def test_float_gaps_are_gaps():
    raw = {"user": pl.Series([1.0, float("nan")]), "item": ITEMS}
    assert pairs_of(to_events(raw, lenient=True)) == [("1", "x")]


@pytest.mark.parametrize("values", [[], [None, None], ["", ""]])
def test_nothing_left(values):
    column = pl.Series(values, dtype=pl.String)
    with pytest.raises(DataError, match="AS102"):
        to_events({"user": column, "item": column}, lenient=True)


def test_ratings_and_times():
    raw = {
        "user": pl.Series(["a", "b", "c"]),
        "item": pl.Series(["x", "y", "z"]),
        "rating": pl.Series(["1", "nan", ""]),
        "time": pl.Series(["10", "20", ""]),
    }
    frame = to_events(raw).frame
    assert frame["rating"].to_list()[0] == 1.0
    assert frame["rating"].is_nan().to_list() == [False, True, None]
    assert frame["time"].to_list() == [10, 20, None]
    assert frame.columns == ["user", "item", "rating", "time"]


@pytest.mark.parametrize("ratings", [["4", "good"], [[1], [2]]])
def test_unreadable_ratings(ratings):
    with pytest.raises(DataError, match="AS114"):
        to_events({"user": ITEMS, "item": ITEMS, "rating": pl.Series(ratings)})
