import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autosample.data.filter import drop_duplicates, k_core, minimum_rating
from autosample.errors import DataError, SettingsError
from tests.data.making import codes, make_events, pairs_of

PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=40)
NAN, INF = float("nan"), float("inf")


def rated(*ratings):
    return make_events([("a", f"i{n}", r) for n, r in enumerate(ratings)], "rating")


@settings(max_examples=40, deadline=None)
@given(PAIRS)
def test_first_of_each_pair_in_order(pairs):
    events = drop_duplicates(make_events(pairs))
    expected = [(str(user), str(item)) for user, item in dict.fromkeys(pairs)]
    assert pairs_of(events) == expected
    assert codes(events).get("AS160", 0) == len(pairs) - len(expected)


def test_earliest_where_there_are_times():
    rows = [("a", "x", 5), ("b", "y", 1), ("a", "x", 2), ("a", "z", None), ("a", "x", None)]
    events = drop_duplicates(make_events(rows, "time"))
    assert events.frame.rows() == [("b", "y", 1), ("a", "x", 2), ("a", "z", None)]
    assert "earliest" in events.notes[0].message


def test_nothing_to_drop_is_not_said():
    events = make_events([("a", "x"), ("a", "y")])
    assert drop_duplicates(events) is events


def test_minimum_rating_by_hand():
    events = minimum_rating(rated(3.0, 4.0, 5.0, NAN, None, -1.0, INF), 4)
    assert events.frame["rating"].to_list() == [4.0, 5.0]
    assert [(note.code, note.count) for note in events.notes] == [("AS161", 2), ("AS161", 3)]


@pytest.mark.parametrize("bad", [0.0, -1.0, NAN, INF, -INF, None])
def test_no_rating_is_silently_positive(bad):
    with pytest.raises(DataError, match=r"AS120.*1 of 3.*minimum_rating"):
        minimum_rating(rated(1.0, bad, 2.0), None)


def test_positive_ratings_pass_with_a_note():
    assert codes(minimum_rating(rated(1.0, 5.0), None)) == {"AS162": 2}
    assert codes(minimum_rating(rated(1.0, 1.0), None)) == {}
    events = make_events([("a", "x")])
    assert minimum_rating(events, None) is events


def test_minimum_out_of_reach():
    with pytest.raises(DataError, match=r"AS121.*highest is 3\."):
        minimum_rating(rated(1.0, 3.0, NAN), 4)
    for none in (NAN, None, INF):
        with pytest.raises(DataError, match=r"AS121.*4; none is a finite number\."):
            minimum_rating(rated(none), 4)


def test_minimum_needs_ratings():
    with pytest.raises(SettingsError, match="AS240"):
        minimum_rating(make_events([("a", "x")]), 4)
    with pytest.raises(SettingsError, match="AS240"):
        minimum_rating(rated(1.0), NAN)


def slow_core(pairs, k_user, k_item):
    """Drop one offending pair at a time until there is none."""
    left = set(pairs)
    while True:
        for user, item in left:
            users = sum(u == user for u, _ in left)
            items = sum(i == item for _, i in left)
            if users < k_user or items < k_item:
                left.remove((user, item))
                break
        else:
            return left


@settings(max_examples=60, deadline=None)
@given(PAIRS, st.integers(0, 4), st.integers(0, 4))
def test_core_same_as_one_by_one(pairs, k_user, k_item):
    expected = slow_core(pairs, k_user, k_item)
    if not expected:
        with pytest.raises(DataError, match="AS122"):
            k_core(make_events(pairs), k_user, k_item)
        return
    found = pairs_of(k_core(make_events(pairs), k_user, k_item))
    assert {(int(user), int(item)) for user, item in found} == expected
    assert len(found) == len(expected)


def test_core_tells_the_rounds():
    # c has one item and goes; z is left with one user and goes; then b has one item: two rounds.
    square = [("a", "x"), ("a", "y"), ("d", "x"), ("d", "y")]
    chain = [("b", "x"), ("b", "z"), ("c", "z")]
    events = k_core(make_events(square + chain), 2, 2)
    assert sorted(pairs_of(events)) == square
    note = events.notes[-1]
    assert (note.code, note.count) == ("AS163", 3)
    assert "7 rows; round 1: 5 rows" in note.message
    assert "round 2: 4 rows, 2 users, 2 items" in note.message
    with pytest.raises(DataError, match=r"AS122.*7 rows; round 1: 0 rows, 0 users, 0 items"):
        k_core(make_events(square + chain), 3, 3)


def test_core_counts_pairs_once():
    with pytest.raises(DataError, match="AS122"):
        k_core(make_events([("a", "x"), ("a", "x")]), 2, 1)


def test_core_bounds():
    with pytest.raises(SettingsError, match="AS240"):
        k_core(make_events([("a", "x")]), -1, 0)
