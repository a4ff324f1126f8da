"""Ids: cases 1 to 15 of docs/bad-inputs.md."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from autosample import AutoSample
from autosample.data import Interactions, Vocabulary, read_events
from tests.cases.making import code_of, table


def test_leading_zeros_make_another_id(run) -> None:
    told = run(table("007,i1", "7,i1", "7,i2"))
    assert told.exit == 0
    assert {"007", "7"} <= set(told.dataset().users.names)


def test_white_space_at_the_ends_is_said_not_stripped(run) -> None:
    told = run(table(" u1,i1", "u1 ,i2"))
    assert (told.exit, told.codes.count("AS153")) == (0, 1)
    assert "(2)" in told.text
    assert {" u1", "u1 ", "u1"} <= set(told.dataset().users.names)


def test_accents_in_two_forms_are_said_and_can_be_made_one(run, cli) -> None:
    content = table("caf\u00e9,i1", "cafe\u0301,i2")
    told = run(content)
    assert (told.exit, told.codes.count("AS154")) == (0, 1)
    assert len(told.dataset().users) == 32
    told = run(content, "--normalize-ids=nfc", "--out=one")
    assert "AS154" not in told.codes
    assert cli("recommend", "one", "--user", "caf\u00e9", "-k", 1)[0] == 0
    assert run(content, "--normalize-ids=nfd", "--out=other").codes == ["AS243"]


def test_a_few_missing_ids_are_dropped_and_counted(run) -> None:
    told = run(table(",i1", "u5,", users=100))
    assert (told.exit, told.codes.count("AS151")) == (0, 1)
    assert "(2)" in told.text


def test_many_missing_ids_are_refused(run) -> None:
    told = run(table(*[",i1"] * 20))
    assert (told.exit, told.codes) == (3, ["AS113"])
    assert "'row 181'" in told.text
    assert "--skip-bad-lines" in told.text


def test_words_for_nothing_are_ids(run) -> None:
    told = run(table("NA,null", "NA,nan", "null,None", "nan,i2"))
    assert told.exit == 0
    assert {"NA", "null", "nan"} <= set(told.dataset().users.names)
    assert {"null", "nan", "None"} <= set(told.dataset().items.names)


def test_float_ids_are_said_if_whole_and_refused_if_not() -> None:
    events = read_events(pl.DataFrame({"user_id": [1.0, 2.0], "item_id": ["a", "b"]}))
    assert events.frame["user"].to_list() == ["1", "2"]
    assert [note.code for note in events.notes].count("AS152") == 1
    broken = pl.DataFrame({"user_id": [1.5, 2.0], "item_id": ["a", "b"]})
    assert code_of(read_events, broken) == "AS109"


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([2**53 + 1, 2**53 + 2, -(2**63)], pl.Int64),
        ([2**64 - 1, 2**64 - 2, 0], pl.UInt64),
        ([-1, -2, 10**18], pl.Int64),
    ],
)
def test_large_and_negative_integers_are_exact(values, kind, tmp_path) -> None:
    frame = pl.DataFrame({"user_id": pl.Series(values, dtype=kind), "item_id": ["a", "b", "c"]})
    frame.write_parquet(tmp_path / "a.parquet")
    for source in (frame, frame.to_pandas(), tmp_path / "a.parquet"):
        assert read_events(source).frame["user"].to_list() == [str(value) for value in values]


def test_sparse_numbers_take_no_room(run) -> None:
    """Ids up to 10^18: had anything their size been made, memory would not have sufficed."""
    told = run(table(row=lambda user, item: f"{user * 10**17 + 7},{-item * 10**15}"))
    assert told.exit == 0
    assert told.dataset().n_users == 30


def test_no_number_passes_through_float32() -> None:
    """2^24 + 1 is the first whole number that float32 does not have."""
    big = 2**24 + 1
    data = Interactions.from_pairs([0, 1], [big, big - 1], 2, big + 1)
    assert data.items.tolist() == [big, big - 1]
    vocabulary = Vocabulary.from_ids([str(big), str(big - 1)])
    assert vocabulary.ids(vocabulary.numbers([str(big)])) == [str(big)]


def test_mixed_types_name_the_first_two_rows(capsys) -> None:
    frame = pd.DataFrame({"user_id": ["a", "b", 7], "item_id": ["x", "y", "z"]})
    with pytest.raises(Exception, match="AS109") as caught:
        AutoSample().fit(frame)
    assert "row 1: 'a'" in str(caught.value)
    assert "row 3: 7" in str(caught.value)


def test_hostile_ids_are_data(run, cli, tmp_path) -> None:
    told = run(table('"a\nb",i1', '"\U0001f600\u202e",<script>', '"=cmd()",i2', "\0,i3", "-7,i3"))
    assert told.exit == 0
    assert {"a\nb", "\U0001f600\u202e", "=cmd()", "\0", "-7"} <= set(told.dataset().users.names)
    code, out, _ = cli("recommend", "run", "-k", 1)
    assert (code, len(out.splitlines())) == (0, 36)
    assert all(line.isprintable() for line in out.replace("\t", "").splitlines())
    assert cli("recommend", "run", "-k", 1, "--out", "all.csv")[0] == 0
    users = set(pl.read_csv("all.csv", infer_schema=False)["user"])
    assert {"'=cmd()", "a\nb", "-7"} <= users
    assert "=cmd()" not in users
    assert cli("report", "run")[0] == 0
    assert "<script" not in (tmp_path / "run" / "report.html").read_text("utf-8").lower()


def test_long_ids_are_cut_in_messages_only(run, cli) -> None:
    long = "x" * 10_000
    told = run(table(f"{long},i1", f"{long},i2"))
    assert told.exit == 0
    assert long in told.dataset().users.names
    _, _, err = cli("recommend", "run", "--user", long + "y")
    assert "AS133" in err
    assert len(err) < 500


def test_users_that_are_items_are_said(run) -> None:
    told = run(table(row=lambda user, item: f"n{user % 23},n{item}"))
    assert (told.exit, told.codes.count("AS155")) == (0, 1)


def test_a_changed_mapping_is_refused(run, cli) -> None:
    told = run(table())
    path = told.folder / "users.jsonl"
    text = path.read_text()
    path.write_text(text.replace('"u1"', '"uX"').replace('"u2"', '"u1"').replace('"uX"', '"u2"'))
    assert code_of(Vocabulary.load, path) == "AS132"
    code, out, err = cli("recommend", "run", "--user", "u1")
    assert (code, out) == (7, "")
    assert "AS506" in err


def test_a_model_keeps_its_own_mapping(run, cli) -> None:
    """Another filter numbers ids anew; each run answers by ids, with the numbers it was made by."""
    every, few = run(table("z,i1")), run(table("z,i1"), "--k-core=3", "--out=few")
    assert few.exit == 0
    one, other = every.dataset(), AutoSample.load("few").dataset_
    assert len(other.users) == len(one.users) - 1
    loaded = AutoSample.load("run")
    items, user = loaded.recommend("u7", k=3), one.users.numbers(["u7"])[0]
    scores = (loaded.result_.item_table @ loaded.result_.user_table[user]).numpy()
    scores[np.concatenate([one.train.of(user), one.valid.of(user)])] = -np.inf
    assert items["item"].to_list() == one.items.ids(np.argsort(-scores, kind="stable")[:3])
