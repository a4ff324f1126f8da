import gzip

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from autosample.data.read import read_events
from autosample.errors import DataError
from tests.data.making import codes, make_events, pairs_of

PAIRS = [("007", "NA"), ("7", "null"), ("é", "16777217")]
ID = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), min_size=1, max_size=6)


def text(separator, header=("user_id", "item_id")):
    return "\n".join(separator.join(row) for row in [header, *PAIRS]) + "\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", text(",")),
        ("a.CSV", text(",")),
        ("a.csv", "\ufeff" + text(",").replace("\n", "\r\n")),
        ("a.csv", text(",").replace("007", '"007"')),
        ("a.tsv", text("\t")),
        ("a.txt", text(" ")),
        ("a.txt", text("\t")),
        ("a.dat", text("::")),
        ("a.data", text(";")),
        ("a.inter", text("\t", ("user_id:token", "item_id:token"))),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_text_files(tmp_path, name, content, packed):
    path = tmp_path / (name + ".gz" * packed)
    path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
    events = read_events(path)
    assert pairs_of(events) == PAIRS
    assert events.notes[0].message == f"Read 3 rows from {path.name}: 3 users, 3 items."
    assert pairs_of(read_events(str(path))) == PAIRS


def test_typed_sources(tmp_path):
    frame = pl.DataFrame(PAIRS, schema=["user_id", "item_id"], orient="row")
    frame.write_parquet(tmp_path / "a.parquet")
    frame.write_parquet(tmp_path / "a.pq")
    frame.write_csv(tmp_path / "a.csv.zst", compression="zstd")
    pandas = pd.DataFrame(PAIRS, columns=["user_id", "item_id"])
    files = [tmp_path / name for name in ("a.parquet", "a.pq", "a.csv.zst")]
    for source in (frame, pandas, tmp_path, *files):
        assert pairs_of(read_events(source)) == PAIRS


def test_pandas_columns_without_names_go_by_their_numbers():
    frame = pd.DataFrame([["a", "x", 5.0], ["b", "y", 4.0]])  # as read_csv(header=None) makes it
    read = read_events(frame, user=0, item=1, rating=2)
    assert read.frame.rows() == [("a", "x", 5.0), ("b", "y", 4.0)]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(ID, ID), min_size=1, max_size=6))
def test_csv_parquet_and_frames_agree(tmp_path_factory, pairs):
    folder = tmp_path_factory.mktemp("agree")
    frame = pl.DataFrame(pairs, schema=["user_id", "item_id"], orient="row")
    frame.write_csv(folder / "a.csv", quote_style="always")
    frame.write_parquet(folder / "a.parquet")
    for source in (folder / "a.csv", folder / "a.parquet", frame):
        assert pairs_of(read_events(source)) == pairs


def test_no_header(tmp_path):
    (tmp_path / "u.data").write_text("196\t242\t3\t881250949\n186\t302\t3\t891717742\n")
    with pytest.raises(DataError, match=r"AS104.*'column_1'.*such as --user column_1\.$"):
        read_events(tmp_path / "u.data", header=False)
    with pytest.raises(DataError, match=r"AS104.*'196', '242'.*header=False"):
        read_events(tmp_path / "u.data")
    events = read_events(
        tmp_path / "u.data",
        header=False,
        user="column_1",
        item="column_2",
        rating="column_3",
        time="column_4",
    )
    assert events.frame.rows() == [("196", "242", 3.0, 881250949), ("186", "302", 3.0, 891717742)]


def test_lightgcn_by_content_and_by_name(tmp_path):
    path = tmp_path / "train.txt"
    path.write_text("0 5 6\n1 5\n")
    assert pairs_of(read_events(path)) == [("0", "5"), ("0", "6"), ("1", "5")]
    path.write_text("0 5 6\n1 5 7\n2 5 8\n")
    with pytest.raises(DataError, match="AS117"):
        read_events(path)
    assert len(read_events(path, file_format="lightgcn")) == 6
    table = read_events(path, file_format="table", header=False, user="column_1", item="column_2")
    assert pairs_of(table) == [("0", "5"), ("1", "5"), ("2", "5")]
    for text in ("0 5 6\n1 5 7\n2 5 8\n", "0 5 1 2 3\n1 5 1 2 3\n2 5 1 2 3\n"):
        path.write_text(text)
        named = read_events(path, header=False, user="column_1", item="column_2")
        assert pairs_of(named) == pairs_of(table), "columns of a table were named"


def test_recbole_types_are_checked(tmp_path):
    path = tmp_path / "ml.inter"
    path.write_text("user_id:token\titem_id:token\trating:float\n1\t2\t4.5\n")
    assert read_events(path, rating="rating").frame.rows() == [("1", "2", 4.5)]
    path.write_text("user_id:token\titem_id:tokens\n1\t2\n")
    with pytest.raises(DataError, match="AS116"):
        read_events(path)


def test_matrices_and_events():
    assert pairs_of(read_events(sp.csr_array(np.eye(2)))) == [("0", "0"), ("1", "1")]
    events = make_events([("a", "x")])
    assert read_events(events) is events


def test_options_reach_the_reader(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("u;i\né;1\nb\n".encode("latin-1"))
    with pytest.raises(DataError, match="AS103"):
        read_events(path, user="u", item="i")
    with pytest.raises(DataError, match="AS105"):
        read_events(path, user="u", item="i", encoding="latin-1")
    options = {"user": "u", "item": "i", "encoding": "latin-1", "separator": ";"}
    with pytest.raises(DataError, match="AS106"):
        read_events(path, **options)
    events = read_events(path, **options, skip_bad_lines=True)
    assert pairs_of(events) == [("é", "1")]
    assert codes(events) == {"AS150": 1, "AS156": 1}


def test_refusals(tmp_path):
    with pytest.raises(DataError, match="AS101") as caught:
        read_events(tmp_path / "none.csv")
    assert caught.value.exit_code == 3
    with pytest.raises(DataError, match="AS108"):
        read_events(object())
    (tmp_path / "a.csv").write_text(text(","))
    with pytest.raises(DataError, match="AS108"):
        read_events(tmp_path / "a.csv", file_format="excel")


def test_commas_in_numbers_are_not_taken_for_separators(tmp_path):
    """As spreadsheets of half of Europe write them; without a header nothing else tells."""
    path = tmp_path / "events.csv"
    roles = {"user": "column_1", "item": "column_2"}
    path.write_text("a;x;3,5\nb;y;4,0\n")
    with pytest.raises(DataError, match=r"AS105: .*';'.*--separator"):
        read_events(path, header=False, **roles)
    assert read_events(path, header=False, separator=";", **roles).frame["item"][0] == "x"
    assert read_events(path, header=False, separator=",", **roles).frame["item"][0] == "5"
    path.write_text("a,x,Action;Drama;War\nb,y,War\n")
    assert read_events(path, header=False, **roles).frame["item"].to_list() == ["x", "y"]
