"""A run as its folder shows it now, over or not; nothing is written, nothing is locked.

Files of a run that goes on are read as they stand, without their checksums.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autosample.errors import AutosampleError
from autosample.search.engine import Schedule
from autosample.settings import Settings
from autosample.store.checkpoints import Checkpoints

_QUIET = 120.0  # seconds without a record after which a run is taken to have stopped


@dataclass(frozen=True)
class Live:
    """What is known of a run.

    Attributes:
        name: Of its folder.
        state: "over", "running", "stopped" or "damaged".
        settings: What it was asked; the defaults for a damaged one.
        data: Fingerprint of its dataset.
        schedule: Samplers and epochs behind the final model, or behind the best of the last
            checkpoint.
        history: Records of epochs, evaluations and decisions so far.
        value: The deciding metric: on test users where the run is over and there are any, else the
            best on validation users so far; not a number before there is one.
        tested: Whether ``value`` is of test users.
        trainings: Work so far, in trainings of all epochs.
        seconds: Time since the last record.
    """

    name: str
    state: str
    settings: Settings
    data: str
    schedule: Schedule
    history: Sequence[Mapping[str, Any]]
    value: float
    tested: bool
    trainings: float
    seconds: float

    @property
    def label(self) -> str:
        """The sampler that trains alone, or the strategy."""
        settings = self.settings
        return settings.candidates[0] if settings.strategy == "fixed" else settings.strategy

    @property
    def epochs(self) -> int:
        """Epochs trained, of all copies."""
        return sum(record["kind"] == "epoch" for record in self.history)


def runs_below(folder: Path) -> dict[str, Path]:
    """Folders of runs by name; of a run's own folder, itself."""
    if (folder / "manifest.json").is_file():
        return {folder.resolve().name: folder}
    return {path.parent.name: path.parent for path in sorted(folder.glob("*/manifest.json"))}


def rivals(run: Live, runs: Iterable[Live]) -> list[Live]:
    """Other runs that were tested on the same users and items, by the same metric."""
    key = run.data, run.settings.metric, True
    return [
        one
        for one in runs
        if one.name != run.name and (one.data, one.settings.metric, one.tested) == key
    ]


def look(name: str, path: Path) -> Live:
    """What the folder of a run shows now. Cost: reading its history."""
    try:
        return _look(name, path)
    except (AutosampleError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return Live(name, "damaged", Settings(), "", (), (), math.nan, False, 0.0, 0.0)


def _look(name: str, path: Path) -> Live:
    listed = json.loads((path / "manifest.json").read_text("utf-8"))["sha256"]
    settings = Settings.of(**json.loads((path / "settings.json").read_text("utf-8")))
    data = json.loads((path / "data.json").read_text("utf-8"))["fingerprint"]
    history, changed = _history(path)
    quiet = max(0.0, time.time() - changed)
    values = [record["value"] for record in history if record["kind"] == "evaluation"]
    if "result.json" in listed:
        result = json.loads((path / "result.json").read_text("utf-8"))
        value = result["metrics"].get(settings.metric)
        return Live(
            name=name,
            settings=settings,
            data=data,
            history=history,
            state="over",
            schedule=tuple((label, epochs) for label, epochs in result["schedule"]),
            value=result["valid_metric"] if value is None else value,
            tested=value is not None,
            trainings=result["trainings"],
            seconds=quiet,
        )
    return Live(
        name=name,
        settings=settings,
        data=data,
        history=history,
        state="running" if quiet < _QUIET else "stopped",
        schedule=Checkpoints(path).schedule_so_far(),
        value=max(values, default=math.nan),
        tested=False,
        trainings=_trainings(history, settings),
        seconds=quiet,
    )


def _history(path: Path) -> tuple[list[dict[str, Any]], float]:
    """Records that are whole, and when the last was written."""
    file = path / "history.jsonl"
    if not file.exists():
        return [], (path / "manifest.json").stat().st_mtime
    lines = file.read_text("utf-8").split("\n")[:-1]  # what follows the last line end is cut off
    return [json.loads(line) for line in lines], file.stat().st_mtime


def _trainings(history: Sequence[Mapping[str, Any]], settings: Settings) -> float:
    epoch = next((record["positives"] for record in history if record["kind"] == "epoch"), 0)
    done = history[-1]["positives_so_far"] if history else 0
    return done / (epoch * settings.epochs) if epoch else 0.0
