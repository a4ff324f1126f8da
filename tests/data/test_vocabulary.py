import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autosample.data.vocabulary import Vocabulary
from autosample.errors import DataError

IDS = st.lists(st.text(st.characters(codec="utf-8"), max_size=8), max_size=20)
NASTY = ["007", "7", "NA", "null", "", " 7", "é", "e\u0301", "a\nb", 'q"', "\0", "👍🏽", "<script>"]


def test_numbers_by_first_appearance():
    vocabulary = Vocabulary.from_ids(["b", "a", "b"], ["c", "a"])
    assert vocabulary.names.to_list() == ["b", "a", "c"]
    assert vocabulary.numbers(["a", "b", "unknown", "c"]).tolist() == [1, 0, -1, 2]
    assert vocabulary.numbers(pl.Series(["a", None])).tolist() == [1, -1]
    assert vocabulary.ids([2, 0]) == ["c", "b"]


@settings(max_examples=50, deadline=None)
@given(IDS, IDS)
def test_same_as_a_dict(known, asked):
    vocabulary = Vocabulary.from_ids(known)
    table = {name: number for number, name in enumerate(dict.fromkeys(known))}
    assert vocabulary.numbers(asked).tolist() == [table.get(name, -1) for name in asked]
    assert vocabulary.ids(list(table.values())) == list(table)


@settings(max_examples=25, deadline=None)
@given(IDS)
def test_saved_and_loaded(tmp_path_factory, known):
    path = tmp_path_factory.mktemp("vocabulary") / "users.jsonl"
    vocabulary = Vocabulary.from_ids(known)
    vocabulary.save(path)
    loaded = Vocabulary.load(path)
    assert loaded.names.to_list() == vocabulary.names.to_list()
    assert loaded.fingerprint() == vocabulary.fingerprint()


def test_nasty_ids_stay_apart_and_files_are_plain_json(tmp_path):
    vocabulary = Vocabulary.from_ids([*NASTY, "x" * 10_000])
    assert len(vocabulary) == len(NASTY) + 1
    vocabulary.save(tmp_path / "v.jsonl")
    _, *rows = (tmp_path / "v.jsonl").read_text(encoding="utf-8").strip("\n").split("\n")
    assert [json.loads(row)["id"] for row in rows] == vocabulary.names.to_list()
    assert Vocabulary.load(tmp_path / "v.jsonl").ids([0, 1]) == ["007", "7"]


def test_fingerprint_tells_order_and_borders():
    base = Vocabulary.from_ids(["ab", "c"]).fingerprint()
    assert base == Vocabulary.from_ids(["ab", "c", "ab"]).fingerprint()
    assert base != Vocabulary.from_ids(["c", "ab"]).fingerprint()
    assert base != Vocabulary.from_ids(["a", "bc"]).fingerprint()


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw.replace(b"alice", b"alicf"),
        lambda raw: raw[:-8],
        lambda raw: raw.partition(b"\n")[0],
        lambda raw: b"",
        lambda raw: b"\x80\x04pickle",
        lambda raw: b'{"vocabulary": 2}' + raw[raw.index(b"\n") :],
        lambda raw: raw.replace(b"bob", b"alice"),
    ],
)
def test_damage_is_found(tmp_path, damage):
    path = tmp_path / "users.jsonl"
    Vocabulary.from_ids(["alice", "bob"]).save(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=r"AS13[02]"):
        Vocabulary.load(path)


def test_missing_file(tmp_path):
    with pytest.raises(DataError, match="AS132"):
        Vocabulary.load(tmp_path / "none.jsonl")


@pytest.mark.parametrize("names", [["a", "a"], ["a", None], [1, 2]])
def test_ids_must_be_distinct_text(names):
    with pytest.raises(DataError, match="AS130"):
        Vocabulary(pl.Series(names))


def test_numbers_are_not_ids():
    vocabulary = Vocabulary.from_ids(["7"])
    with pytest.raises(DataError, match="AS109"):
        vocabulary.numbers([7])
    with pytest.raises(DataError, match="AS109"):
        vocabulary.numbers(pl.Series([7]))
    with pytest.raises(DataError, match="AS131"):
        vocabulary.ids([-1])
    with pytest.raises(DataError, match="AS131"):
        vocabulary.ids([1])
