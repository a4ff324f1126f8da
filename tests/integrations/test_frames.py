"""The same interactions in every kind of frame, and recommendations in every kind of frame."""

import datasets
import narwhals
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from autosample import AutoSample
from autosample.data import read_events
from autosample.errors import SettingsError
from tests.tiny import QUICK, tiny_dataset

ROWS = {"user_id": ["7", "007", "7", "b"], "item_id": [3, 1, 2, 3]}
KINDS = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "lazy": pl.LazyFrame,
    "arrow": pa.table,
    "narwhals": lambda rows: narwhals.from_native(pl.DataFrame(rows)),
    "narwhals of pandas": lambda rows: narwhals.from_native(pd.DataFrame(rows)),
    "hugging face": datasets.Dataset.from_dict,
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_is_read(kind):
    frame = read_events(KINDS[kind](ROWS)).frame
    assert frame["user"].to_list() == ROWS["user_id"]
    assert frame["item"].to_list() == ["3", "1", "2", "3"]


def test_a_selection_of_a_hugging_face_dataset_is_what_is_read():
    chosen = datasets.Dataset.from_dict(ROWS).select([3, 1])
    assert read_events(chosen).frame.rows() == [("b", "3"), ("007", "1")]


def test_recommendations_come_in_the_wanted_frame():
    fitted = AutoSample(**{**QUICK, "epochs": 2}).fit(tiny_dataset())
    plain = fitted.recommend(["u1", "nobody"], k=3, unknown="popular")
    as_pandas = fitted.recommend(["u1", "nobody"], k=3, unknown="popular", frame="pandas")
    as_arrow = fitted.recommend(["u1", "nobody"], k=3, unknown="popular", frame="arrow")
    assert isinstance(as_pandas, pd.DataFrame)
    assert isinstance(as_arrow, pa.Table)
    assert pl.DataFrame(as_arrow).equals(plain)
    assert as_pandas["item"].tolist() == plain["item"].to_list()
    assert as_pandas["score"].isna().sum() == 3
    with pytest.raises(SettingsError, match=r"AS281.*'dask'"):
        fitted.recommend("u1", frame="dask")


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    fitted = AutoSample(**{**QUICK, "epochs": 2}).fit(tiny_dataset())

    monkeypatch.setattr("autosample.extras.find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"AS270.*pandas.*autosample\[frames\]"):
        fitted.recommend("u1", frame="pandas")
