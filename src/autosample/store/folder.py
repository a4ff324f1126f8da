"""A run in a folder: whole in itself, and resumable after any kind of end.

=====================  =================================================================
``settings.json``      everything the result depends on beside the data
``environment.json``   versions, number of threads and device
``data.*``, ``*.jsonl``  the dataset: parts, ids of users and items, what was read and dropped
``history.jsonl``      epochs, evaluations and decisions as they came
``checkpoints``        where training stood the last two times; gone when the run is over
``model.safetensors``  final rows of users and items
``state.safetensors``  final parameters, optimiser and samplers
``ranks.safetensors``  ranks of the test items by user
``result.json``        schedule, metrics and cost
``manifest.json``      SHA-256 of the files above; the result counts once it is listed here
=====================  =================================================================
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from autosample.data import Dataset, Note
from autosample.errors import StoreError
from autosample.kernels.threads import get_threads
from autosample.run import RunResult, check, run
from autosample.search import Progress
from autosample.settings import Settings
from autosample.status import lock_is_held
from autosample.store import dataset, environment, result
from autosample.store.checkpoints import Checkpoints
from autosample.store.files import PART, locked, replace_file, replace_json, storing
from autosample.store.keeper import Keeper
from autosample.store.manifest import read_manifest, verified, write_manifest
from autosample.store.pace import Pace


class RunFolder:
    """One run's folder.

    Attributes:
        path: Where it is.
        notes: What a person should know about resuming; grows while a run goes on.
        pace: When checkpoints are made.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.notes: list[Note] = []
        self.pace = Pace()

    @classmethod
    def create(cls, path: str | Path, data: Dataset, settings: Settings) -> Self:
        """Make a new folder with settings and data, ready to run.

        Raises:
            SettingsError: for names that do not exist, before anything is written.
            StoreError: AS501 when something is there already; AS502, AS503, AS504 when it cannot
                be written.
        """
        folder = cls(path)
        check(settings, data)
        with storing(folder.path):
            folder.path.mkdir(parents=True, exist_ok=True)
            there = {other.name for other in folder.path.iterdir()}
        if there and "lock" not in there:  # of others, where no lock is to be left
            raise folder._taken()
        with locked(folder.path):
            if any(other.name != "lock" for other in folder.path.iterdir()):
                raise folder._taken()
            texts = {
                "settings.json": settings.model_dump(mode="json"),
                "environment.json": environment.describe(get_threads(), settings.device),
            }
            sums = dataset.save_dataset(folder.path, data)
            sums |= {name: replace_json(folder.path / name, value) for name, value in texts.items()}
            write_manifest(folder.path, sums)
        return folder

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """A folder that was made before.

        Raises:
            StoreError: AS507 when it is none, AS508 when another version made it.
        """
        folder = cls(path)
        read_manifest(folder.path)
        return folder

    @property
    def finished(self) -> bool:
        """Whether the result is there."""
        return "result.json" in read_manifest(self.path)

    def settings(self) -> Settings:
        """What the run was asked."""
        return Settings.of(**json.loads(verified(self.path, "settings.json").read_text("utf-8")))

    def dataset(self) -> Dataset:
        """The run's data."""
        for name in dataset.FILES:
            verified(self.path, name)
        return dataset.load_dataset(self.path)

    def result(self, data: Dataset | None = None) -> RunResult:
        """What the run found.

        Args:
            data: The run's dataset, where it is at hand.

        Raises:
            StoreError: AS509 when the run is not over, AS506 when a file was changed.
        """
        if not self.finished:
            fix = f"Run `autosample resume {shlex.quote(str(self.path))}` first."
            if lock_is_held(self.path):
                fix = "Another process works on it: wait until that has ended."
            raise StoreError("AS509", f"The run in {self.path} is not over.", fix)
        for name in (*result.FILES, "history.jsonl"):
            verified(self.path, name)
        return result.load_result(self.path, data or self.dataset())

    def run(
        self,
        data: Dataset | None = None,
        *,
        on_progress: Callable[[Progress], None] | None = None,
        on_record: Callable[[dict[str, Any]], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> RunResult:
        """Run, or go on from the last checkpoint; a run that is over is read.

        A process that dies loses the work since the last checkpoint: an epoch, a minute of a longer
        one, or, where epochs are short, twenty times what a checkpoint takes.

        Args:
            data: The run's dataset, where it is at hand.
            on_progress: Called after every epoch.
            on_record: Called with every new history record, after it is in the folder.
            should_stop: Asked after every batch; when true, a checkpoint is made and the run ends.

        Raises:
            StoreError: AS505 when another process runs here, AS511 when ``should_stop`` said so;
                AS513 when ``data`` is not the run's, AS514 when another version of autosample made
                the checkpoint; AS502, AS503, AS504 when something cannot be written.
        """

        def keep(record: dict[str, Any]) -> None:
            self._append(record)
            if on_record is not None:
                on_record(record)

        with locked(self.path) as held:
            if not held:
                text = "The file system knows no locks: let no other process work in this folder."
                self.notes.append(Note("AS524", text, 1))
            data = self._same(data) if data else self.dataset()
            self._clean()
            if self.finished:
                return self.result(data)
            self._drop_old_checkpoints()
            keeper = Keeper(self.path, self.pace, should_stop)
            self.notes += keeper.notes
            if keeper.history:
                self._compare_environment()
            self._write_history(keeper.history)
            found = run(
                data,
                self.settings(),
                on_progress=on_progress,
                on_record=keep,
                carry_out=keeper.carry_out,
            )
            found = dataclasses.replace(found, seconds=found.seconds + keeper.seconds)
            self.finish(found, data)
            return found

    def finish(self, found: RunResult, data: Dataset) -> None:
        """Write the result of a run of this folder's settings and data.

        Raises:
            StoreError: AS502, AS503, AS504; the run is then not finished, and can be resumed.
        """
        sums = {"history.jsonl": self._write_history(found.history)}
        sums |= result.save_result(self.path, found, data.fingerprint())
        write_manifest(self.path, read_manifest(self.path) | sums)
        self._clean()

    def environment(self) -> dict[str, Any]:
        """Versions and number of threads when the run was made."""
        read: dict[str, Any] = json.loads(
            verified(self.path, "environment.json").read_text("utf-8")
        )
        return read

    def _taken(self) -> StoreError:
        """The error for a folder with something in it, be it of a run or of somebody else."""
        run = (self.path / "manifest.json").exists()
        return StoreError(
            "AS501",
            f"A new run needs an empty folder, and {self.path} has something in it.",
            f"Name another folder{', or `autosample resume` the run in it' if run else ''}.",
        )

    def _same(self, data: Dataset) -> Dataset:
        """The data, when it is the run's."""
        written = json.loads(verified(self.path, "data.json").read_text("utf-8"))
        if written["fingerprint"] != data.fingerprint():
            now = data.summary()
            differ = [f"{k} {v}, now {now[k]}" for k, v in written.items() if v != now[k]]
            raise StoreError(
                "AS513",
                f"The data of the run in {self.path} was: {'; '.join(differ)}.",
                "Leave it out to go on with the run's own copy, or start a new run.",
            )
        return data

    def _compare_environment(self) -> None:
        written = self.environment()
        now = environment.describe(get_threads(), self.settings().device)
        ours = ("autosample", "code")
        if any(written.get(name) != now[name] for name in ours):
            was, is_ = (" ".join(str(facts.get(name)) for name in ours) for facts in (written, now))
            raise StoreError(
                "AS514",
                f"autosample (version, code) was {was} when the run in {self.path} began, and is "
                f"{is_}.",
                "Resume with that version, or go on in a new folder with --fork.",
            )
        if changed := environment.differences(written, now):
            text = f"The last bits of the result may differ: {'; '.join(changed)}."
            self.notes.append(Note("AS523", text, len(changed)))

    def _append(self, record: dict[str, Any]) -> None:
        path = self.path / "history.jsonl"
        with storing(path), path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(f"{json.dumps(record)}\n")

    def _write_history(self, history: list[dict[str, Any]]) -> str:
        lines = "".join(f"{json.dumps(record)}\n" for record in history)
        path = self.path / "history.jsonl"
        return replace_file(path, lambda part: part.write_text(lines, "utf-8", newline="\n"))[1]

    def _clean(self) -> None:
        """Drop files half written, and checkpoints once the result is there."""
        for path in self.path.glob(f"**/*{PART}"):
            with contextlib.suppress(OSError):
                path.unlink()
        if self.finished:
            with contextlib.suppress(StoreError):
                Checkpoints(self.path).clear()

    def _drop_old_checkpoints(self) -> None:
        """Those of format 1 are not read: the run starts again."""
        if old := list(self.path.glob("checkpoint-*.safetensors")):
            text = "Its checkpoints have the layout of an earlier version: started again."
            self.notes.append(Note("AS522", text, len(old)))
        for path in old:
            path.unlink()
