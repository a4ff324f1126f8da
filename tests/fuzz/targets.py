"""What is fuzzed: every reader and the loader of run folders, with bytes that went wrong.

Each target takes hypothesis' ``data`` and a folder. Only errors for people may come out; hypothesis
and the caller's clock bound the time.
"""

from __future__ import annotations

import gzip
import io
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from scipy import sparse

from autosample.data import Dataset, from_matrix, load_dataset, read_events
from autosample.errors import AutosampleError
from autosample.store import RunFolder
from autosample.testing.tables import nasty_tables, nasty_texts

#: Outcomes: what a target did.
Outcome = str
Target = Callable[[st.DataObject, Path], Outcome]


@st.composite
def mutated(draw: st.DrawFn, content: bytes) -> bytes:
    """Bytes cut off, turned over, repeated or with others put in."""
    place = draw(st.integers(0, max(len(content) - 1, 0)))
    length = draw(st.integers(0, 40))
    kind = draw(st.sampled_from(("cut", "flip", "drop", "insert", "repeat", "noise")))
    if kind == "cut":
        return content[:place]
    if kind == "flip":
        bit = bytes([content[place] ^ (1 << draw(st.integers(0, 7)))]) if content else b""
        return content[:place] + bit + content[place + 1 :]
    if kind == "drop":
        return content[:place] + content[place + length :]
    if kind == "repeat":
        return content[:place] + content[place : place + length] * 3 + content[place + length :]
    noise = draw(st.binary(max_size=length))
    after = place if kind == "insert" else place + len(noise)
    return content[:place] + noise + content[after:]


def attempt(call: Callable[[], object]) -> Outcome:
    """``fine`` or the code of the error for people; any other error goes on."""
    try:
        call()
    except AutosampleError as error:
        return error.code if error.fix else "no fix"
    return "fine"


def options(data) -> dict[str, object]:
    """Settings of reading that go with anything."""
    return {
        "skip_bad_lines": data.draw(st.booleans()),
        "header": data.draw(st.booleans()),
        "rating": data.draw(st.sampled_from((None, "rating", "column_3"))),
        "time": data.draw(st.sampled_from((None, "time", "column_4"))),
        **data.draw(
            st.sampled_from(({}, {"user": "column_1", "item": "column_2"}, {"separator": "::"}))
        ),
    }


def text(data, folder: Path) -> Outcome:
    """Delimited and LightGCN text under every ending, packed or not, some of it mutated."""
    content = data.draw(nasty_texts()).encode()
    if data.draw(st.booleans()):
        content = data.draw(mutated(content))
    ending = data.draw(st.sampled_from((".csv", ".tsv", ".inter", ".txt", ".dat", ".csv.gz")))
    if ending.endswith(".gz"):
        content = gzip.compress(content)
        content = data.draw(mutated(content)) if data.draw(st.booleans()) else content
    path = folder / f"fuzzed{ending}"
    path.write_bytes(content)
    kind = data.draw(st.sampled_from(("auto", "table", "lightgcn")))
    encoding = data.draw(st.sampled_from(("utf-8", "utf-16", "latin-1", "ascii")))
    return attempt(lambda: read_events(path, file_format=kind, encoding=encoding, **options(data)))


def lightgcn(data, folder: Path) -> Outcome:
    """Lines of numbers, some mutated."""
    rows = data.draw(st.lists(st.lists(st.integers(0, 30), max_size=5), max_size=8))
    content = "\n".join(" ".join(map(str, row)) for row in rows).encode()
    path = folder / "train.txt"
    path.write_bytes(data.draw(mutated(content)))
    return attempt(lambda: load_dataset(path))


def parquet(data, folder: Path) -> Outcome:
    """A Parquet file with some bytes turned."""
    stream = io.BytesIO()
    data.draw(nasty_tables(max_rows=6)).write_parquet(stream)
    path = folder / "fuzzed.parquet"
    path.write_bytes(data.draw(mutated(stream.getvalue())))
    return attempt(lambda: read_events(path, rating="rating", time="time"))


def frames(data, folder: Path) -> Outcome:
    """Frames of Polars and pandas, read, filtered and split in every way."""
    frame = data.draw(nasty_tables())
    source = frame.to_pandas() if data.draw(st.booleans()) else frame
    columns = data.draw(
        st.sampled_from(
            ({}, {"rating": "rating"}, {"time": "time"}, {"rating": "rating", "time": "time"})
        )
    )
    threshold = data.draw(st.sampled_from((None, 1.0, float("nan"), 99.0)))
    split = data.draw(st.sampled_from(("ratio", "leave-last", "temporal")))
    return attempt(
        lambda: load_dataset(
            source,
            **columns,
            minimum_rating=threshold,
            split=split,
            k_core=data.draw(st.sampled_from((0, 2))),
            skip_bad_lines=data.draw(st.booleans()),
            cold_users=data.draw(st.sampled_from(("keep", "drop"))),
        )
    )


def matrices(data, folder: Path) -> Outcome:
    """Sparse matrices with zeros, repeats, odd numbers, and names that fit or not."""
    n = data.draw(st.integers(0, 12))
    shape = (data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6)))
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    values = rng.choice([0.0, 1.0, -1.0, np.nan, np.inf, 3.0], n)
    matrix = sparse.coo_matrix(
        (values, (rng.integers(shape[0], size=n), rng.integers(shape[1], size=n))), shape=shape
    )
    matrix = getattr(matrix, data.draw(st.sampled_from(("tocsr", "tocsc", "tolil", "tocoo"))))()
    names = data.draw(st.one_of(st.none(), st.lists(st.text(max_size=2), max_size=6)))
    return attempt(lambda: from_matrix(matrix, item_names=names))


def run_folder(made: Path) -> Target:
    """A target: one file of a copy of a finished run mutated, then everything is read."""

    def target(data, folder: Path) -> Outcome:
        copy = folder / "run"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(made, copy)
        names = sorted(path.name for path in made.iterdir() if path.name != "lock")
        path = copy / data.draw(st.sampled_from(names))
        path.write_bytes(data.draw(mutated(path.read_bytes())))

        def read() -> None:
            opened = RunFolder.open(copy)
            opened.settings()
            opened.environment()
            dataset = opened.dataset()
            assert isinstance(dataset, Dataset)
            opened.result(dataset)

        return attempt(read)

    return target


def cut_run(made: Path) -> Target:
    """A target: any file of a run that was stopped mutated, checkpoints included, then resumed."""

    def target(data, folder: Path) -> Outcome:
        copy = folder / "cut"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(made, copy)
        files = sorted(path for path in copy.rglob("*") if path.is_file() and path.name != "lock")
        late = [path for path in files if path.stat().st_mtime_ns > data_written(copy)]
        path = data.draw(st.sampled_from(late or files))
        path.write_bytes(data.draw(mutated(path.read_bytes())))
        return attempt(lambda: RunFolder.open(copy).run())

    return target


def data_written(folder: Path) -> int:
    """When the data of a run was on disk: all that is later are checkpoints and history."""
    return (folder / "data.safetensors").stat().st_mtime_ns


READERS = {
    "text": text,
    "lightgcn": lightgcn,
    "parquet": parquet,
    "frames": frames,
    "matrices": matrices,
}
