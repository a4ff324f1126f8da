"""Rows and values: cases 16 to 30 of docs/bad-inputs.md."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse

from autosample.data import from_matrix, load_dataset, read_events
from tests.cases.making import code_of, rated, table
from tests.data.making import codes, pairs_of


@pytest.mark.parametrize("content", ["", "\n \n\n", "user_id,item_id\n"])
def test_nothing_to_read(run, content) -> None:
    told = run(content)
    assert (told.exit, told.codes) == (3, ["AS102"])


def test_no_header_shows_the_columns_found(run) -> None:
    told = run(table(head="u0,i1"))
    assert (told.exit, told.codes) == (3, ["AS104"])
    assert "'u0', 'i1'" in told.text
    assert "--no-header" in told.text
    fine = run(table(head="u0,i1"), "--no-header", "--user=column_1", "--item=column_2")
    assert fine.exit == 0


@pytest.mark.parametrize(
    ("name", "mark"), [("a.csv", ";"), ("a.csv", "\t"), ("a.tsv", ","), ("a.inter", ",")]
)
def test_the_wrong_separator_names_the_right_one(run, name, mark) -> None:
    told = run(table().replace(",", mark), name=name)
    assert (told.exit, told.codes) == (3, ["AS105"])
    assert f"Did you mean {mark!r}? Pass --separator {mark!r}" in told.text
    if name != "a.inter":
        typed = repr(mark)[1:-1]  # what a shell makes of the advice
        assert run(table().replace(",", mark), f"--separator={typed}", name=name).exit == 0


def test_marks_line_ends_quotes_and_packing_change_nothing(run) -> None:
    plain, expected = table(), run(table(), "--out=plain").dataset().fingerprint()
    quoted = plain.replace("u7,", '"u7",')
    frame = pl.read_csv(plain.encode())
    frame.write_csv("a.csv.zst", compression="zstd")
    variants = {
        "bom.csv": ("\ufeff" + plain).encode(),
        "crlf.csv": plain.replace("\n", "\r\n").encode(),
        "quoted.csv": quoted.encode(),
        "packed.csv.gz": gzip.compress(plain.encode()),
        "utf16.csv": plain.encode("utf-16"),
        "packed.csv.zst": Path("a.csv.zst").read_bytes(),
    }
    for name, content in variants.items():
        encoding = ["--encoding=utf-16"] if name == "utf16.csv" else []
        told = run(content, *encoding, f"--out={name}-run", name=name)
        assert (told.exit, told.dataset().fingerprint()) == (0, expected), name


def test_bytes_of_another_encoding_are_named_by_place(run) -> None:
    told = run(table().encode() + "caf\u00e9,i1\n".encode("latin-1"))
    assert (told.exit, told.codes) == (3, ["AS103"])
    assert f"offset {len(table()) + 3} " in told.text
    assert "--encoding" in told.text
    told = run(b"ARROW1\0\0" + bytes(100), name="a.feather")
    assert (told.exit, told.codes) == (3, ["AS108"])
    assert "Feather" in told.text


@pytest.mark.parametrize("encoding", ["klingon", "hex", "utf-16", "rot13", "utf-8-sig\0"])
def test_encodings_that_are_none_or_do_not_fit(run, encoding) -> None:
    told = run(table(), f"--encoding={encoding}")
    assert (told.exit, told.codes) == (3, ["AS103"])


@pytest.mark.parametrize("bad", ["u1", "u2,i2,i3", 'u1,"i', 'u1,"i"x', '"'])
def test_ragged_lines_are_refused_or_skipped_and_counted(run, bad) -> None:
    told = run(table(bad, "u1,i1")[: -len("u1,i1\n") if bad == "u1" else None])
    assert (told.exit, told.codes) == (3, ["AS106"])
    assert "line 18" in told.text
    told = run(table(bad), "--skip-bad-lines")
    assert (told.exit, told.codes.count("AS156")) == (0, 1)
    assert told.dataset().fingerprint() == run(table(), "--out=other").dataset().fingerprint()


def test_repeated_pairs_are_kept_once_and_counted(run) -> None:
    told = run(table(*table().splitlines()[1:]))
    assert (told.exit, told.codes.count("AS160")) == (0, 1)
    assert "(180)" in told.text
    assert told.dataset().fingerprint() == run(table(), "--out=other").dataset().fingerprint()


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", ""])
def test_a_rating_that_is_no_positive_needs_a_rule(run, value) -> None:
    content = rated(lambda user, item: value if user == 1 else 4)
    told = run(content, "--rating=stars")
    assert (told.exit, told.codes) == (3, ["AS120"])
    assert "--min-rating" in told.text
    told = run(content, "--rating=stars", "--min-rating=1")
    assert (told.exit, told.codes.count("AS161")) == (0, 1)
    assert "u1" not in told.dataset().users.names


def test_ratings_that_are_words(run) -> None:
    told = run(rated(lambda user, item: "good"), "--rating=stars")
    assert (told.exit, told.codes) == (3, ["AS114"])


def test_no_rating_high_enough(run) -> None:
    told = run(rated(lambda user, item: 3), "--rating=stars", "--min-rating=5")
    assert (told.exit, told.codes) == (3, ["AS121"])
    assert "highest is 3" in told.text
    assert run(rated(lambda user, item: 3), "--rating=stars", "--min-rating=3").exit == 0


def test_broken_packed_files_are_named(run, tmp_path) -> None:
    pl.read_csv(table().encode()).write_parquet("whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    for name, content in (
        ("half.parquet", whole[: len(whole) // 2]),
        ("none.parquet", b""),
        ("turned.parquet", whole[:40] + whole[40:][::-1]),
        ("half.csv.gz", gzip.compress(table().encode())[:50]),
        ("half.csv.zst", b"\x28\xb5\x2f\xfd\x00\x00"),
        ("no.csv.gz", b"user_id,item_id\n"),
    ):
        told = run(content, name=name)
        assert (told.exit, told.codes) == (3, ["AS107"]), name
        assert name in told.text


def test_lightgcn_text_with_its_oddities(run) -> None:
    told = run("0 1 2 3 \n\n1\n2 3 4\n0 5\n3 1 2 5 6\n4 2 6 7\n 6 1 3\n", name="train.txt")
    assert (told.exit, told.codes.count("AS157")) == (0, 1)
    data = told.dataset()
    assert sorted(data.users.names) == ["0", "2", "3", "4", "6"]
    pairs = len(data.train) + len(data.valid) + len(data.test)
    assert pairs == 3 + 2 + 1 + 4 + 3 + 2


def test_lightgcn_text_as_wide_as_a_table_is_what_it_is_said_to_be(run) -> None:
    """A test with two items for every user reads like a table of three columns."""
    train = "".join(f"{u} {u} {u + 1} {u + 2}{' 20' * (u % 2)}\n" for u in range(6))
    Path("test.txt").write_text("".join(f"{u} {u + 4} {u + 5}\n" for u in range(6)))
    assert run(train, "--test", "test.txt", name="train.txt").codes[-1] == "AS117"
    told = run(train, "--test", "test.txt", "--file-format", "lightgcn", name="train.txt")
    assert told.exit == 0
    assert len(told.dataset().test) == 12


def test_recbole_headers(run) -> None:
    head = "user_id:token\titem_id:token"
    content = table(head="X").replace(",", "\t")
    assert run(content.replace("X", head), name="a.inter").exit == 0
    told = run(content.replace("X", head.replace("token", "tokn", 1)), name="a.inter")
    assert (told.exit, told.codes) == (3, ["AS116"])
    assert "'user_id:tokn'" in told.text


def test_matrices_are_put_in_order_on_a_copy() -> None:
    rows, columns = [0, 0, 1, 1, 1, 2], [2, 0, 1, 1, 0, 2]
    values = np.array([1.0, 1, 1, 1, 0, 1])
    matrix = sparse.csr_matrix((values, columns, [0, 2, 5, 6]), shape=(3, 4))
    before = (matrix.data.copy(), matrix.indices.copy())
    events = from_matrix(matrix)
    assert (matrix.data == before[0]).all()
    assert (matrix.indices == before[1]).all()
    # the repeated entry is added up, so it is a rating of 2; the zero is dropped; column 3 is empty
    assert sorted(pairs_of(events)) == [("0", "0"), ("0", "2"), ("1", "1"), ("2", "2")]
    assert codes(events)["AS158"] == 1 + 1 + 1
    assert code_of(from_matrix, matrix, item_names=["a"]) == "AS118"
    with pytest.raises(Exception, match="transpose") as caught:
        from_matrix(matrix, user_names=list("abcd"), item_names=list("abc"))
    assert "AS118" in str(caught.value)
    assert rows[0] == 0


def test_frames_of_every_kind_are_the_same_data() -> None:
    plain = pl.read_csv(table().encode())
    pandas = plain.to_pandas()
    odd = pandas.set_index(pd.Index(np.arange(len(pandas)) % 3, name="user_id2"))
    kinds = {
        "polars": plain,
        "lazy": plain.lazy(),
        "categorical": plain.with_columns(pl.all().cast(pl.Categorical)),
        "pandas": pandas,
        "junk index": odd,
        "pandas categorical": pandas.astype("category"),
        "pandas object": pandas.astype(object),
        "arrow": plain.to_arrow(),
        "arrow strings": pandas.astype(pd.ArrowDtype(pa.string())),
    }
    prints = {name: load_dataset(frame).fingerprint() for name, frame in kinds.items()}
    assert set(prints.values()) == {prints["polars"]}, prints
    assert code_of(read_events, object()) == "AS108"
