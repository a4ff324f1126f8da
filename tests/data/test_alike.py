from pathlib import Path

import numpy as np
import polars as pl
import pytest

from autosample.data import load_dataset
from autosample.data.alike import dispersion
from autosample.data.interactions import Interactions

SHARED = Path(__file__).parents[3] / "shared" / "data"
USERS, ITEMS, EACH = 400, 60, 20


def rows(seed=0):
    """(USERS * EACH,) users and items, distinct pairs."""
    generator = np.random.default_rng(seed)
    items = np.stack([generator.permutation(ITEMS)[:EACH] for _ in range(USERS)])
    return np.repeat(np.arange(USERS), EACH), items.ravel()


def interactions(users, items):
    return Interactions.from_pairs(users, items, USERS, ITEMS)


def parts(by, share=0.2):
    """The pairs that come first by (n,) keys within a user, and the others."""
    users, items = rows()
    order = np.lexsort((by(users, items), users))
    users, items = users[order], items[order]
    held = np.arange(len(users)) % EACH < share * EACH
    return (users[held], items[held]), (users[~held], items[~held])


def by_chance(seed):
    return lambda users, items: np.random.default_rng(seed).random(len(users))


def by_item(users, items):
    """Some items are new, and held out by everybody."""
    return -items


def test_by_hand():
    """Two users who hold out one of two items each: the variance is 1/4 a user, too little."""
    held = Interactions.from_pairs(np.array([0, 1]), np.array([0, 0]), 2, 2)
    rest = Interactions.from_pairs(np.array([0, 1]), np.array([1, 1]), 2, 2)
    assert dispersion(held, rest)[1] == 0
    eight = np.arange(8)
    held = Interactions.from_pairs(eight, np.zeros(8, int), 8, 2)
    rest = Interactions.from_pairs(eight, np.ones(8, int), 8, 2)
    # Each of two items has mean 8 / 2 and variance 8 / 4; the counts are 8 and 0.
    assert dispersion(held, rest) == (pytest.approx(4**2 / 2), 2)


def test_it_is_one_for_random_parts():
    found = [dispersion(*(interactions(*p) for p in parts(by_chance(seed)))) for seed in range(40)]
    ratios = [ratio for ratio, _ in found]
    assert all(n_items == ITEMS for _, n_items in found)
    error = np.std(ratios) / np.sqrt(len(ratios))
    # Counts of items sum to a fixed number, which takes one of sixty degrees of freedom.
    assert abs(np.mean(ratios) - 1) < 3 * error + 1 / ITEMS


def frame(pairs):
    return pl.DataFrame({"user_id": pairs[0], "item_id": pairs[1]})


def codes(by, **how):
    test, train = parts(by)
    dataset = load_dataset(frame(train), test_file=frame(test), **how)
    return [note.code for note in dataset.notes]


def test_a_test_of_new_items_is_told_and_a_random_one_is_not():
    assert "AS177" in codes(by_item)
    assert "AS177" not in codes(by_chance(0))


def test_nothing_is_said_where_the_validation_was_given_too():
    (users, items), (more, others) = parts(by_item)
    half = np.arange(len(users)) % 2 == 0
    dataset = load_dataset(
        frame((more, others)),
        valid_file=frame((users[half], items[half])),
        test_file=frame((users[~half], items[~half])),
    )
    assert "AS177" not in [note.code for note in dataset.notes]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "ratio", "told"),
    [
        ("gowalla", 2.0, True),
        ("yelp2018", 4.5, True),
        ("amazon-cds", 1.1, False),
        ("citeulike", 1.0, False),
        ("lastfm", 1.0, False),
    ],
)
def test_official_splits(name, ratio, told):
    folder = SHARED / name
    if not folder.exists():
        pytest.skip(f"the dataset {name} is not beside the project")
    dataset = load_dataset(folder / "train.txt", test_file=folder / "test.txt")
    assert round(dispersion(dataset.test, dataset.train, dataset.valid)[0], 1) == ratio
    assert ("AS177" in [note.code for note in dataset.notes]) == told
