import bz2
import gzip
import io
import lzma
import sqlite3
import tarfile
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import scipy.sparse

from autosample.data import lines as module
from autosample.data.lines import read_lines
from autosample.errors import DataError


def write(folder: Path, content: bytes, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a\nb\n", ["a", "b"]),
        (b"a\nb", ["a", "b"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"\xef\xbb\xbfa\nb", ["a", "b"]),
        (b"a\n\n b \n\n", ["a", "", " b ", ""]),
        ("é\u2028x\x0by\n".encode(), ["é\u2028x\x0by"]),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_line_ends_and_marks(tmp_path, content, expected, name):
    assert read_lines(write(tmp_path, content, name)).to_list() == expected


@pytest.mark.parametrize("block", [1, 2, 3, 5])
def test_blocks_do_not_show(tmp_path, monkeypatch, block):
    monkeypatch.setattr(module, "_BLOCK", block)
    text = "é,1\nüü,2\n\n👍,3"
    path = write(tmp_path, text.encode())
    assert read_lines(path).to_list() == text.split("\n")


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-8-sig"])
def test_other_encodings(tmp_path, encoding):
    path = write(tmp_path, "café\nthé\n".encode(encoding))
    assert read_lines(path, encoding).to_list() == ["café", "thé"]


@pytest.mark.parametrize("block", [1, 4, 1 << 20])
def test_place_of_a_bad_byte(tmp_path, monkeypatch, block):
    monkeypatch.setattr(module, "_BLOCK", block)
    path = write(tmp_path, "é,1\nab".encode() + b"\xff\n")
    with pytest.raises(DataError, match=r"AS103.*offset 7 .*encoding"):
        read_lines(path)


def test_a_truncated_character_is_a_bad_byte(tmp_path):
    with pytest.raises(DataError, match=r"AS103.*offset 2 "):
        read_lines(write(tmp_path, b"a,\xc3"))


def test_unknown_encoding(tmp_path):
    with pytest.raises(DataError, match="AS103"):
        read_lines(write(tmp_path, b"a"), "klingon")


def tar() -> bytes:
    """An archive with a file."""
    content, one = io.BytesIO(), tarfile.TarInfo("a.csv")
    one.size = 3
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.addfile(one, io.BytesIO(b"a,b"))
    return content.getvalue()


def saved(path: Path) -> None:
    """A file by the library that makes its kind."""
    table = pl.DataFrame({"user_id": ["a"], "item_id": ["b"]})

    def parquet() -> bytes:
        table.write_parquet(content := io.BytesIO())
        return content.getvalue()

    writers = {
        ".feather": partial(table.write_ipc, path),
        ".npz": lambda: scipy.sparse.save_npz(path, scipy.sparse.csr_array([[1, 0]])),
        ".npy": lambda: np.save(path, np.ones(3)),
        ".db": lambda: sqlite3.connect(path).execute("create table t (a)"),
        ".dat": partial(table.write_parquet, path),
        ".txt": lambda: path.write_bytes(gzip.compress(b"a,b")),
        ".bz2": lambda: path.write_bytes(bz2.compress(b"a,b")),
        ".xz": lambda: path.write_bytes(lzma.compress(b"a,b")),
        ".zip": lambda: zipfile.ZipFile(path, "w").writestr("a.csv", "a,b"),
        ".tar": lambda: path.write_bytes(tar()),
        ".tgz": lambda: path.write_bytes(gzip.compress(tar())),
        ".gz": lambda: path.write_bytes(gzip.compress(tar() if "tar" in path.name else parquet())),
    }
    writers[path.suffix]()


@pytest.mark.parametrize(
    ("name", "kind", "advice"),
    [
        ("a.feather", "Feather", "Parquet or text"),
        ("a.npz", "zip", "sparse matrix"),
        ("a.npy", "numpy", "sparse matrix"),
        ("a.db", "SQLite", "Parquet or text"),
        ("a.dat", "Parquet", "end in .parquet"),
        ("a.txt", "gzip", "end in .gz"),
        ("a.bz2", "bzip2", "Unpack it"),
        ("a.xz", "xz", "Unpack it"),
        ("a.zip", "zip", "Unpack it and name the file"),
        ("a.tar", "tar", "Unpack it and name the file"),
        ("a.tar.gz", "tar", "Unpack it and name the file"),
        ("a.tgz", "gzip", "end in .gz"),
        ("a.dat.gz", "Parquet", "Unpack it first"),
    ],
)
def test_files_that_are_no_text_are_called_what_they_are(tmp_path, name, kind, advice):
    saved(tmp_path / name)
    with pytest.raises(DataError, match=f"AS108: {name} is no text but .*{kind}") as caught:
        read_lines(tmp_path / name)
    assert advice in str(caught.value)


@pytest.mark.parametrize("begin", ['{"user_id": ', '[{"user_id":', '\ufeff[\n  {\n    "user_id": '])
def test_json_is_called_what_it_is(tmp_path, begin):
    path = write(tmp_path, f'{begin}"u1"}}\n'.encode())
    with pytest.raises(DataError, match=r"AS108: .* is no table of text but JSON\. Read it in Py"):
        read_lines(path)


@pytest.mark.parametrize("content", [b"", b"\n\r\n\n", b"\xef\xbb\xbf"])
def test_empty(tmp_path, content):
    with pytest.raises(DataError, match="AS102"):
        read_lines(write(tmp_path, content))


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(DataError, match=r"AS101.*No such file"):
        read_lines(tmp_path / "none.csv")
    with pytest.raises(DataError, match="AS101"):
        read_lines(tmp_path)


def test_damaged_gzip(tmp_path):
    path = write(tmp_path, b"a,b\n" * 1000, "a.csv.gz")
    whole = path.read_bytes()
    for damaged in (whole[:-20], b"not gzip", whole[:15] + b"\xff\xff" + whole[17:]):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match="AS107"):
            read_lines(path)


def test_zstd(tmp_path):
    path = tmp_path / "a.csv.zst"
    pl.DataFrame({"u": ["é", "b"], "i": ["1", "2"]}).write_csv(path, compression="zstd")
    assert path.read_bytes()[:4] == b"\x28\xb5\x2f\xfd"
    assert read_lines(path).to_list() == ["u,i", "é,1", "b,2"]
    path.write_bytes(path.read_bytes()[:12])
    with pytest.raises(DataError, match="AS107"):
        read_lines(path)
    with pytest.raises(DataError, match="AS101"):
        read_lines(tmp_path / "none.csv.zst")
