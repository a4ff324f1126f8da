"""What happened in a run, from its history: who trained when, and what became of it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from autosample.search.base import TRAIL
from autosample.search.engine import Schedule
from autosample.settings import Settings

Record = Mapping[str, Any]
Runs = list[list[tuple[int, float]]]  # stretches of (epoch, value)


class Told(Protocol):
    """What the story of a run is told from, whether it is over or goes on."""

    @property
    def settings(self) -> Settings:
        """What it was asked."""

    @property
    def schedule(self) -> Schedule:
        """Samplers and epochs behind its model."""

    @property
    def history(self) -> Sequence[Record]:
        """Records of epochs, evaluations and decisions."""


@dataclass(frozen=True)
class Stretch:
    """Epochs ``first`` to ``last`` of the training that the final parameters come from."""

    label: str
    first: int
    last: int


@dataclass(frozen=True)
class Evidence:
    """What a trial saw of one arm: its held-out value, and other numbers by name."""

    label: str
    value: float
    others: Mapping[str, float]
    chosen: bool


@dataclass(frozen=True)
class Choice:
    """One decision of the search."""

    trial: int
    first: int
    last: int
    purpose: str
    reason: str
    evidence: Sequence[Evidence]


@dataclass(frozen=True)
class Effort:
    """What a sampler's epochs were, over the whole search."""

    label: str
    epochs: int
    kept: int
    seconds: float
    hardness: float
    best: float


def stretches(schedule: Schedule) -> list[Stretch]:
    """The schedule with numbered epochs, from 1."""
    found, done = [], 0
    for label, epochs in schedule:
        found.append(Stretch(label, done + 1, done + epochs))
        done += epochs
    return found


def kept_epochs(schedule: Schedule) -> dict[str, int]:
    """Epochs of the final model by sampler."""
    counts: dict[str, int] = {}
    for label, epochs in schedule:
        counts[label] = counts.get(label, 0) + epochs
    return counts


def sampler_order(labels: Iterable[str]) -> list[str]:
    """Distinct labels: families as they first come, then by the numbers in them."""
    distinct = list(dict.fromkeys(labels))
    families = list(dict.fromkeys(label.partition(":")[0] for label in distinct))

    def key(label: str) -> tuple[int, list[float]]:
        numbers = re.findall(r"\d+(?:\.\d+)?", label)
        return families.index(label.partition(":")[0]), [float(number) for number in numbers]

    return sorted(distinct, key=key)


def samplers_of(history: Sequence[Record]) -> list[str]:
    """All samplers that trained, in order."""
    return sampler_order(record["sampler"] for record in history if record["kind"] == "epoch")


def series(history: Sequence[Record], kind: str, field: str) -> dict[str, Runs]:
    """A field of the records of a kind over epochs, by sampler.

    A new stretch begins where the sampler sat out a trial or went back to earlier parameters.
    Values that are not finite are left out.
    """
    found: dict[str, Runs] = {}
    last: dict[str, tuple[int, int]] = {}  # label -> trial and epoch before
    for record in history:
        if record["kind"] != kind or record[field] is None or not math.isfinite(record[field]):
            continue
        label, trial = record["sampler"], record["trial"]
        epoch = record["epoch"] if kind == "epoch" else record["epochs"]
        before, at = last.get(label, (-2, 0))
        if trial > before + 1 or epoch <= at:
            found.setdefault(label, []).append([])
        found[label][-1].append((epoch, record[field]))
        last[label] = (trial, epoch)
    return found


def spans(history: Sequence[Record], label: str) -> list[tuple[int, int]]:
    """(start, end) of the stretches in which a sampler trained, in epochs, start not included."""
    runs = series(history, "epoch", "positives").get(label, [])
    return sorted({(run[0][0] - 1, run[-1][0]) for run in runs})


def kept_path(history: Sequence[Record], schedule: Schedule) -> list[tuple[int, float]]:
    """(epoch, held-out value) along the training that the final parameters come from.

    Of the running mean of the parameters, where the search takes its result from one.
    """
    values: dict[tuple[str, int], float] = {}
    means: dict[int, float] = {}
    for record in (record for record in history if record["kind"] == "evaluation"):
        epochs, value = record["epochs"], record["value"]
        if record["sampler"] == TRAIL:
            means[epochs] = value
            continue
        values[record["sampler"], epochs] = value
        if record.get("counts", True):  # of another training, after the search
            means.pop(epochs, None)
    path = []
    for part in stretches(schedule):
        for epoch in range(part.first, part.last + 1):
            value = means.get(epoch, values.get((part.label, epoch)))
            path += [] if value is None else [(epoch, value)]
    return path


def choices(history: Sequence[Record]) -> list[Choice]:
    """Every decision with its evidence, in order."""
    found, trial = [], []
    for record in history:
        if record["kind"] != "decision":
            trial.append(record)
            continue
        epochs = [r["epoch"] for r in trial if r["kind"] == "epoch"]
        given, adopted = record["evidence"], record.get("adopt")  # of a rival its state's name
        chosen = str(adopted) if adopted in given else record["label"]
        found.append(
            Choice(
                record["trial"],
                min(epochs, default=0),
                max(epochs, default=0),
                record.get("purpose", ""),
                record["reason"],
                _evidence(given, trial, chosen),
            )
        )
        trial = []
    return found


def _evidence(given: Mapping[str, Any], trial: Sequence[Record], chosen: str) -> list[Evidence]:
    """Evidence as the strategies give it: by label a number, or numbers by name, or nothing."""
    if not given:
        given = {r["sampler"]: r["value"] for r in trial if r["kind"] == "evaluation"}
    found = []
    for label, numbers in given.items():
        named = dict(numbers) if isinstance(numbers, Mapping) else {"mean": numbers}
        value = named.pop("mean", math.nan)
        found.append(Evidence(label, value, named, label == chosen))
    return found


def efforts(history: Sequence[Record], schedule: Schedule) -> list[Effort]:
    """Epochs, time, hardness and best value of every sampler."""
    kept, found = kept_epochs(schedule), []
    for label in samplers_of(history):
        own = [record for record in history if record.get("sampler") == label]
        epochs = [record for record in own if record["kind"] == "epoch"]
        values = [record["value"] for record in own if record["kind"] == "evaluation"]
        seconds = sum(record["seconds"] for record in epochs)
        hardness = sum(record["hardness"] for record in epochs) / len(epochs)
        best = max(values, default=math.nan)
        found.append(
            Effort(label, len(epochs), kept.get(label, 0), seconds, hardness, best)
        )  # fmt: skip
    return found
