"""Frames that come one after the other, as one file, in bounded memory."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

import polars as pl
from polars.io.plugins import register_io_source

from autosample.errors import SettingsError
from autosample.store.files import replace_file

#: By the ending of the file's name; values are the names of polars' writers.
FORMATS = {"csv": "sink_csv", "jsonl": "sink_ndjson", "parquet": "sink_parquet"}
_FORMULA, _NUMBER = r"^[=+\-@\t\r\n]", r"^[+-]?\d+(\.\d+)?$"


def format_of(path: Path | None, given: str | None) -> str:
    """The format that is given, or that the ending of the file's name says.

    Raises:
        SettingsError: AS206 when it is none of :data:`FORMATS`.
    """
    wanted = given or (path.suffix.removeprefix(".") if path else "")
    if wanted not in FORMATS:
        raise SettingsError(
            "AS206",
            f"The format must be one of {', '.join(FORMATS)}, got {wanted!r}.",
            "End the file's name in one of them, or name it with --format.",
        )
    return wanted


def write_frames(frames: Iterable[pl.DataFrame], path: Path, form: str) -> int:
    """Write frames of one schema, of which there is at least one; returns the number of rows.

    The file is there whole or not at all. In CSV, text that a spreadsheet would run as a formula
    gets an apostrophe in front (see :func:`guarded`).

    Raises:
        StoreError: AS502, AS503, AS504 when it cannot be written.

    Memory: a few frames.
    """
    waiting, rows = iter(frames), 0
    first = next(waiting)

    def source(
        columns: list[str] | None, *_: object
    ) -> Iterator[pl.DataFrame]:  # a sink asks for all rows, of all columns or some
        nonlocal rows
        for frame in itertools.chain([first], waiting):
            rows += len(frame)
            safe = guarded(frame) if form == "csv" else frame
            yield safe.select(columns) if columns is not None else safe

    lazy = register_io_source(source, schema=first.schema)
    write: Any = getattr(lazy, FORMATS[form])
    replace_file(path, write)
    return rows


def print_frames(frames: Iterable[pl.DataFrame], file: TextIO, form: str) -> None:
    """The same to a text stream, as ``csv`` or ``jsonl``.

    Raises:
        SettingsError: AS206 for Parquet, which is not text.
    """
    for place, frame in enumerate(frames):
        if form == "csv":
            file.write(guarded(frame).write_csv(include_header=place == 0))
        elif form == "jsonl":
            file.write(frame.write_ndjson())
        else:
            raise SettingsError("AS206", "Parquet is not text.", "Name a file with --out.")


def guarded(frame: pl.DataFrame) -> pl.DataFrame:
    """Text that starts with ``= + - @`` or a control character, with an apostrophe in front.

    A spreadsheet would otherwise take it for a formula (OWASP, "CSV injection"). Numbers such as
    ``-7`` are harmless and stay; use JSON lines or Parquet where ids must be exact.
    """
    text = [pl.col(name) for name, kind in frame.schema.items() if kind == pl.String]
    risky = [one.str.contains(_FORMULA) & ~one.str.contains(_NUMBER) for one in text]
    return frame.with_columns(
        pl.when(formula).then(pl.lit("'") + one).otherwise(one).name.keep()
        for formula, one in zip(risky, text, strict=True)
    )
