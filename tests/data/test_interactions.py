import dataclasses

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from autosample.data.interactions import Interactions
from autosample.errors import DataError

PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), max_size=30)


def build(pairs, n_users=5, n_items=7):
    users, items = zip(*pairs, strict=True) if pairs else ((), ())
    return Interactions.from_pairs(users, items, n_users, n_items)


@settings(max_examples=50, deadline=None)
@given(PAIRS)
def test_same_as_scipy(pairs):
    ours = build(pairs)
    data = np.ones(len(pairs))
    users, items = np.array(pairs, dtype=int).reshape(-1, 2).T
    theirs = sp.csr_array((data, (users, items)), shape=(5, 7))
    theirs.sum_duplicates()
    assert ours.indptr.tolist() == theirs.indptr.tolist()
    assert ours.items.tolist() == theirs.indices.tolist()
    assert ours.user_counts.tolist() == np.diff(theirs.indptr).tolist()
    assert ours.item_counts.tolist() == (theirs.toarray() > 0).sum(axis=0).tolist()
    assert len(ours) == theirs.nnz


@settings(max_examples=50, deadline=None)
@given(PAIRS, PAIRS)
def test_union_and_overlap_are_those_of_sets(first, second):
    a, b = build(first), build(second)
    union = a.union(b)
    assert set(zip(union.users, union.items, strict=True)) == set(first) | set(second)
    assert {tuple(pair) for pair in a.overlap(b)} == set(first) & set(second)


def test_by_hand():
    data = build([(1, 3), (0, 2), (1, 0), (1, 3)], n_users=3, n_items=4)
    assert data.indptr.tolist() == [0, 1, 3, 3]
    assert data.of(1).tolist() == [0, 3]
    assert data.of(2).tolist() == []
    assert data.users.tolist() == [0, 1, 1]
    assert (data.n_users, data.n_items) == (3, 4)


def test_large_numbers_stay_exact():
    # 16777217 is the first whole number that a 32-bit float cannot hold.
    data = Interactions.from_pairs([0, 1], [16_777_216, 16_777_217], 2, 20_000_000)
    assert data.items.tolist() == [16_777_216, 16_777_217]


def test_cannot_be_changed():
    data = build([(0, 1)])
    with pytest.raises(ValueError, match="read-only"):
        data.items[0] = 3
    with pytest.raises(dataclasses.FrozenInstanceError):
        data.n_items = 9


@pytest.mark.parametrize(
    ("users", "items", "code"),
    [([0, 1], [0], "AS110"), ([[0]], [[0]], "AS110"), ([5], [0], "AS111"), ([0], [-1], "AS111")],
)
def test_wrong_numbers_are_refused(users, items, code):
    with pytest.raises(DataError, match=code):
        Interactions.from_pairs(users, items, 5, 7)


def test_other_shapes_are_refused():
    with pytest.raises(DataError, match="AS112"):
        build([(0, 0)]).union(build([(0, 0)], n_items=8))


def test_fingerprint_is_of_content_and_shape():
    assert build([(0, 1), (2, 3)]).fingerprint() == build([(2, 3), (0, 1)]).fingerprint()
    others = [build([(0, 1)]), build([(0, 1), (2, 4)]), build([(0, 1), (2, 3)], n_users=6)]
    assert build([(0, 1), (2, 3)]).fingerprint() not in {one.fingerprint() for one in others}


def test_without():
    one = Interactions.from_pairs([0, 0, 1, 2], [1, 2, 0, 2], 3, 3)
    other = Interactions.from_pairs([0, 2, 1], [1, 2, 1], 3, 3)
    left = one.without(other)
    assert list(zip(left.users.tolist(), left.items.tolist(), strict=True)) == [(0, 2), (1, 0)]
    assert len(one.without(one)) == 0
