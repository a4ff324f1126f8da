"""Runs killed with SIGKILL at many points end as if nothing had happened."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autosample.run import run
from autosample.store import RunFolder
from tests.tiny import assert_same, quick, tiny_dataset

STATEFUL = ["nscaching", "ans"]  # a memory; parameters with an optimiser
SETTINGS = {
    "mf-adaptive": {},
    "mf-scratch": {"retrain": "scratch"},
    "mf-halving": {"strategy": "halving", "candidates": STATEFUL},
    "mf-exhaustive": {"strategy": "exhaustive", "candidates": ["uniform", "dns:pool=4"]},
    "lightgcn-exhaustive": {
        "model": "lightgcn",
        "strategy": "exhaustive",
        "candidates": ["uniform", "dns:pool=4"],
        "epochs": 4,
    },
}
PLAIN = "mf-exhaustive"  # eight trials of one arm
#: Settings, what the run dies at, and which; evaluations below 0 count from the last.
POINTS = [
    ("mf-adaptive", "written", 1),
    ("mf-adaptive", "written", 2),
    ("mf-adaptive", "torn", 1),
    ("mf-adaptive", "torn", 2),
    ("mf-adaptive", "evaluation", 1),
    ("mf-adaptive", "evaluation", -1),
    ("mf-scratch", "evaluation", -2),  # in the final training
    ("mf-halving", "written", 2),
    ("mf-halving", "evaluation", 3),
    ("lightgcn-exhaustive", "written", 3),
    ("lightgcn-exhaustive", "torn", 4),
    # history, 4 checkpoints, history, model, state, ranks, result; the manifest is next
    ("lightgcn-exhaustive", "replaced", 10),
]


@pytest.fixture(scope="module")
def uninterrupted():
    return {name: run(tiny_dataset(), quick(**changes)) for name, changes in SETTINGS.items()}


def name_of(point: tuple[str, str, int]) -> str:
    return "-".join(map(str, point))


@pytest.fixture(scope="module")
def killed(tmp_path_factory, uninterrupted) -> Path:
    folder = tmp_path_factory.mktemp("killed")
    root = Path(__file__).parent.parent
    cases = {}
    for point in POINTS:
        name, what, n = point
        records = [record["kind"] for record in uninterrupted[name].history]
        n = n if n > 0 else records.count("evaluation") + 1 + n
        cases[name_of(point)] = {"settings": SETTINGS[name], "point": [what, n]}
    told = subprocess.run(
        [sys.executable, "-m", "tests.victim", str(folder), json.dumps(cases)],
        cwd=root,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    ).stdout
    assert dict(line.split() for line in told.splitlines()) == dict.fromkeys(cases, "-9")
    return folder


@pytest.mark.parametrize("point", POINTS, ids=name_of)
def test_a_killed_run_ends_as_the_uninterrupted_one(killed, uninterrupted, point) -> None:
    folder = RunFolder.open(killed / name_of(point))
    assert not folder.finished
    assert_same(folder.run(), uninterrupted[point[0]])
    assert_same(RunFolder.open(folder.path).result(), uninterrupted[point[0]])
    assert not list(folder.path.glob("*.part"))
    assert not list(folder.path.glob("checkpoint-*"))


def test_work_before_the_last_checkpoint_is_not_done_again(tmp_path) -> None:
    folder = RunFolder.create(tmp_path / "run", tiny_dataset(), quick(**SETTINGS[PLAIN]))
    assert stop_after(folder, trials=3) == 6
    epochs = []
    RunFolder.open(folder.path).run(on_progress=epochs.append)
    assert len(epochs) == 2 * 8 - 6


class StopError(Exception):
    """As a crash would, from within."""


def stop_after(folder: RunFolder, trials: int) -> int:
    """Run until the first epoch after a number of trials; returns the epochs until then."""
    done = []

    def watch(progress):
        if progress.trial > trials:
            raise StopError
        done.append(progress)

    with pytest.raises(StopError):
        folder.run(on_progress=watch)
    return len(done)


@pytest.fixture
def stopped(tmp_path) -> RunFolder:
    folder = RunFolder.create(tmp_path / "run", tiny_dataset(), quick(**SETTINGS[PLAIN]))
    stop_after(folder, trials=3)
    return RunFolder.open(folder.path)


def checkpoints(folder: RunFolder) -> list[Path]:
    return sorted(folder.path.glob("checkpoint-*"))


def codes(folder: RunFolder) -> list[str]:
    return [note.code for note in folder.notes]


def test_two_checkpoints_are_kept(stopped) -> None:
    assert [path.name[:17] for path in checkpoints(stopped)] == [
        "checkpoint-000002",
        "checkpoint-000003",
    ]


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def tear(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.parametrize("damage", [flip, tear])
def test_a_damaged_checkpoint_gives_way_to_the_one_before(stopped, uninterrupted, damage) -> None:
    damage(checkpoints(stopped)[-1])
    assert_same(stopped.run(), uninterrupted[PLAIN])
    assert codes(stopped) == ["AS520", "AS521"]
    assert stopped.notes[1].count == 2


def test_without_any_whole_checkpoint_it_starts_again(stopped, uninterrupted) -> None:
    for path in checkpoints(stopped):
        tear(path)
    assert_same(stopped.run(), uninterrupted[PLAIN])
    assert codes(stopped) == ["AS520", "AS520", "AS522"]


def test_a_torn_history_is_written_again(stopped, uninterrupted) -> None:
    with (stopped.path / "history.jsonl").open("a") as file:
        file.write('{"kind": "epo')
    assert_same(stopped.run(), uninterrupted[PLAIN])
    lines = (stopped.path / "history.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == stopped.result().history


def test_other_versions_are_noted(stopped) -> None:
    path = stopped.path / "environment.json"
    written = json.loads(path.read_text())
    stopped._write_manifest(
        stopped._manifest()
        | {"environment.json": stopped._write_json("environment.json", {**written, "torch": "1.0"})}
    )
    stopped.run()
    assert codes(stopped) == ["AS521", "AS523"]
    assert "torch was 1.0" in stopped.notes[1].message


def test_time_before_the_interruption_counts(stopped) -> None:
    before = json.loads((stopped.path / "history.jsonl").read_text().splitlines()[0])["seconds"]
    assert stopped.run().seconds > before
