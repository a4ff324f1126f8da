"""Parquet files: only the wanted columns, and no damage ends the process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl

from autosample.data import probe
from autosample.data.frames import Roles
from autosample.data.lines import BROKEN, not_readable
from autosample.data.tables import check_columns
from autosample.errors import DataError, shortened


def parquet_columns(path: Path, roles: Roles) -> dict[str, pl.Series]:
    """Columns of a Parquet file, or of all ``*.parquet`` under a folder in order of their paths.

    Raises:
        DataError: AS101 no files, AS104 column missing, AS107 damaged file.

    Cost: files are read twice, the first time in another process (0.2 s), see ``probe.py``.
    """
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    if not files:
        raise DataError("AS101", f"{str(path)!r} has no *.parquet files.", _others(path))
    _probe(files, roles)
    frames = [_read(file, roles) for file in files]
    try:
        whole = pl.concat(frames)
    except pl.exceptions.PolarsError as cause:
        raise DataError(
            "AS107",
            f"The files of {path.name} have columns of different types ({cause}).",
            "Write them with one schema.",
        ) from cause
    return {role: whole[name] for role, name in roles.items()}


def _others(folder: Path) -> str:
    """What to do about a folder without Parquet files."""
    train, test = (sorted(folder.glob(f"{part}.*")) for part in ("train", "test"))
    if train and test:
        return f"Name {train[0].name} in it, and {test[0].name} with --test (test_file= in Python)."
    if names := sorted(one.name for one in folder.iterdir() if one.is_file()):
        return f"Of other files name one, such as {shortened(names[0])}."
    return "Check the path."


def _probe(files: list[Path], roles: Roles) -> None:
    """Read the files in a process of its own, and refuse those that are damaged."""
    if getattr(sys, "frozen", False):  # then there is no interpreter to start
        return
    told = subprocess.run(  # noqa: S603  this Python, with a script of this package
        [sys.executable, "-P", probe.__file__, json.dumps(list(roles.values())), *files],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, "RUST_BACKTRACE": "0"},
        check=False,
    )
    lines = told.stdout.decode(errors="replace").splitlines()
    if told.returncode == 0 or not lines:
        return
    why = f"a process that read it died, exit code {told.returncode}"
    if told.returncode == probe.BAD:
        why = lines.pop()
    raise _damaged(files[int(lines[-1])], why)


def _read(file: Path, roles: Roles) -> pl.DataFrame:
    try:
        with file.open("rb") as opened:
            check_columns(list(roles.values()), list(pl.read_parquet_schema(opened)), file.name)
            opened.seek(0)
            return pl.read_parquet(opened, columns=list(roles.values()))
    except OSError as cause:
        raise not_readable(file, cause) from cause
    except BROKEN as cause:
        raise _damaged(file, str(cause)) from cause


def _damaged(file: Path, why: str) -> DataError:
    return DataError(
        "AS107", f"{file.name} is not a whole Parquet file ({why}).", "Write it again."
    )
