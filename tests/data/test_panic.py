"""Damage that makes a library panic is damage like any other."""

import polars as pl
import pytest

from autosample.data import read_events
from autosample.errors import DataError


@pytest.mark.parametrize("kind", [pl.exceptions.PanicException, pl.exceptions.ComputeError])
def test_a_panic_over_a_parquet_file_is_an_error_for_people(kind, monkeypatch, tmp_path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"user_id": ["a"], "item_id": ["b"]}).write_parquet(path)

    def panic(*arguments, **keywords):
        raise kind("assertion failed")

    monkeypatch.setattr(pl, "read_parquet", panic)
    with pytest.raises(DataError, match=r"AS107.*a\.parquet"):
        read_events(path)


def test_a_panic_anywhere_is_one_line(cli, monkeypatch) -> None:
    from autosample.cli import check  # noqa: PLC0415

    def panic(text):
        raise pl.exceptions.PanicException("boom")

    monkeypatch.setattr(check.typer, "echo", panic)
    code, _, err = cli("explain", "AS101")
    assert code == 70
    assert err.startswith("AS900")
