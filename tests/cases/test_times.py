"""Times: cases 31 to 35 of docs/bad-inputs.md."""

import numpy as np
import pytest

from tests.cases.making import table, timed

DAY = 86_400
START = 1_577_836_800  # 2020-01-01


@pytest.mark.parametrize(
    ("time", "scale"),
    [
        (lambda user, item: START + item * DAY, "seconds since 1970"),
        (lambda user, item: f"{START + item * DAY}.0", "seconds since 1970"),
        (lambda user, item: (START + item * DAY) * 1000, "milliseconds since 1970"),
        (lambda user, item: (START + item * DAY) * 10**6, "microseconds since 1970"),
        (lambda user, item: f"2020-01-{1 + item:02d}", "dates, in UTC"),
        (lambda user, item: f"2020-01-{1 + item:02d}T00:00:00Z", "dates, in UTC"),
        (lambda user, item: f"2020-01-{1 + item:02d} 02:00:00+02:00", "dates, in UTC"),
    ],
)
def test_a_unit_is_guessed_and_said_and_splits_the_same(run, time, scale) -> None:
    told = run(timed(time), "--time=at", "--split=temporal")
    assert (told.exit, told.codes.count("AS159")) == (0, 1)
    assert f"read as {scale}: 2020-01-01 00:00 to 2020-01-23 00:00" in told.text
    assert "Cut in time at 2020-01-19 00:00, 2020-01-21 00:00" in told.text


@pytest.mark.parametrize(
    "time",
    [
        lambda user, item: START + item if user % 2 else (START + item) * 1000,
        lambda user, item: START + item if user % 2 else "2020-01-01",
        lambda user, item: f"{item}/01/2020",
        lambda user, item: f"{1 + item % 12:02d}/06/2020",
        lambda user, item: "inf" if user == 3 else START,
    ],
)
def test_two_scales_in_a_column_are_refused(run, time) -> None:
    told = run(timed(time), "--time=at", "--split=temporal")
    assert (told.exit, told.codes) == (3, ["AS115"])


@pytest.mark.parametrize(
    ("time", "odd"),
    [
        (lambda user, item: 0 if user == 1 else START + item, 6),
        (lambda user, item: -START + item, 180),
        (lambda user, item: 10 * START + item, 180),
        (lambda user, item: 2**63 - 1 - item, 180),
    ],
)
def test_odd_years_are_said(run, time, odd) -> None:
    told = run(timed(time), "--time=at")
    assert (told.exit, told.codes.count("AS173")) == (0, 1)
    assert f"({odd})" in told.text


@pytest.mark.parametrize("content", [timed(lambda u, i: "" if u == 1 else START + u), table()])
def test_a_split_in_time_needs_every_time(run, content) -> None:
    named = ["--time=at"] if "at" in content.splitlines()[0] else []
    told = run(content, *named, "--split=temporal")
    assert (told.exit, told.codes) == (3, ["AS126"])


def test_equal_times_are_ordered_by_a_hash_and_said(run) -> None:
    content = timed(lambda user, item: START)
    told = run(content, "--time=at", "--split=leave-last")
    assert (told.exit, told.codes.count("AS166")) == (0, 1)
    head, *rows = content.splitlines()
    shuffled = "\n".join([head, *np.random.default_rng(0).permutation(rows)])
    again = run(shuffled, "--time=at", "--split=leave-last", "--out=again").dataset()
    first = told.dataset()
    assert held(first) == held(again)


def held(data) -> set[tuple[str, str]]:
    names = (data.users.ids(data.test.users), data.items.ids(data.test.items))
    return set(zip(*names, strict=True))


def test_a_cut_that_leaves_a_part_empty_shows_the_dates(run) -> None:
    told = run(timed(lambda user, item: START), "--time=at", "--split=temporal")
    assert (told.exit, told.codes) == (3, ["AS124"])
    assert "180 from 2020-01-01" in told.text or "180 from 2019-12-31" in told.text
