"""Delimited text (csv, tsv, ``::`` and the like) to columns of text, strictly: no type guessing."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from autosample.data.events import Note
from autosample.errors import DataError

SEPARATORS = ("\t", "::", ",", ";", "|", " ")
_PROBE = 200  # lines that are looked at


@dataclass(frozen=True)
class Table:
    """Fields of text.

    Attributes:
        columns: (c,) names, from the header or ``column_1`` .. ``column_c``.
        rows: ``fields`` (List of String, c long), one row per line.
        notes: What was left out.
    """

    columns: list[str]
    rows: pl.DataFrame
    notes: tuple[Note, ...]

    def column(self, name: str) -> pl.Series:
        """(n,) text of one column."""
        return self.rows["fields"].list.get(self.columns.index(name)).alias(name)


def parse_table(
    lines: pl.Series, name: str, *, separator: str, header: bool, skip_bad_lines: bool
) -> Table:
    """Split lines into fields; blank lines are passed over.

    Fields may be quoted with ``"`` (and then hold separators or line ends) if the separator is
    one character long.

    Args:
        lines: (n,) String.
        name: The file, for messages.
        separator: Between fields, of any length.
        header: Whether the first line names the columns.
        skip_bad_lines: Drop lines with too few or too many fields instead of refusing.

    Raises:
        DataError: AS102 no rows, AS105 one column only, AS106 lines of the wrong width.
    """
    rows, broken = _fields(lines, separator, name, skip_bad_lines)
    if not rows.height:
        raise DataError("AS102", f"{name} has no whole line.", "Give a file with interactions.")
    columns: list[str] = rows["fields"][0].to_list()
    if len(columns) == 1:
        raise _wrong_separator(columns[0], name, separator)
    if header:
        rows = rows[1:]
    else:
        columns = [f"column_{position + 1}" for position in range(len(columns))]
    if not rows.height:
        raise DataError(
            "AS102", f"{name} has a header only.", "Give a file with interactions.", columns
        )
    width = pl.col("fields").list.len()
    bad = rows.filter(width != len(columns))
    if bad.height and not skip_bad_lines:
        raise DataError(
            "AS106",
            f"Every line of {name} must have {len(columns)} fields, {bad.height} have not.",
            "Correct them, or skip them with --skip-bad-lines (skip_bad_lines=True in Python).",
            [f"line {line}: {len(fields)} fields" for line, fields in bad[:5].rows()],
        )
    skipped = bad.height + broken
    text = f"{name}: lines with the wrong number of fields or a broken quote skipped."
    notes = (Note("AS156", text, skipped),) if skipped else ()
    return Table(columns, rows.filter(width == len(columns)), notes)


def guess_separator(line: str) -> str:
    """The likeliest separator of a line: the first of the known ones that occurs in it."""
    return next((mark for mark in SEPARATORS if mark in line), ",")


def check_comma(lines: pl.Series, name: str, separator: str) -> None:
    """Refuse a comma that was not asked for where it may be in numbers, as of ``a;b;3,5`` (AS105).

    With a header the first line tells.
    """
    probe = lines.head(_PROBE)
    probe = probe.filter(probe.str.strip_chars() != "")
    commas, others = (probe.str.count_matches(mark, literal=True) for mark in ",;")
    if separator == "," and others.n_unique() == 1 and (others > commas).all():
        raise DataError(
            "AS105",
            f"{name} may be separated by ';', with commas in its numbers, or by ','.",
            "Name the separator with --separator (separator= in Python).",
            probe[:1],
        )


def check_columns(wanted: Sequence[str], available: Sequence[str], name: str) -> None:
    """Refuse columns that are missing (AS104), ambiguous (AS104) or asked for twice (AS108)."""
    if len(set(wanted)) != len(wanted):
        raise DataError(
            "AS108",
            f"Each role needs its own column, got {', '.join(wanted)}.",
            "Name different columns for user, item, rating and time.",
        )
    for column in wanted:
        if available.count(column) == 1:
            continue
        near = difflib.get_close_matches(column, available, n=1, cutoff=0.5)
        shown = ", ".join(repr(one) for one in available[:20])
        count = available.count(column)
        what = f"{count} columns" if count else "no column"
        options = "--user, --item, --rating and --time (user= and so on in Python)"
        advice = (
            f"Its columns are numbered: name them with {options}, such as --user column_1."
            if "column_1" in available
            else f"Name the columns with {options}. For a file without a header say so: "
            "--no-header, or header=False."
        )
        meant = f"Did you mean {near[0]!r}? " if near and near[0] != column else ""
        raise DataError("AS104", f"{name} has {what} {column!r}; it has {shown}.", meant + advice)


def _fields(
    lines: pl.Series, separator: str, name: str, skip_bad_lines: bool
) -> tuple[pl.DataFrame, int]:
    """Columns ``number`` (of the line, from 1) and ``fields``, and how many lines were broken."""
    if len(separator) == 1 and lines.str.contains('"', literal=True).any():
        try:
            return _quoted_fields(lines, separator, name), 0
        except DataError:
            if not skip_bad_lines:
                raise
        return _unbroken_fields(lines, separator)
    rows = pl.DataFrame({"line": lines}).with_row_index("number", offset=1)
    rows = rows.filter(pl.col("line").str.strip_chars() != "")
    return rows.select("number", fields=pl.col("line").str.split(separator)), 0


def _quoted_fields(lines: pl.Series, separator: str, name: str) -> pl.DataFrame:
    """The same through the csv module, which knows quotes; some ten times slower."""
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=separator, strict=True)
    numbers, fields = [], []
    try:
        for row in reader:
            if not _is_blank(row):
                numbers.append(reader.line_num)
                fields.append(row)
    except csv.Error as cause:
        raise DataError(
            "AS106",
            f"{name} has a quote that is not closed or is followed by text ({cause}).",
            "Double the quotes inside quoted fields, or skip such lines with --skip-bad-lines.",
            [f"line {reader.line_num}"],
        ) from cause
    return _numbered(numbers, fields)


def _unbroken_fields(lines: pl.Series, separator: str) -> tuple[pl.DataFrame, int]:
    """The lines that can be read one by one, and the number of the others.

    A quote that is not closed would swallow the rest of the file, so that here no field may hold
    a line end.
    """
    numbers, fields, broken = [], [], 0
    for number, line in enumerate(lines, 1):
        try:
            rows = list(csv.reader([line], delimiter=separator, strict=True))
        except csv.Error:
            broken += 1
            continue
        if rows and not _is_blank(rows[0]):
            numbers.append(number)
            fields.append(rows[0])
    return _numbered(numbers, fields), broken


def _is_blank(row: Sequence[str]) -> bool:
    """Whether a line has no separator and nothing but blanks."""
    return len(row) < 2 and not "".join(row).strip()


def _numbered(numbers: list[int], fields: list[list[str]]) -> pl.DataFrame:
    return pl.DataFrame(
        {"number": numbers, "fields": fields},
        schema={"number": pl.UInt32, "fields": pl.List(pl.String)},
    )


def _wrong_separator(line: str, name: str, separator: str) -> DataError:
    likely = [mark for mark in SEPARATORS if mark in line]
    hint = f"Did you mean {likely[0]!r}? Pass --separator {likely[0]!r}." if likely else ""
    return DataError(
        "AS105",
        f"{name}: found 1 column with the separator {separator!r}, {line[:60]!r}.",
        hint or "Name the separator of the file with --separator (separator= in Python).",
    )
