"""Read interactions from files, frames and matrices, whatever the source, as text ids."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, get_args

import polars as pl
import scipy.sparse

from autosample.border import checked
from autosample.data.columns import to_events
from autosample.data.events import Events, Note
from autosample.data.formats import (
    from_matrix,
    looks_like_lightgcn,
    read_lightgcn,
    recbole_columns,
)
from autosample.data.frames import frame_columns
from autosample.data.lines import read_lines
from autosample.data.parquet import parquet_columns
from autosample.data.tables import check_columns, check_comma, guess_separator, parse_table
from autosample.errors import DataError

FileFormat = Literal["auto", "table", "lightgcn"]
_KNOWN_SEPARATORS = {".csv": ",", ".tsv": "\t", ".inter": "\t"}


@checked
def read_events(
    source: Any,
    *,
    user: str | int = "user_id",
    item: str | int = "item_id",
    rating: str | int | None = None,
    time: str | int | None = None,
    separator: str | None = None,
    header: bool = True,
    encoding: str = "utf-8",
    skip_bad_lines: bool = False,
    file_format: FileFormat = "auto",
) -> Events:
    """Read interactions.

    Ids are kept as text: ``007`` and ``7`` are two users. Integer columns of typed sources become
    their decimal text.

    Args:
        source: Path of a delimited text file (csv, tsv, txt, dat, RecBole's ``.inter``; plain,
            ``.gz`` or ``.zst``), LightGCN text, a Parquet file (``.parquet``, ``.pq``) or folder; a
            Polars or pandas frame, or any that exports Arrow; a Hugging Face dataset; a scipy
            sparse matrix; or events, which are returned as they are.
        user: Column of user ids; for pandas columns that are numbered, its number or that as text.
        item: Column of item ids.
        rating: Column of ratings, if they matter.
        time: Column of times, if they matter.
        separator: Between fields; by default ``,`` for csv, tab for tsv and inter, else guessed.
        header: Whether the first line names the columns; if not, they are ``column_1`` and so on.
        encoding: Of text files.
        skip_bad_lines: Drop lines of the wrong width, and rows without ids, instead of refusing.
        file_format: ``lightgcn`` for ``user item item ...`` lines, ``table`` for columns; by
            default recognised in ``.txt`` files, unless a separator or a column such as
            ``column_1`` is named.

    Raises:
        DataError: AS101 to AS119, each saying what to change.
    """
    roles = {"user": user, "item": item, "rating": rating, "time": time}
    used = {role: str(name) for role, name in roles.items() if name is not None}
    if isinstance(source, Events):
        return source
    if scipy.sparse.issparse(source):
        return _told(from_matrix(source), "the matrix")
    if not isinstance(source, str | os.PathLike):
        columns = frame_columns(source, used)
        return _told(to_events(columns, lenient=skip_bad_lines), "the frame")
    path = Path(source)
    kind = Path(path.stem if path.suffix in (".gz", ".zst") else path.name).suffix.lower()
    if path.is_dir() or kind in (".parquet", ".pq"):
        columns = parquet_columns(path, used)
        return _told(to_events(columns, lenient=skip_bad_lines), path.name)
    lines = read_lines(path, encoding)
    as_table = separator is not None or (not header and used["user"].startswith("column_"))
    if _is_lightgcn(lines, path.name, kind, file_format, as_table):
        return _told(read_lightgcn(lines), path.name)
    events = _read_table(
        lines,
        path.name,
        kind,
        used,
        separator=separator,
        header=header,
        skip_bad_lines=skip_bad_lines,
    )
    return _told(events, path.name)


def _is_lightgcn(lines: pl.Series, name: str, kind: str, file_format: str, as_table: bool) -> bool:
    if file_format not in get_args(FileFormat):
        raise DataError(
            "AS108",
            f"There is no file format {file_format!r}.",
            "Use 'auto', 'table' or 'lightgcn'.",
        )
    if file_format != "auto":
        return file_format == "lightgcn"
    return kind == ".txt" and not as_table and looks_like_lightgcn(lines, name)


def _read_table(
    lines: pl.Series,
    name: str,
    kind: str,
    roles: dict[str, str],
    *,
    separator: str | None,
    header: bool,
    skip_bad_lines: bool,
) -> Events:
    """Events of delimited text."""
    first = next(line for line in lines if line.strip())
    mark = separator or _KNOWN_SEPARATORS.get(kind) or guess_separator(first)
    if separator is None and not header:
        check_comma(lines, name, mark)
    table = parse_table(lines, name, separator=mark, header=header, skip_bad_lines=skip_bad_lines)
    wanted = list(roles.values())
    if kind == ".inter" and header:
        table.columns[:] = recbole_columns(table.columns, wanted)
    check_columns(wanted, table.columns, name)
    raw = {role: table.column(column) for role, column in roles.items()}
    return to_events(raw, notes=table.notes, lenient=skip_bad_lines)


def _told(events: Events, name: str) -> Events:
    """The events with a first note on what was read."""
    users, items = (events.frame[role].n_unique() for role in ("user", "item"))
    text = f"Read {len(events)} rows from {name}: {users} users, {items} items."
    return Events(events.frame, (Note("AS150", text, len(events)), *events.notes))
