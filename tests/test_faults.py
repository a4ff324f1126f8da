"""A file system that fails at any call: an error for people, nothing lost, and the run goes on."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from autosample.errors import StoreError
from autosample.run import run
from autosample.store import RunFolder
from autosample.store.checkpoints import Checkpoints
from autosample.store.files import PART, replace_bytes
from autosample.store.pace import Pace
from tests.faults import NUMBERS, failing, intercepted
from tests.tiny import assert_same, quick, tiny_dataset
from tests.victim import EVERY_EPOCH

SETTINGS = {"strategy": "fixed", "candidates": ["ans"], "epochs": 2, "window": 1}
CODES = {errno.ENOSPC: "AS502", errno.EROFS: "AS503", errno.EIO: "AS504"}


@pytest.fixture(scope="module")
def data():
    return tiny_dataset()


@pytest.fixture(scope="module")
def uninterrupted(data):
    return run(data, quick(**SETTINGS))


@pytest.fixture(scope="module")
def calls(tmp_path_factory, data) -> int:
    """Calls that change files in a whole run."""
    seen = []
    folder = RunFolder.create(tmp_path_factory.mktemp("whole") / "run", data, quick(**SETTINGS))
    folder.pace = Pace(**EVERY_EPOCH)
    with intercepted(seen.append):
        folder.run(data)
    assert {"open", "write", "fsync", "replace", "unlink", "mkdir"} <= set(seen)
    return len(seen)


def readable(folder: RunFolder) -> int:
    """How many checkpoints of an unfinished run are whole; each must be."""
    found = Checkpoints(folder.path)
    for path in found.files():
        found.load(path)
    return len(found.files())


def test_a_fault_at_any_call_is_an_error_and_costs_nothing(
    tmp_path, data, uninterrupted, calls
) -> None:
    new, refused = tmp_path / "new", {}
    RunFolder.create(new, data, quick(**SETTINGS))
    for n in range(1, calls + 1):
        number = NUMBERS[n % len(NUMBERS)]
        folder = RunFolder(shutil.copytree(new, tmp_path / str(n)))
        folder.pace = Pace(**EVERY_EPOCH)
        with intercepted(failing(n, number), short=n % 2 == 0):
            try:
                folder.run(data)
            except StoreError as error:
                refused[n] = error.code, CODES[number]
        if not folder.finished:
            readable(folder)
        assert_same(RunFolder.open(folder.path).run(data), uninterrupted)
        assert not list(folder.path.glob(f"**/*{PART}"))
    assert all(code == expected for code, expected in refused.values())
    assert len(refused) > 0.8 * calls  # the others are clearing up, which may fail


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path, data, uninterrupted, calls) -> None:
    folder = RunFolder.create(tmp_path / "run", data, quick(**SETTINGS))
    folder.pace = Pace(**EVERY_EPOCH)
    with (
        pytest.raises(StoreError, match="AS502"),
        intercepted(failing(calls // 2, errno.ENOSPC, ever_after=True)),
    ):
        folder.run(data)
    assert readable(folder) >= 1
    again = RunFolder.open(folder.path)
    assert_same(again.run(data), uninterrupted)
    assert [note.code for note in again.notes] == ["AS521"]


def test_short_writes_are_gone_on_with(tmp_path) -> None:
    with intercepted(lambda name: None, short=True):
        replace_bytes(tmp_path / "file", bytes(range(256)))
    assert (tmp_path / "file").read_bytes() == bytes(range(256))


def test_a_disk_that_keeps_less_than_it_says_is_found_out(tmp_path, monkeypatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, c: write(handle, c[: len(c) // 2]) and len(c))
    with pytest.raises(StoreError, match=r"AS504.*not what was written"):
        replace_bytes(path, b"new content")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path, data) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="AS50"):
        RunFolder.create(tmp_path / "file" / "run", data, quick())
    assert Path(tmp_path / "file").read_text() == "in the way"
