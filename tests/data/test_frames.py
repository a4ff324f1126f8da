import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from autosample.data.frames import frame_columns, object_column
from autosample.data.parquet import parquet_columns
from autosample.errors import DataError

ROLES = {"user": "u", "item": "i"}
FRAME = pl.DataFrame({"i": ["x", "y"], "more": [0.5, 1.5], "u": [2**53 + 1, 7]})


@pytest.mark.parametrize("source", [FRAME, FRAME.lazy(), FRAME.to_arrow(), FRAME.to_pandas()])
def test_any_frame(source):
    columns = frame_columns(source, ROLES)
    assert list(columns) == ["user", "item"]
    assert columns["user"].to_list() == [2**53 + 1, 7]
    assert columns["item"].to_list() == ["x", "y"]


@pytest.mark.parametrize("source", [FRAME, FRAME.lazy(), FRAME.to_pandas()])
def test_missing_column(source):
    with pytest.raises(DataError, match=r"AS104.*'mor'.*Did you mean 'more'"):
        frame_columns(source, {"user": "mor"})


@pytest.mark.parametrize("source", [None, 3, [("a", "x")], {"u": ["a"]}])
def test_not_a_table(source):
    with pytest.raises(DataError, match="AS108"):
        frame_columns(source, ROLES)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pd.Series(["007", None, "7"]), ["007", None, "7"]),
        (pd.Series(["007", None], dtype=object), ["007", None]),
        (pd.Series([2**53 + 1, None], dtype="Int64"), [str(2**53 + 1), None]),
        (pd.Series([2**70, 1], dtype=object), [str(2**70), "1"]),
        (pd.Series(["a", "b", "a"], dtype="category"), ["a", "b", "a"]),
        (pd.Series([np.int64(5), 6], dtype=object), ["5", "6"]),
        (pd.Series([3, 4], dtype=pd.ArrowDtype(pa.int64())), ["3", "4"]),
        (pd.Series([2**64 - 1], dtype="uint64"), [2**64 - 1]),
        (pd.Series([1.5, np.nan]).astype("float32"), [1.5, None]),
    ],
)
def test_pandas_columns(column, expected):
    found = frame_columns(pd.DataFrame({"u": column}), {"user": "u"})["user"]
    values = found.fill_nan(None) if found.dtype.is_float() else found
    assert values.to_list() == expected


def test_pandas_dates():
    stamps = pd.to_datetime(["2015-06-01 12:30", None])
    for column in (stamps, stamps.tz_localize("UTC").tz_convert("Asia/Tokyo")):
        found = frame_columns(pd.DataFrame({"t": column}), {"time": "t"})["time"]
        assert found.dt.epoch("s").to_list() == [1_433_161_800, None]


def test_pandas_index_and_labels_do_not_matter():
    frame = pd.DataFrame({0: ["a", "b"], 1: ["x", "y"]}, index=[5, 5])
    columns = frame_columns(frame, {"user": "0", "item": "1"})
    assert columns["item"].to_list() == ["x", "y"]


def test_pandas_twice_the_same_column():
    frame = pd.DataFrame([["a", "b", "x"]], columns=["u", "u", "i"])
    with pytest.raises(DataError, match=r"AS104.*2 columns 'u'"):
        frame_columns(frame, ROLES)


def test_mixed_types_name_the_rows():
    with pytest.raises(DataError, match=r"AS109.*int and str.*row 2: 7.*row 4: 'a'"):
        object_column([None, 7, 8, "a"], "u")


def test_parquet_file_and_folder(tmp_path):
    (tmp_path / "data" / "b").mkdir(parents=True)
    FRAME.write_parquet(tmp_path / "data" / "a.parquet")
    FRAME.reverse().write_parquet(tmp_path / "data" / "b" / "c.parquet")
    assert parquet_columns(tmp_path / "data" / "a.parquet", ROLES)["user"].to_list()[1] == 7
    whole = parquet_columns(tmp_path / "data", ROLES)
    assert whole["item"].to_list() == ["x", "y", "y", "x"]


def test_parquet_troubles(tmp_path):
    path = tmp_path / "a.parquet"
    with pytest.raises(DataError, match="AS101"):
        parquet_columns(path, ROLES)
    with pytest.raises(DataError, match=r"AS101.*no \*.parquet"):
        parquet_columns(tmp_path, ROLES)
    FRAME.write_parquet(path)
    with pytest.raises(DataError, match=r"AS104.*a\.parquet has no column 'v'"):
        parquet_columns(path, {"user": "v"})
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"PAR1", b""):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=r"AS107.*a\.parquet"):
            parquet_columns(path, ROLES)


def test_parquet_files_of_different_types(tmp_path):
    FRAME.write_parquet(tmp_path / "a.parquet")
    FRAME.cast(pl.String).write_parquet(tmp_path / "b.parquet")
    with pytest.raises(DataError, match=r"AS107.*different types"):
        parquet_columns(tmp_path, ROLES)


def test_what_is_no_frame_of_pandas_is_refused():
    frame = pd.DataFrame({"user_id": [1, 2], "item_id": [3, 4]})
    for source in (frame["user_id"], frame.groupby("user_id")):
        with pytest.raises(DataError, match=f"AS108: .* {type(source).__name__}"):
            frame_columns(source, {"user": "user_id", "item": "item_id"})


@pytest.mark.parametrize(
    ("names", "advice"),
    [
        (["train.txt", "test.txt", "README.md"], r"Name train.txt in it, and test.txt with --test"),
        (["events.csv"], r"name one, such as events.csv"),
        ([], r"Check the path"),
    ],
)
def test_a_folder_of_other_files_is_told_by_which_name_to_read_them(tmp_path, names, advice):
    for name in names:
        (tmp_path / name).write_text("0 1 2\n")
    with pytest.raises(DataError, match=rf"AS101.*{advice}"):
        parquet_columns(tmp_path, ROLES)
