"""Text files as lines: plain, gzip or zstd, any encoding, with the place of a bad byte named."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from io import BufferedReader, BytesIO, TextIOWrapper
from pathlib import Path

import polars as pl

from autosample.errors import DataError, did_you_mean

#: What Polars raises on damaged files; some damage makes it panic, which is no Exception.
BROKEN = (pl.exceptions.PolarsError, pl.exceptions.PanicException)
_BLOCK = 1 << 26
_RENAME = "Let its name end in {}, by which it is read as what it is."
_CONVERT = (
    "Read it in Python and pass the frame or the sparse matrix, or write it as Parquet or text."
)
_UNPACK = "Unpack it; .gz and .zst are read as they are."
_OUT_OF_ARCHIVE = "Unpack it and name the file in it."
#: Begin of rows as objects, one a line or in an array.
_JSON = re.compile(rb"(\xef\xbb\xbf)?\s*\[?\s*\{\s*\"")
#: First bytes of files that are no text: what they are and what to do.
_NO_TEXT = {
    b"PAR1": ("Parquet", _RENAME.format(".parquet")),
    b"\x1f\x8b": ("gzip", _RENAME.format(".gz")),
    b"\x28\xb5\x2f\xfd": ("zstd", _RENAME.format(".zst")),
    **{b"BZh%d1AY&SY" % level: ("bzip2", _UNPACK) for level in range(1, 10)},
    b"\xfd7zXZ\x00": ("xz", _UNPACK),
    b"PK\x03\x04": (
        "a zip archive, as .npz and .xlsx are",
        f"{_OUT_OF_ARCHIVE} Of .npz and .xlsx: {_CONVERT[0].lower()}{_CONVERT[1:]}",
    ),
    b"\x93NUMPY": ("a numpy array", _CONVERT),
    b"ARROW1": ("Feather", _CONVERT),
    b"SQLite format 3": ("an SQLite database", _CONVERT),
}


def read_lines(path: Path, encoding: str = "utf-8") -> pl.Series:
    """Lines of a text file without their ends (LF or CRLF) and without a byte-order mark.

    Args:
        path: ``.gz`` and ``.zst`` are unpacked.
        encoding: A codec of Python; ``.zst`` must be UTF-8.

    Returns:
        (n,) String; line k is at position k - 1.

    Raises:
        DataError: AS101 cannot be opened, AS102 empty, AS103 not in this encoding, AS107 damaged,
            AS108 no text at all.

    Memory: about twice the unpacked file.
    """
    try:
        lines = _zstd_lines(path) if path.suffix == ".zst" else _decoded_lines(path, encoding)
    except (EOFError, OSError, zlib.error, *BROKEN) as cause:
        if isinstance(cause, OSError) and cause.errno is not None:
            raise not_readable(path, cause) from cause
        raise DataError(
            "AS107", f"{path.name} cannot be unpacked ({cause}).", "Get the file again."
        ) from cause
    lines = lines.str.strip_suffix("\r")
    if not (lines.str.strip_chars() != "").any():
        raise DataError("AS102", f"{path.name} is empty.", "Give a file with interactions.")
    return lines


def not_readable(path: Path, cause: OSError) -> DataError:
    """The error for a path that cannot be opened."""
    try:
        near = did_you_mean(path.name, (other.name for other in path.parent.iterdir()))
    except OSError:  # the folder cannot be read either
        near = ""
    told = f"{str(path)!r} cannot be read ({cause.strerror or cause}).{near}"
    return DataError("AS101", told, "Check the path.")


def _decoded_lines(path: Path, encoding: str) -> pl.Series:
    """Lines of a plain or gzip file, decoded block by block."""
    parts, rest = [], ""
    with path.open("rb") as raw:
        file = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
        _refuse_no_text(path, file.peek(512), packed=file is not raw)
        for text in _decode(file, path, encoding):
            whole, newline, tail = (rest + text).rpartition("\n")
            rest = tail
            if newline:
                parts.append(_split(whole))
    if rest:
        parts.append(_split(rest))
    lines = pl.concat(parts) if parts else pl.Series(dtype=pl.String)
    if len(lines) and lines[0].startswith("\ufeff"):
        lines = pl.concat([pl.Series([lines[0][1:]]), lines[1:]])
    return lines


def _refuse_no_text(path: Path, begin: bytes, *, packed: bool) -> None:
    """Refuse what is known by its first bytes; it would fail later, on a byte or on a quote."""
    if begin[257:262] == b"ustar":
        raise DataError("AS108", f"{path.name} is no text but a tar archive.", _OUT_OF_ARCHIVE)
    for mark, (kind, advice) in _NO_TEXT.items():
        if begin.startswith(mark):
            told = f"Unpack it first. {advice}" if packed else advice
            raise DataError("AS108", f"{path.name} is no text but {kind}.", told)
    if _JSON.match(begin):
        raise DataError("AS108", f"{path.name} is no table of text but JSON.", _CONVERT)


def _decode(file: gzip.GzipFile | BufferedReader, path: Path, encoding: str) -> Iterator[str]:
    """Text of a file in blocks; the error for a bad byte names its place."""
    try:
        TextIOWrapper(BytesIO(), encoding=encoding)  # refuses codecs that do not give text
        decoder = codecs.getincrementaldecoder(encoding)()
    except (LookupError, ValueError) as cause:
        raise DataError(
            "AS103",
            f"There is no encoding of text {encoding!r}.",
            "Name one, such as utf-8 or latin-1.",
        ) from cause
    done = 0
    while True:
        block = file.read(_BLOCK)
        waiting = len(decoder.getstate()[0])
        try:
            yield decoder.decode(block, final=not block)
        except UnicodeDecodeError as cause:
            place = done - waiting + cause.start
            what = f"the byte at offset {place} does not fit"
            raise _other_encoding(
                path, encoding, what, cause.object[cause.start : cause.start + 8]
            ) from cause
        except UnicodeError as cause:  # such as UTF-16 without a byte-order mark
            raise _other_encoding(path, encoding, str(cause)) from cause
        if not block:
            return
        done += len(block)


def _other_encoding(path: Path, encoding: str, what: str, *found: bytes) -> DataError:
    return DataError(
        "AS103",
        f"{path.name} is not {encoding}: {what}.",
        "Name the file's encoding with --encoding (encoding= in Python), for example latin-1, "
        "cp1252 or utf-16.",
        found,
    )


def _split(text: str) -> pl.Series:
    return pl.Series([text]).str.split("\n").explode()


def _zstd_lines(path: Path) -> pl.Series:
    """Lines of a zstd file, unpacked by Polars: one column, as no separator ever occurs."""
    with path.open("rb") as file:
        frame = pl.read_csv(
            file, has_header=False, infer_schema=False, separator="\x1e", quote_char=None
        )
    return frame.to_series(0).fill_null("")
