import polars as pl
import pytest

from autosample.data import load_dataset
from autosample.errors import DataError

TAKEN = pl.DataFrame(
    {"user_id": ["a", "a", "b", "b", "c"], "item_id": ["1", "2", "2", "3", "1"]}
).with_columns(stars=pl.Series([5, 5, 4, 1, 5]))


def shown(*pairs):
    users, items = zip(*pairs, strict=True)
    return pl.DataFrame({"user_id": users, "item_id": items})


def load(exposed, **how):
    return load_dataset(TAKEN, valid=0, test=0, exposed=exposed, **how)


def told(dataset):
    return {note.code: note.count for note in dataset.notes}


def test_shown_pairs_are_in_the_numbers_of_the_dataset():
    dataset = load(shown(("b", "1"), ("b", "2"), ("b", "1"), ("a", "3")))
    user, items = int(dataset.users.numbers(["b"])[0]), dataset.items.numbers(["1", "2"])
    assert sorted(dataset.train.exposed.of(user)) == sorted(items)
    assert len(dataset.train.exposed) == 3
    assert told(dataset)["AS175"] == 3
    assert "AS176" not in told(dataset)


def test_what_nothing_is_known_about_is_left_out_and_counted():
    dataset = load(shown(("b", "1"), ("nobody", "1"), ("a", "never taken")))
    assert told(dataset)["AS176"] == 2
    assert dataset.n_users == 3
    assert dataset.n_items == 3


def test_ratings_do_not_count_for_what_was_shown():
    dataset = load(shown(("b", "1")), rating="stars", minimum_rating=4)
    assert len(dataset.train) == 4
    assert len(dataset.train.exposed) == 1


def test_without_it_nothing_changes():
    bare = load(None)
    assert bare.train.exposed is None
    assert bare.train.fingerprint() == load(shown(("b", "1"))).train.fingerprint()
    assert bare.fingerprint() != load(shown(("b", "1"))).fingerprint()


def test_a_table_without_the_columns_is_refused():
    with pytest.raises(DataError, match=r"AS10[0-9]"):
        load(pl.DataFrame({"who": ["a"], "what": ["1"]}))
