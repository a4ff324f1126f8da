"""Runs that were cut off anywhere end as if nothing had happened."""

import errno
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from autosample.errors import StoreError
from autosample.models import MODELS
from autosample.run import run
from autosample.search import STRATEGIES, adaptive
from autosample.store import RunFolder, blobs
from autosample.store.files import PART, replace_json
from autosample.store.manifest import read_manifest, write_manifest
from autosample.store.pace import Pace
from autosample.train import Learner
from tests.grid import POINTS
from tests.tiny import assert_same, quick, tiny_dataset
from tests.victim import EVERY_EPOCH

PAIR = ["uniform", "dns:pool=4"]
STATEFUL = ["nscaching", "ans", "srns", "adasir", "dens", "aobpr", "cross_batch", "midx"]
SHORT = {"epochs": 6, "candidates": PAIR}
SETTINGS = {
    **{
        f"{strategy}-{model}": {**SHORT, "model": model, "strategy": strategy}
        for strategy, model in zip(STRATEGIES, list(MODELS) * len(STRATEGIES), strict=False)
    },
    "adaptive-split": SHORT,
    "adaptive": {},
    "stateful": {"strategy": "halving", "candidates": STATEFUL},
    "learned": {"strategy": "weighted", "candidates": STATEFUL[:2], "model": "ngcf"},
    **{kind: {"retrain": kind} for kind in ("rewind", "scratch", "replay")},
}
LATE = ("final evaluation", "final parameters", "final ranks", "before the manifest",
        "after the manifest")  # fmt: skip
EARLY = [point for point in POINTS if point not in LATE]


def ends(turn: int) -> list[tuple[str, int]]:
    """How the lives of a run end, one after the other."""
    early, late = EARLY[turn % len(EARLY)], LATE[turn % len(LATE)]
    return [("batch", 11), ("call", 34), (early, 2), (late, 1)]


#: With 1 and 2 threads in turn; ``tests.grid`` has every end of every model, strategy and number.
CASES = {
    name: [(*end, 1 + (turn + place) % 2) for place, end in enumerate(ends(turn))]
    for turn, name in enumerate(SETTINGS)
}
PLAIN = {"strategy": "exhaustive", "candidates": PAIR}  # eight trials of one arm


def users_per_arm(name: str) -> int:
    """So few that the race is held inside one training, where that is meant."""
    return 10 if name == "adaptive-split" else 3000


def reference(name: str):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adaptive, "USERS_PER_ARM", users_per_arm(name))
        return run(tiny_dataset(), quick(**SETTINGS[name]))


@pytest.fixture(scope="module")
def killed():
    """Run folders by name, and how their lives ended; in memory where that is possible."""
    memory = Path("/dev/shm")
    cases = {
        name: {"settings": SETTINGS[name], "lives": lives, "users_per_arm": users_per_arm(name)}
        for name, lives in CASES.items()
    }
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        told = subprocess.run(
            [sys.executable, "-m", "tests.victim", folder, json.dumps(cases)],
            cwd=Path(__file__).parent.parent,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
        ).stdout
        codes = {name: rest for name, *rest in map(str.split, told.splitlines())}
        yield {name: (RunFolder.open(Path(folder) / name), codes[name]) for name in cases}


@pytest.mark.parametrize("name", CASES)
def test_a_run_killed_again_and_again_ends_as_the_uninterrupted_one(
    killed, name, monkeypatch
) -> None:
    folder, died = killed[name]
    assert died == ["-9"] * 4
    monkeypatch.setattr(adaptive, "USERS_PER_ARM", users_per_arm(name))
    expected = reference(name)
    assert_same(folder.run(), expected)
    assert_same(RunFolder.open(folder.path).result(), expected)
    assert not list(folder.path.glob(f"**/*{PART}"))
    assert not (folder.path / "checkpoints").exists()


@pytest.fixture(scope="module")
def plain():
    return run(tiny_dataset(), quick(**PLAIN))


def new(path: Path, **pace: float) -> RunFolder:
    folder = RunFolder.create(path, tiny_dataset(), quick(**PLAIN))
    folder.pace = Pace(**pace)
    return folder


def stop_after(folder: RunFolder, steps: int) -> int:
    """Ask a run to stop after a number of batches; returns the epochs until then."""
    asked, epochs = iter(range(steps)), []
    with pytest.raises(StoreError) as stopped:
        folder.run(on_progress=epochs.append, should_stop=lambda: next(asked, None) is None)
    assert stopped.value.code == "AS511"
    return len(epochs)


def test_a_run_asked_to_stop_goes_on_with_the_next_batch(tmp_path, plain, monkeypatch) -> None:
    batches = []
    real = Learner.step
    monkeypatch.setattr(
        Learner, "step", lambda self, *a: (batches.append(self.optimiser.steps), real(self, *a))[1]
    )
    folder = new(tmp_path / "run")
    steps = 0
    for more in (1, 3, 2, 20):
        stop_after(RunFolder.open(folder.path), more)
        steps += more
    assert_same(folder.run(), plain)
    per_epoch = -(-len(tiny_dataset().train) // 128)
    assert len(batches) == 2 * 8 * per_epoch  # each once


def test_where_the_mean_began_is_known_after_a_stop(tmp_path) -> None:
    """In the trial after a rival has taken over, and in the replay."""
    settings = {"candidates": ["dns:pool=16", "mixgcf"], "epochs": 20, "retrain": "replay"}
    folder = RunFolder.create(tmp_path / "run", tiny_dataset(), quick(**settings))
    for said in ("takes over", "again"):
        reasons: list[str] = []
        with pytest.raises(StoreError, match="AS511"):
            folder.run(
                on_record=lambda record, to=reasons: to.append(record.get("reason", "")),
                should_stop=lambda said=said, told=reasons: any(said in each for each in told),
            )
    assert_same(folder.run(), run(tiny_dataset(), quick(**settings)))


def test_epochs_before_the_last_checkpoint_are_not_done_again(tmp_path) -> None:
    folder = new(tmp_path / "run", **EVERY_EPOCH)

    def crash(progress):
        if (progress.trial, progress.epoch) == (3, 1):
            raise StopIteration

    with pytest.raises(StopIteration):
        folder.run(on_progress=crash)
    epochs = []
    RunFolder.open(folder.path).run(on_progress=epochs.append)
    assert len(epochs) == 2 * 8 - 4  # the fifth was over, but not kept yet


@pytest.fixture
def stopped(tmp_path) -> RunFolder:
    """Between two trials, after a checkpoint in each epoch."""
    folder = new(tmp_path / "run", **EVERY_EPOCH)
    stop_after(folder, 30)
    return RunFolder.open(folder.path)


def manifests(folder: RunFolder) -> list[Path]:
    return sorted(folder.path.glob("checkpoints/checkpoint-*"))


def codes(folder: RunFolder) -> list[str]:
    return [note.code for note in folder.notes]


def named(manifest: Path) -> set[str]:
    return {f"{name}.safetensors" for name in json.loads(manifest.read_text())["blobs"]}


def test_two_checkpoints_are_kept_and_what_they_name(stopped) -> None:
    first, second = manifests(stopped)
    assert first.name < second.name
    files = {path.name for path in stopped.path.glob("checkpoints/*.safetensors")}
    assert files == named(first) | named(second)
    assert named(first) & named(second)  # written once


def test_a_state_is_written_once(tmp_path, monkeypatch) -> None:
    written, real = [], blobs.replace_bytes
    monkeypatch.setattr(
        blobs,
        "replace_bytes",
        lambda path, content: (written.append(path.name), real(path, content)),
    )
    folder = new(tmp_path / "run", **EVERY_EPOCH)
    stop_after(folder, 75)
    assert len(written) == len(set(written)) > 10
    before = len(written)
    stop_after(RunFolder.open(folder.path), 1)  # two batches, after which a learner is new
    assert len(written) == len(set(written)) <= before + 2


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def tear(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.parametrize("damage", [flip, tear])
def test_a_damaged_checkpoint_gives_way_to_the_one_before(stopped, plain, damage) -> None:
    damage(manifests(stopped)[-1])
    assert_same(stopped.run(), plain)
    assert codes(stopped) == ["AS520", "AS521"]


@pytest.mark.parametrize("damage", [flip, tear, Path.unlink])
def test_a_damaged_state_gives_way_to_the_checkpoint_before(stopped, plain, damage) -> None:
    first, second = manifests(stopped)
    damage(second.parent / min(named(second) - named(first)))
    assert_same(stopped.run(), plain)
    assert codes(stopped) == ["AS520", "AS521"]


def test_a_checkpoint_that_cannot_be_read_now_stays(stopped, plain, monkeypatch) -> None:
    """All were deleted as damaged, and the run started again."""

    def away(path):
        raise OSError(errno.ESTALE, "Stale file handle")

    before = manifests(stopped)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", away)
        with pytest.raises(StoreError, match="AS504"):
            stopped.run(tiny_dataset())
    assert manifests(stopped) == before
    assert_same(stopped.run(), plain)
    assert codes(stopped) == ["AS521"]


def test_without_any_whole_checkpoint_it_starts_again(stopped, plain) -> None:
    for path in manifests(stopped):
        tear(path)
    assert_same(stopped.run(), plain)
    assert codes(stopped) == ["AS520", "AS520", "AS522"]


def test_a_torn_history_is_written_again(stopped, plain) -> None:
    with (stopped.path / "history.jsonl").open("a") as file:
        file.write('{"kind": "epo')
    assert_same(stopped.run(), plain)
    lines = (stopped.path / "history.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == stopped.result().history


def test_other_versions_are_noted(stopped) -> None:
    path = stopped.path / "environment.json"
    written = json.loads(path.read_text())
    digest = replace_json(path, {**written, "torch": "1.0"})
    write_manifest(stopped.path, read_manifest(stopped.path) | {path.name: digest})
    stopped.run()
    assert codes(stopped) == ["AS521", "AS523"]
    assert "torch was 1.0" in stopped.notes[1].message


def test_time_before_the_interruption_counts(stopped) -> None:
    before = json.loads((stopped.path / "history.jsonl").read_text().splitlines()[0])["seconds"]
    assert stopped.run().seconds > before
