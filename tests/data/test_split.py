import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autosample.data.split import from_files, split_leave_last, split_ratio, split_temporal
from autosample.errors import DataError, SettingsError
from tests.data.making import codes, make_events, pairs_of

ROWS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 15), st.integers(1, 9)), min_size=4, max_size=50
)


def parts(split):
    return [set(pairs_of(part)) for part in (split.train, split.valid, split.test)]


def assert_whole_and_disjoint(split, rows):
    found = parts(split)
    assert set.union(*found) == {(str(user), str(item)) for user, item, *_ in rows}
    assert sum(map(len, found)) == len(set.union(*found))
    for part, pairs in zip((split.train, split.valid, split.test), found, strict=True):
        assert len(part) == len(pairs)


@settings(max_examples=40, deadline=None)
@given(ROWS, st.integers(0, 3), st.randoms())
def test_ratio_ignores_order_and_keeps_everyone(rows, seed, shuffler):
    split = split_ratio(make_events(rows, "time"), valid=0.2, test=0.3, seed=seed)
    assert_whole_and_disjoint(split, rows)
    assert {user for user, _ in parts(split)[0]} == {str(user) for user, *_ in rows}
    turned = rows.copy()
    shuffler.shuffle(turned)
    assert parts(split_ratio(make_events(turned, "time"), valid=0.2, test=0.3, seed=seed)) == (
        parts(split)
    )


def test_ratio_is_exact_where_it_can_be():
    events = make_events([(user, item) for user in range(30) for item in range(20)])
    split = split_ratio(events, valid=0.1, test=0.2, seed=4)
    for part, share in ((split.train, 14), (split.valid, 2), (split.test, 4)):
        counts = part.frame["user"].value_counts()["count"].to_list()
        assert counts == [share] * 30


def test_ratio_holds_on_average_for_short_histories():
    events = make_events([(user, item) for user in range(4000) for item in range(3)])
    split = split_ratio(events, valid=0.1, test=0.1, seed=1)
    # 0.3 expected per user and part; the standard deviation of the total is about 29.
    assert abs(len(split.test) - 1200) < 120
    assert abs(len(split.valid) - 1200) < 120


def test_another_seed_another_split():
    events = make_events([(user, item) for user in range(5) for item in range(20)])
    assert parts(split_ratio(events, seed=0)) == parts(split_ratio(events, seed=0))
    assert parts(split_ratio(events, seed=0))[2] != parts(split_ratio(events, seed=1))[2]


def test_every_item_is_held_out_equally_often():
    events = make_events([(user, item) for user in range(1000) for item in range(10)])
    held = split_ratio(events, valid=0, test=0.1).test.frame["item"].value_counts()
    # 100 expected of each, standard deviation 9.5.
    assert held["count"].sum() == 1000
    assert held["count"].min() > 60
    assert held["count"].max() < 140


def test_users_of_one_item_stay():
    split = split_ratio(make_events([("a", "x"), ("b", "y")]), valid=0.4, test=0.5)
    assert [len(part) for part in parts(split)] == [2, 0, 0]
    assert codes(split) == {"AS164": 2}


def test_duplicates_cannot_fall_apart():
    rows = [("a", f"i{n % 10}") for n in range(40)]
    split = split_ratio(make_events(rows))
    assert_whole_and_disjoint(split, rows)
    assert codes(split)["AS160"] == 30


@pytest.mark.parametrize(("valid", "test"), [(-0.1, 0.1), (0.5, 0.5), (float("nan"), 0.1)])
def test_shares_out_of_range(valid, test):
    events = make_events([("a", "x", 1)], "time")
    for split in (split_ratio, split_temporal):
        with pytest.raises(SettingsError, match="AS241"):
            split(events, valid=valid, test=test)


def test_leave_last_by_hand():
    rows = [("a", "x", 3), ("a", "y", 1), ("b", "x", 1), ("a", "z", 2), ("b", "y", 2)]
    split = split_leave_last(make_events(rows, "time"))
    assert parts(split) == [{("a", "y"), ("b", "x"), ("b", "y")}, {("a", "z")}, {("a", "x")}]
    assert pairs_of(split.train) == [("a", "y"), ("b", "x"), ("b", "y")]
    assert codes(split) == {"AS164": 1, "AS165": 2}


@settings(max_examples=40, deadline=None)
@given(ROWS, st.randoms())
def test_leave_last_ties_do_not_depend_on_order(rows, shuffler):
    split = split_leave_last(make_events(rows, "time"), seed=2)
    assert_whole_and_disjoint(split, rows)
    turned = rows.copy()
    shuffler.shuffle(turned)
    assert parts(split_leave_last(make_events(turned, "time"), seed=2)) == parts(split)
    last = {user: time for user, _, time in split.test.frame.rows()}
    for user, _, time in split.train.frame.rows():
        assert time <= last.get(user, 99)


def test_leave_last_says_ties():
    rows = [("a", item, 7) for item in "wxyz"]
    assert codes(split_leave_last(make_events(rows, "time")))["AS166"] == 4


def test_temporal_by_hand():
    rows = [("a", f"i{time}", time) for time in range(10)]
    random.Random(0).shuffle(rows)
    split = split_temporal(make_events(rows, "time"), valid=0.2, test=0.3)
    by_part = [
        sorted(part.frame["time"].to_list()) for part in (split.train, split.valid, split.test)
    ]
    assert by_part == [[0, 1, 2, 3, 4], [5, 6], [7, 8, 9]]
    assert "5, 7" in split.notes[0].message


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_temporal_same_as_plain_python(rows):
    first = {}
    for user, item, time in rows:
        first[str(user), str(item)] = min(time, first.get((str(user), str(item)), 99))
    times = sorted(first.values())
    cuts = [[*times, 99][len(times) - round(len(times) * share)] for share in (0.5, 0.25)]
    expected = [set(), set(), set()]
    for pair, time in first.items():
        expected[(time >= cuts[0]) + (time >= cuts[1])].add(pair)
    events = make_events(rows, "time")
    if all(expected):
        assert parts(split_temporal(events, valid=0.25, test=0.25)) == expected
    else:
        with pytest.raises(DataError, match="AS124"):
            split_temporal(events, valid=0.25, test=0.25)


def test_temporal_without_a_cut_shows_the_times():
    rows = [("a", item, 1_433_161_800) for item in "wxyz"]
    with pytest.raises(DataError, match=r"AS124.*4 from 2015-06-01"):
        split_temporal(make_events(rows, "time"), valid=0.25, test=0.25)


def test_temporal_without_valid():
    rows = [("a", item, time) for time, item in enumerate("wxyz")]
    split = split_temporal(make_events(rows, "time"), valid=0, test=0.25)
    assert [len(part) for part in parts(split)] == [3, 0, 1]


@pytest.mark.parametrize("split", [split_leave_last, split_temporal])
def test_times_are_needed(split):
    with pytest.raises(DataError, match=r"AS126.*2 of 2"):
        split(make_events([("a", "x"), ("a", "y")]))
    with pytest.raises(DataError, match=r"AS126.*1 of 2"):
        split(make_events([("a", "x", 1), ("a", "y", None)], "time"))


def test_given_parts_are_taken():
    train, valid, test = (make_events([("a", item)]) for item in "xyz")
    split = from_files(train, valid, test)
    assert parts(split) == [{("a", "x")}, {("a", "y")}, {("a", "z")}]
    assert split.notes == ()


def test_valid_is_drawn_as_a_ratio_of_train():
    train = make_events([(user, item) for user in range(9) for item in range(20)])
    test = make_events([(0, 99)])
    split = from_files(train, test=test, seed=5)
    assert parts(split)[:2] == parts(split_ratio(train, valid=0.1, test=0, seed=5))[:2]
    assert codes(split) == {"AS168": 18}
    other = from_files(train, test=make_events([(1, 98), (2, 97)]), seed=5)
    assert parts(other)[:2] == parts(split)[:2]


def test_valid_of_nothing_and_no_test():
    train = make_events([("a", "x"), ("a", "y")])
    split = from_files(train, valid_share=0)
    assert [len(part) for part in parts(split)] == [2, 0, 0]
    with pytest.raises(SettingsError, match="AS241"):
        from_files(train, valid_share=1.0)


@pytest.mark.parametrize("names", [("train", "valid"), ("train", "test"), ("valid", "test")])
def test_overlap_is_refused_or_noted(names):
    given = {"train": [("a", "x")], "valid": [("a", "y")], "test": [("a", "z")]}
    for name in names:
        given[name].append(("b", "q"))
    events = [make_events(given[name]) for name in ("train", "valid", "test")]
    with pytest.raises(DataError, match=rf"AS125: {names[0]} and {names[1]} have 1 pairs"):
        from_files(*events)
    assert codes(from_files(*events, allow_overlap=True)) == {"AS169": 1}


def test_notes_are_kept():
    events = make_events([("a", "x"), ("a", "x"), ("a", "y"), ("b", "x")])
    assert codes(from_files(events, make_events([("b", "y")])))["AS160"] == 1
