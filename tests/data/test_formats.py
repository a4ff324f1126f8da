import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from autosample.data.formats import (
    from_matrix,
    looks_like_lightgcn,
    read_lightgcn,
    recbole_columns,
)
from autosample.errors import DataError
from tests.data.making import codes, pairs_of


def lines(text):
    return pl.Series(text.split("\n"))


def test_lightgcn_by_hand():
    events = read_lightgcn(lines("0 5 6 \n\n1\n 2  5\n0 7\n007 5\n"))
    assert pairs_of(events) == [("0", "5"), ("0", "6"), ("2", "5"), ("0", "7"), ("007", "5")]
    assert codes(events) == {"AS157": 1}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(0, 30), min_size=2, max_size=5), min_size=1, max_size=8))
def test_lightgcn_same_as_plain_python(rows):
    text = "\n".join(" ".join(map(str, row)) for row in rows)
    expected = [(str(row[0]), str(item)) for row in rows for item in row[1:]]
    assert pairs_of(read_lightgcn(lines(text))) == expected


def test_lightgcn_without_items():
    with pytest.raises(DataError, match="AS102"):
        read_lightgcn(lines("1\n2 \n"))


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("0 5 6\n1 5\n", True),
        ("\n0 5 6 \n1\n", True),
        ("0 5\n1 6\n2 7\n", True),
        ("user item\n1 2\n", False),
        ("1\t2\t3\n", False),
        ("1::2::3\n", False),
        ("1,2\n", False),
    ],
)
def test_recognised(text, answer):
    assert looks_like_lightgcn(lines(text), "a.txt") is answer


def test_could_be_either():
    with pytest.raises(DataError, match=r"AS117.*3 columns.*lightgcn"):
        looks_like_lightgcn(lines("1 2 5\n1 3 4\n2 2 1"), "a.txt")


def test_recbole_header():
    header = ["user_id:token", "a:b:token", "tags:token_seq", "timestamp:float"]
    assert recbole_columns(header, ["user_id"]) == ["user_id", "a:b", "tags", "timestamp"]
    for wrong in ("user_id", "user_id:int", ":token"):
        with pytest.raises(DataError, match="AS116"):
            recbole_columns([wrong], [])
    with pytest.raises(DataError, match="AS116"):
        recbole_columns(["tags:token_seq"], ["tags"])


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "lil", "dok", "bsr"])
@pytest.mark.parametrize("kind", [sp.coo_matrix, sp.coo_array])
def test_any_sparse_format(form, kind):
    dense = np.array([[0, 1, 0], [1, 0, 1], [0, 0, 0]])
    events = from_matrix(kind(dense).asformat(form))
    assert sorted(pairs_of(events)) == [("0", "1"), ("1", "0"), ("1", "2")]
    assert not events.has_rating
    assert [(note.code, note.count) for note in events.notes] == [("AS158", 1)]


def test_zeros_duplicates_and_order():
    matrix = sp.coo_array(
        ([2.0, 0.0, 1.0, 1.0], ([1, 0, 1, 0], [2, 0, 2, 1])), shape=(2, 3), dtype=float
    )
    before = matrix.data.copy()
    events = from_matrix(matrix, user_names=["ann", "bob"], item_names=["x", "y", "z"])
    rows = set(events.frame.select("user", "item", "rating").rows())
    assert rows == {("bob", "z", 3.0), ("ann", "y", 1.0)}
    assert [note.count for note in events.notes] == [1, 1, 1]
    assert matrix.nnz == 4
    assert matrix.data.tolist() == before.tolist()


def test_unsorted_csr():
    matrix = sp.csr_array((np.ones(3), np.array([2, 0, 0]), np.array([0, 2, 3])), shape=(2, 3))
    assert sorted(pairs_of(from_matrix(matrix))) == [("0", "0"), ("0", "2"), ("1", "0")]


def test_true_entries_are_positives():
    assert not from_matrix(sp.csr_array(np.eye(2, dtype=bool))).has_rating


def test_names_must_fit():
    matrix = sp.csr_array(np.ones((2, 3)))
    with pytest.raises(DataError, match=r"AS118.*3 and 2.*transpose"):
        from_matrix(matrix, user_names=["a", "b", "c"], item_names=["x", "y"])
    with pytest.raises(DataError, match=r"AS118.*2 and 1.*one name"):
        from_matrix(matrix, item_names=["x"])


def test_names_that_repeat_are_refused():
    with pytest.raises(DataError, match="AS118"):
        from_matrix(sp.csr_array(np.ones((2, 3))), user_names=["a", "a"])


def test_empty_matrix():
    with pytest.raises(DataError, match="AS102"):
        from_matrix(sp.csr_array((3, 3)))


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int64])
def test_counts_of_repeated_entries_do_not_overflow(kind):
    places = [0] * 256 + [1], [0] * 256 + [1]
    events = from_matrix(sp.coo_matrix((np.ones(257, kind), places), shape=(2, 2)))
    assert events.frame["rating"].to_list() == [256, 1]


def test_a_matrix_of_one_dimension_is_refused():
    with pytest.raises(DataError, match=r"AS108: A matrix is users by items, got the shape .3,."):
        from_matrix(sp.coo_array(np.array([0, 1, 1])))
