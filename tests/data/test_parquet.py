"""Damaged Parquet is an error for people, whatever it does to the process that reads it."""

import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from autosample.data import parquet, read_events
from autosample.errors import DataError

#: Four rows; a bit of the first page's header is turned, and Polars 2.1 asks for 2^61 bytes.
ABORTS = Path(__file__).with_name("aborts.parquet")
DIES = "import os, sys; print(len(sys.argv) - 3, flush=True); os.abort()"


@pytest.fixture
def files(tmp_path) -> Path:
    """A folder with two whole files."""
    for name in "ab":
        pl.DataFrame({"user_id": [name], "item_id": ["i"]}).write_parquet(
            tmp_path / f"{name}.parquet"
        )
    return tmp_path


def test_a_file_that_ends_the_reader_is_refused(tmp_path) -> None:
    path = Path(shutil.copy(ABORTS, tmp_path))
    code = "import sys, polars; polars.read_parquet(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, check=False)
    assert done.returncode != 0
    with pytest.raises(DataError, match=r"AS107.*aborts\.parquet") as caught:
        read_events(path)
    assert ("died" in str(caught.value)) == (done.returncode != 1)


def test_the_process_that_dies_is_not_this_one(files, monkeypatch) -> None:
    (files / "probe.py").write_text(DIES)
    monkeypatch.setattr(parquet.probe, "__file__", str(files / "probe.py"))
    with pytest.raises(DataError, match=r"AS107: b\.parquet .*died, exit code -6"):
        read_events(files)


def test_the_damaged_one_of_several_is_named(files) -> None:
    assert len(read_events(files)) == 2
    content = (files / "a.parquet").read_bytes()
    (files / "b.parquet").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"AS107: b\.parquet .*\("):
        read_events(files)


def test_modules_beside_the_data_are_not_run(files, monkeypatch) -> None:
    (files / "polars.py").write_text("open('sprung', 'w')")
    (files / "json.py").write_text("open('sprung', 'w')")
    monkeypatch.chdir(files)
    assert len(read_events(files)) == 2
    assert not Path("sprung").exists()


def test_a_process_that_cannot_say_anything_stops_nobody(files, monkeypatch) -> None:
    (files / "probe.py").write_text("raise SystemExit(5)")
    monkeypatch.setattr(parquet.probe, "__file__", str(files / "probe.py"))
    assert len(read_events(files)) == 2


@pytest.mark.parametrize("kind", [pl.exceptions.PanicException, pl.exceptions.ComputeError])
def test_a_panic_is_an_error_for_people(kind, monkeypatch, files) -> None:
    """A file that was damaged after the other process had read it."""

    def panic(*arguments, **keywords):
        raise kind("assertion failed")

    monkeypatch.setattr(pl, "read_parquet", panic)
    with pytest.raises(DataError, match=r"AS107.*a\.parquet"):
        read_events(files / "a.parquet")


def test_a_panic_anywhere_is_one_line(cli, monkeypatch) -> None:
    from autosample.cli import check  # noqa: PLC0415

    def panic(text):
        raise pl.exceptions.PanicException("boom")

    monkeypatch.setattr(check.typer, "echo", panic)
    code, _, err = cli("explain", "AS101")
    assert code == 70
    assert err.startswith("AS900")
