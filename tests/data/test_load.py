from pathlib import Path

import polars as pl
import pytest

from autosample.data.filter import k_core
from autosample.data.load import load_dataset
from autosample.data.split import split_leave_last, split_ratio, split_temporal
from autosample.errors import DataError, SettingsError
from tests.data.making import codes, make_events, pairs_of

SHARED = Path(__file__).parents[3] / "shared" / "data"
TABLE = pl.DataFrame(
    [
        (f"u{user}", f"i{(user * item) % 23}", float(item % 5), 100 * user + item)
        for user in range(1, 9)
        for item in range(1, 13)
    ],
    schema=["user_id", "item_id", "stars", "at"],
    orient="row",
)
PLAIN = make_events([row[:2] for row in TABLE.rows()])
TIMED = make_events([(row[0], row[1], row[3]) for row in TABLE.rows()], "time")


def pairs(data, part):
    chosen = getattr(data, part)
    users, items = data.users.ids(chosen.users), data.items.ids(chosen.items)
    return set(zip(users, items, strict=True))


def assert_same(data, split):
    for part in ("train", "valid", "test"):
        assert pairs(data, part) == set(pairs_of(getattr(split, part)))


def test_each_split_is_the_one_named():
    assert_same(load_dataset(TABLE, seed=3), split_ratio(PLAIN, seed=3))
    assert_same(load_dataset(TABLE, valid=0.2, test=0.3), split_ratio(PLAIN, valid=0.2, test=0.3))
    timed = {"time": "at"}
    assert_same(load_dataset(TABLE, split="leave-last", **timed), split_leave_last(TIMED))
    assert_same(load_dataset(TABLE, split="temporal", **timed), split_temporal(TIMED))


def test_ratings_are_judged_before_duplicates_are_dropped():
    rows = pl.DataFrame(
        {"user_id": ["a", "a", "b", "b"], "item_id": ["x", "x", "x", "y"], "stars": [1, 5, 4, 4]}
    )
    data = load_dataset(rows, rating="stars", minimum_rating=4, valid=0, test=0)
    assert pairs(data, "train") == {("a", "x"), ("b", "x"), ("b", "y")}
    assert codes(data)["AS161"] == 1
    with pytest.raises(DataError, match="AS120"):
        load_dataset(TABLE, rating="stars")


def test_core_before_the_split():
    data = load_dataset(TABLE, k_core=4)
    every = pairs(data, "train") | pairs(data, "valid") | pairs(data, "test")
    assert every == set(pairs_of(k_core(PLAIN, 4, 4)))
    assert "AS163" in codes(data)


def test_given_parts(tmp_path):
    for name, text in (("train", "0 1 2 3\n1 2\n"), ("valid", "1 4\n"), ("test", "0 4\n2 1\n")):
        (tmp_path / f"{name}.txt").write_text(text)
    train, valid, test = (tmp_path / f"{name}.txt" for name in ("train", "valid", "test"))
    data = load_dataset(train, valid_file=valid, test_file=test)
    assert pairs(data, "train") == {("0", "1"), ("0", "2"), ("0", "3"), ("1", "2")}
    assert pairs(data, "valid") == {("1", "4")}
    assert pairs(data, "test") == {("0", "4"), ("2", "1")}
    assert len(load_dataset(train, test_file=test, valid=0.4).valid) in (1, 2)
    for same in (train, valid):
        with pytest.raises(DataError, match="AS125"):
            load_dataset(train, valid_file=valid, test_file=same)
    allowed = load_dataset(train, valid_file=train, test_file=test, allow_overlap=True)
    assert codes(allowed)["AS169"] == 4
    with pytest.raises(DataError, match=r"AS125.*the same"):
        load_dataset(train, valid_file=valid, test_file=valid, allow_overlap=True)


def test_options_reach_the_reader(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("1;é\n2;b\n3\n".encode("latin-1"))
    data = load_dataset(
        path,
        user="column_1",
        item="column_2",
        separator=";",
        header=False,
        encoding="latin-1",
        skip_bad_lines=True,
        file_format="table",
    )
    assert pairs(data, "train") == {("1", "é"), ("2", "b")}
    assert codes(data)["AS156"] == 1


def test_settings_that_make_no_sense():
    test = TABLE.with_columns(item_id=pl.lit("other"))
    with pytest.raises(SettingsError, match="AS242"):
        load_dataset(TABLE, split="random")
    with pytest.raises(SettingsError, match="AS242"):
        load_dataset(TABLE, valid_file=test)
    with pytest.raises(SettingsError, match="AS242"):
        load_dataset(TABLE, test_file=test, k_core=2)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "train", "valid", "test", "items"),
    [("lastfm", 42_135, None, 10_533, 4_489), ("citeulike", 151_895, 18_727, 39_882, 16_980)],
)
def test_real_data(name, train, valid, test, items):
    folder = SHARED / name
    if not folder.exists():
        pytest.skip(f"the dataset {name} is not beside the project")
    valid_file = folder / "valid.txt" if valid else None
    data = load_dataset(folder / "train.txt", valid_file=valid_file, test_file=folder / "test.txt")
    assert data.n_items == items
    assert len(data.test) == test
    assert len(data.train) + (0 if valid else len(data.valid)) == train
    if valid:
        assert len(data.valid) == valid
    else:
        assert len(data.valid) == pytest.approx(0.1 * train, rel=0.01)
