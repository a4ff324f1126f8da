"""Run folders that earlier versions wrote, kept in tests/folders, are read for ever."""

import json
import shutil
from pathlib import Path

import pytest

from autosample import AutoSample
from autosample.run import run
from autosample.store import RunFolder, fork
from autosample.store.manifest import FORMAT
from tests.make_runs import RUNS, SETTINGS
from tests.tiny import assert_same, quick, tiny_dataset

FINISHED = sorted(RUNS.glob("*-finished"))
UNFINISHED = sorted(RUNS.glob("*-unfinished"))


def copied(path: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(path, tmp_path / path.name))


def test_there_is_one_of_the_present_format() -> None:
    assert RUNS / f"format-{FORMAT}-finished" in FINISHED
    assert RUNS / f"format-{FORMAT}-unfinished" in UNFINISHED


@pytest.mark.parametrize("path", FINISHED, ids=lambda path: path.name)
def test_finished_runs_are_read(path, tmp_path) -> None:
    fitted = AutoSample.load(copied(path, tmp_path))
    assert fitted.result_.settings == quick(**SETTINGS)
    assert fitted.dataset_.fingerprint() == tiny_dataset().fingerprint()
    assert fitted.metrics_["ndcg@20"] > 0
    assert fitted.recommend(["u1"], k=3)["item"].n_unique() == 3


@pytest.mark.parametrize("path", UNFINISHED, ids=lambda path: path.name)
def test_unfinished_runs_are_gone_on_with(path, tmp_path) -> None:
    old = RunFolder.open(copied(path, tmp_path))
    behind = (old.path / "history.jsonl").read_text().splitlines()
    new = fork(old, tmp_path / "new", old.settings())  # whatever the version is by now
    result = new.run()
    assert "AS521" in [note.code for note in new.notes]
    assert behind
    assert result.history[: len(behind)] == [json.loads(line) for line in behind]


def test_checkpoints_of_the_first_format_are_not_used(tmp_path) -> None:
    folder = RunFolder.create(tmp_path / "run", tiny_dataset(), quick(**SETTINGS))
    manifest = json.loads((folder.path / "manifest.json").read_text())
    (folder.path / "manifest.json").write_text(json.dumps({**manifest, "format": 1}))
    (folder.path / "checkpoint-000002-0123456789abcdef.safetensors").write_bytes(b"old")
    again = RunFolder.open(folder.path)
    assert_same(again.run(), run(tiny_dataset(), quick(**SETTINGS)))
    assert [note.code for note in again.notes] == ["AS522"]
    assert not list(folder.path.glob("checkpoint-*"))
