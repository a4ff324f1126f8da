import dataclasses
import json

import pytest

from autosample.data.dataset import Dataset
from autosample.data.interactions import Interactions
from autosample.data.split import Split, from_files
from autosample.data.vocabulary import Vocabulary
from autosample.errors import DataError
from tests.data.making import codes, make_events


def build(train, valid=(), test=()):
    return Dataset.from_split(Split(make_events(train), make_events(valid), make_events(test)))


TRAIN = [("b", "y"), ("a", "x"), ("b", "z")]
TEST = [("c", "x"), ("a", "new")]


def test_numbers_by_first_appearance():
    data = build(TRAIN, [("a", "y")], TEST)
    assert data.users.names.to_list() == ["b", "a", "c"]
    assert data.items.names.to_list() == ["y", "x", "z", "new"]
    assert data.train.of(0).tolist() == [0, 2]
    assert data.valid.of(1).tolist() == [0]
    assert data.test.of(1).tolist() == [3]
    assert (data.n_users, data.n_items) == (3, 4)


def test_train_does_not_depend_on_the_test():
    train = [(user, item) for user in "abcd" for item in range(9)]
    test = [("a", 20), ("z", 3), ("b", 21)]
    one, other = (
        Dataset.from_split(from_files(make_events(train), test=make_events(rows)))
        for rows in (test, test[::-1])
    )
    for part in ("train", "valid"):
        assert getattr(one, part).fingerprint() == getattr(other, part).fingerprint()
    assert one.items.names[:9].to_list() == other.items.names[:9].to_list()
    assert one.fingerprint() != other.fingerprint()


def test_summary_by_hand():
    data = build(TRAIN, [("a", "y")], TEST)
    summary = data.summary()
    notes = summary.pop("notes")
    assert summary == {
        "users": 3,
        "items": 4,
        "train": 3,
        "valid": 1,
        "test": 2,
        "density": 0.5,
        "valid_users": 1,
        "test_users": 2,
        "users_without_train": 1,
        "cold_test_items": 1,
        "fingerprint": data.fingerprint(),
    }
    assert {note["code"]: note["count"] for note in notes} == {"AS171": 1, "AS172": 1}
    assert json.loads(json.dumps(data.summary())) == data.summary()


def test_fingerprint_is_of_everything():
    base = build(TRAIN, [("a", "y")], TEST).fingerprint()
    assert base == build(TRAIN, [("a", "y")], TEST).fingerprint()
    others = [
        build(TRAIN, [], TEST),
        build(TRAIN, [("a", "y")], [("c", "x"), ("a", "old")]),
        build(TRAIN, TEST, [("a", "y")]),
    ]
    assert base not in {other.fingerprint() for other in others}


def test_users_who_have_everything():
    data = build([("a", "x"), ("a", "y"), ("b", "x")])
    assert codes(data) == {"AS170": 1}


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["7", "7 ", " 7", "8"], {"AS153": 2}),
        (["caf\u00e9", "cafe\u0301", "b", "c"], {"AS154": 1}),
        (["007", "7", "a", "A"], {}),
    ],
)
def test_ids_that_look_alike(ids, expected):
    data = build([(name, item) for name, item in zip(ids, "wxyz", strict=True)])
    assert codes(data) == expected
    assert len(data.users) == 4
    assert codes(build([(user, name) for user, name in zip("wxyz", ids, strict=True)])) == expected


def test_swapped_columns():
    pairs = [("p1", "p2"), ("p2", "p3"), ("p3", "p1"), ("p1", "p4")]
    assert codes(build(pairs)) == {"AS155": 3}
    # Ids that are numbers on both sides say nothing.
    assert codes(build([("1", "2"), ("2", "3"), ("3", "1"), ("1", "4")])) == {}
    assert codes(build([("a", "x"), ("x", "y"), ("b", "z")])) == {}


@pytest.mark.parametrize("pairs", [[("a", "x"), ("a", "y")], [("a", "x"), ("b", "x")]])
def test_nothing_to_rank(pairs):
    with pytest.raises(DataError, match="AS127"):
        build(pairs)


def test_nothing_to_train_on():
    with pytest.raises(DataError, match="AS123"):
        build([], [("a", "x"), ("b", "y")])


def test_parts_must_fit():
    users, items = Vocabulary.from_ids(["a", "b"]), Vocabulary.from_ids(["x", "y"])
    fits = Interactions.from_pairs([0, 1], [0, 1], 2, 2)
    data = Dataset(fits, fits, fits, users, items)
    with pytest.raises(dataclasses.FrozenInstanceError):
        data.train = fits
    with pytest.raises(DataError, match="AS112"):
        Dataset(fits, fits, Interactions.from_pairs([0], [0], 2, 3), users, items)
