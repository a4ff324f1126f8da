"""Going on under other settings: refused in place, and right in a new folder."""

import json
import os
import re
import signal
import subprocess
import sys

import pytest

from autosample.cli import main
from autosample.errors import StoreError
from autosample.run import run
from autosample.settings import DEFAULT_CANDIDATES
from autosample.store import RunFolder, fork, keeper
from autosample.store.checkpoints import Checkpoints
from autosample.store.files import locked, replace_json
from autosample.store.manifest import read_manifest, write_manifest
from tests.tiny import assert_same, quick, tiny_dataset

BASE = {"strategy": "exhaustive", "candidates": ["uniform", "dns:pool=4"]}


@pytest.fixture
def cut(tmp_path):
    """A run stopped in its fourth trial, or so."""

    def make(steps: int = 30, **changes) -> RunFolder:
        folder = RunFolder.create(tmp_path / "cut", tiny_dataset(), quick(**BASE, **changes))
        asked = iter(range(steps))
        with pytest.raises(StoreError, match="AS511"):
            folder.run(should_stop=lambda: next(asked, None) is None)
        return RunFolder.open(folder.path)

    return make


def forked(folder: RunFolder, new, data=None):
    """The fork's result, its notes, and how many epochs it trained."""
    made, epochs = fork(folder, folder.path.with_name("new"), new), []
    return made.run(on_progress=epochs.append), made.notes, len(epochs)


@pytest.mark.parametrize(
    "change",
    [{"metrics": ("hit@5",)}, {"patience": 3}, {"retrain": "scratch"}, {}],
    ids=lambda change: next(iter(change), "nothing"),
)
def test_what_lies_behind_is_kept_where_it_is_the_same(cut, change) -> None:
    new = quick(**{**BASE, **change})
    expected = run(tiny_dataset(), new)
    folder = cut()
    behind = (folder.path / "history.jsonl").read_text().count('"kind": "epoch"')
    found, notes, epochs = forked(folder, new)
    assert_same(found, expected)
    assert [note.code for note in notes] == ["AS525", "AS521"]
    whole = sum(record["kind"] == "epoch" for record in expected.history)
    assert epochs == whole - behind < whole


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"dim": 4}, "dim matters"),
        ({"candidates": ("uniform", "dns:pool=2")}, "candidates matters"),
        ({"window": 1}, "other trials"),
    ],
)
def test_it_starts_anew_where_it_is_not(cut, change, why) -> None:
    new = quick(**{**BASE, **change})
    found, notes, _ = forked(cut(), new)
    assert_same(found, run(tiny_dataset(), new))
    assert [note.code for note in notes] == ["AS525"]
    assert why in notes[0].message


def test_it_starts_anew_where_the_search_before_the_final_training_was_another(cut, monkeypatch):
    folder = cut(115, retrain="scratch")
    (checkpoint, *_) = Checkpoints(folder.path).files()
    assert len(json.loads(checkpoint.read_text())["parts"]) == 2
    told = keeper.describe
    monkeypatch.setattr(keeper, "describe", lambda trial: {**told(trial), "new": True})
    found, notes, _ = forked(folder, folder.settings())
    assert_same(found, run(tiny_dataset(), folder.settings()))
    assert [note.code for note in notes] == ["AS525"]
    assert "other trials" in notes[0].message


@pytest.mark.parametrize(
    ("candidates", "epochs", "trial"),
    [(DEFAULT_CANDIDATES, 4, 2), (("dns:pool=16", "mixgcf"), 12, 4)],
    ids=["the race was over", "a rival was given up"],
)
def test_it_starts_anew_where_more_epochs_would_have_been_another_decision(
    tmp_path, candidates, epochs, trial
) -> None:
    base = {"candidates": candidates, "epochs": epochs}
    folder, told = RunFolder.create(tmp_path / "cut", tiny_dataset(), quick(**base)), []

    def decided() -> bool:
        return bool(told) and (told[-1]["kind"], told[-1]["trial"]) == ("decision", trial)

    with pytest.raises(StoreError, match="AS511"):
        folder.run(on_record=told.append, should_stop=decided)
    new = quick(**{**base, "epochs": 30})
    found, notes, _ = forked(RunFolder.open(folder.path), new)
    assert_same(found, run(tiny_dataset(), new))
    assert "decided otherwise" in notes[0].message


def test_more_epochs_go_on_unless_a_sampler_goes_by_them(tmp_path) -> None:
    for name, goes_on in (("uniform", True), ("ahns", None), ("srns", False)):
        base = {"strategy": "fixed", "candidates": [name], "epochs": 6, "patience": 90}
        folder = RunFolder.create(tmp_path / name / "cut", tiny_dataset(), quick(**base))
        asked = iter(range(12))
        with pytest.raises(StoreError, match="AS511"):
            folder.run(should_stop=lambda asked=asked: next(asked, None) is None)
        new = quick(**{**base, "epochs": 10})
        found, notes, _ = forked(folder, new)
        assert_same(found, run(tiny_dataset(), new))
        if goes_on is not None:
            assert ("AS521" in [note.code for note in notes]) == goes_on


def test_other_settings_are_refused_and_listed(cut, capsys) -> None:
    folder = cut()
    assert main(["resume", str(folder.path), "--epochs=9", "--candidate=uniform"]) == 7
    told = capsys.readouterr().err
    assert "AS512" in told
    assert "epochs was 8, is 9" in told
    assert "candidates was ('uniform', 'dns:pool=4'), is ('uniform',)" in told
    new = folder.path.with_name("new")
    assert main(["resume", str(folder.path), "--patience=3", "--fork", str(new), "--json"]) == 0
    captured = capsys.readouterr()
    assert "AS525: Goes on" in captured.err
    assert json.loads(captured.out)["folder"] == str(new)
    assert RunFolder.open(new).settings() == quick(**{**BASE, "patience": 3})
    assert main(["resume", str(folder.path), "--epochs=8"]) == 0  # as it was


def test_other_data_is_refused_and_listed(cut) -> None:
    folder = cut()
    with pytest.raises(StoreError, match=r"AS513.*train \d+, now \d+.*fingerprint"):
        folder.run(tiny_dataset(seed=1))
    assert not folder.finished


@pytest.mark.parametrize(("name", "value"), [("autosample", "0.0.1"), ("code", "0123abcd")])
def test_another_version_or_code_is_refused_unless_forked(cut, name, value) -> None:
    folder = cut()
    written = {**folder.environment(), name: value}
    digest = replace_json(folder.path / "environment.json", written)
    write_manifest(folder.path, read_manifest(folder.path) | {"environment.json": digest})
    with pytest.raises(StoreError, match=rf"AS514.*{re.escape(value)}"):
        folder.run()
    found, notes, _ = forked(folder, folder.settings())
    assert_same(found, run(tiny_dataset(), folder.settings()))
    assert "AS514" not in [note.code for note in notes]


def test_its_own_folder_is_none_to_fork_to(cut) -> None:
    folder = cut()
    with pytest.raises(StoreError, match="AS501"):
        fork(folder, folder.path, quick(**BASE, patience=3))


def test_the_lock_of_a_dead_process_is_none(tmp_path) -> None:
    code = "import sys; from autosample.store.files import locked; from pathlib import Path\n"
    code += "with locked(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(StoreError, match="AS505"), locked(tmp_path):
            pass
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        with locked(tmp_path) as held:
            assert held
