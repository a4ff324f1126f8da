"""A run as its folder shows it now, with its history; nothing is written."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autosample import status
from autosample.errors import AutosampleError
from autosample.search.engine import Schedule
from autosample.settings import Settings
from autosample.store.checkpoints import Checkpoints


@dataclass(frozen=True)
class Live:
    """What is known of a run.

    Attributes:
        name: Of its folder.
        state: See :class:`autosample.status.Status`.
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
    state: status.State
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
    def title(self) -> str:
        """What tells it from other runs of a comparison."""
        return f"{self.label}, seed {self.settings.seed}"

    @property
    def epochs(self) -> int:
        """Epochs trained, of all copies."""
        return sum(record["kind"] == "epoch" for record in self.history)


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
        return _look(name, status.status(path))
    except (AutosampleError, *status.UNREADABLE):
        return Live(name, "damaged", Settings(), "", (), (), math.nan, False, 0.0, 0.0)


def _look(name: str, run: status.Status) -> Live:
    settings = Settings.of(**run.settings)
    history, changed = _history(run.path)
    live = Live(
        name=name,
        settings=settings,
        data=run.data["fingerprint"],
        history=history,
        state=run.state,
        schedule=(),
        value=math.nan,
        tested=False,
        trainings=_trainings(history, settings),
        seconds=max(0.0, time.time() - changed),
    )
    if run.state == "finished":
        return replace(
            live,
            schedule=tuple((label, epochs) for label, epochs in run.result["schedule"]),
            value=run.result["valid_metric"] if run.test is None else run.test,
            tested=run.test is not None,
            trainings=run.result["trainings"],
        )
    values = [record["value"] for record in history if record["kind"] == "evaluation"]
    return replace(
        live,
        schedule=Checkpoints(run.path).schedule_so_far(),
        value=max(values, default=math.nan),
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
