"""Checkpoints of a run: what its searches were told, where the present one stands, and all states.

A search is a function of what it was told, and random draws are keyed by position, so these are
all that a run depends on. The initial state is made again from the seed. A checkpoint is a manifest
in JSON that names files of tensors by their SHA-256, and carries its own in its name.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from autosample.errors import StoreError
from autosample.search import Engine, Outcome, SearchResult, Trial
from autosample.search.base import INITIAL
from autosample.search.engine import Schedule, Within
from autosample.store.blobs import Blobs, Tensors
from autosample.store.files import replace_bytes, storing

FOLDER = "checkpoints"
_PATTERN = "checkpoint-*.json"
_KEPT = 2
Books = dict[str, Any]


@dataclass
class Part:
    """One search of a run: the search itself, or a training after it.

    Attributes:
        told: Its trials so far and what it was told of each.
        asked: The present trial.
        end: What it found, without state and history; None until it is over.
    """

    told: list[tuple[Books, list[Outcome]]] = field(default_factory=list)
    asked: Books | None = None
    end: Books | None = None


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint as read.

    Attributes:
        parts: The run's searches; the last is the present one.
        within: How far its present trial is; None between trials.
        learner: What the learner is in the middle of; None between arms.
        books: The rest, as JSON.
        blobs: Tensors by the names of their files.
    """

    parts: list[Part]
    within: Within | None
    learner: Tensors | None
    books: Books
    blobs: dict[str, Tensors]

    @classmethod
    def of(cls, books: Books, blobs: dict[str, Tensors]) -> Self:
        """A checkpoint from what was read."""

        def outcomes(rows: list[tuple[str, str]]) -> list[Outcome]:
            arrays = [(label, blobs[name]) for label, name in rows]
            return [Outcome(label, a["users"].numpy(), a["scores"].numpy()) for label, a in arrays]

        parts = [
            Part([(trial, outcomes(rows)) for trial, rows in p["told"]], p["asked"], p["end"])
            for p in books["parts"]
        ]
        half = books["within"]
        if half is None:
            return cls(parts, None, None, books, blobs)
        within = Within(outcomes(half["outcomes"]), half["epochs"])
        return cls(parts, within, blobs.get(half["learner"]), books, blobs)

    def restore(self, engine: Engine) -> None:
        """Give the engine of the last part its states and books back, and its learner's state."""
        books, result = self.books, self.books["result"]
        found = {INITIAL: engine.states[INITIAL], **self.blobs}
        engine.trials, engine.within = books["trials"], self.within
        engine.mean_from = books.get("mean_from", 0)
        engine.states = {name: found[state] for name, state in books["states"].items()}
        engine.schedules = {name: _schedule(rows) for name, rows in books["schedules"].items()}
        engine.result = as_result(result, found[result["state"]], books["history"])
        if self.learner is not None:
            engine.learner.restore(self.learner)


class Checkpoints:
    """The checkpoints of a run folder.

    Args:
        folder: The run's.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / FOLDER
        self.blobs = Blobs(self.folder)
        self._outcomes: dict[int, tuple[Outcome, Tensors]] = {}  # by identity
        self._number = 0

    def files(self) -> list[Path]:
        """Manifests, newest first."""
        return sorted(self.folder.glob(_PATTERN), reverse=True)

    def save(self, engine: Engine, parts: list[Part]) -> Path:
        """Write a checkpoint; the one before is kept, older ones go, and what only they named.

        Raises:
            StoreError: AS502, AS503, AS504; earlier checkpoints are then intact.

        Cost: the size of the states, and outcomes, that are new.
        """
        with storing(self.folder):
            self.folder.mkdir(exist_ok=True)
        books = self._books(engine, parts)
        self._number = max([self._number, *map(_number, self.files())]) + 1
        target = self.folder / f"checkpoint-{self._number:08d}-{{digest}}.json"
        written, _ = replace_bytes(target, json.dumps(books).encode())
        files = self.files()
        with storing(self.folder):
            for old in files[_KEPT:]:
                old.unlink()
        own = set(books["blobs"])
        passing = {books["within"]["learner"]} if books["within"] else set()
        self.blobs.sweep(own.union(*map(_named, files[1:_KEPT])), own - passing)
        return written

    def load(self, path: Path) -> Checkpoint:
        """Read a checkpoint and all it names.

        Raises:
            StoreError: AS506 when any content is not what was written.
        """
        with storing(path):
            content = path.read_bytes()
        if hashlib.sha256(content).hexdigest()[:16] == path.stem.rpartition("-")[2]:
            with contextlib.suppress(ValueError, LookupError, TypeError, AttributeError):
                books = json.loads(content)
                blobs = {name: self.blobs.get(name) for name in books["blobs"]}
                return Checkpoint.of(books, blobs)
        raise StoreError(
            "AS506",
            f"{path.name} does not have the content it was written with.",
            "The checkpoint before is used if it is whole.",
        )

    def schedule_so_far(self) -> Schedule:
        """The schedule behind the newest checkpoint's best state, read without its checksum."""
        for path in self.files():
            with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
                return _schedule(json.loads(path.read_bytes())["result"]["schedule"])
        return ()

    def clear(self) -> None:
        """Delete all checkpoints.

        Raises:
            StoreError: AS503, AS504.
        """
        with storing(self.folder):
            for path in self.folder.glob("*"):
                path.unlink()
            if self.folder.exists():
                self.folder.rmdir()

    def _books(self, engine: Engine, parts: list[Part]) -> Books:
        """Everything as JSON; tensors are written and named."""
        names = {id(engine.states[INITIAL]): INITIAL}
        put = self.blobs.put

        def name_of(state: Tensors) -> str:
            return names.get(id(state)) or put(state)

        def rows(outcomes: list[Outcome]) -> list[tuple[str, str]]:
            return [(outcome.label, put(self._arrays(outcome))) for outcome in outcomes]

        within = engine.within
        books = {
            "parts": [
                {
                    "told": [(trial, rows(outcomes)) for trial, outcomes in part.told],
                    "asked": part.asked,
                    "end": part.end,
                }
                for part in parts
            ],
            "trials": engine.trials,
            "mean_from": engine.mean_from,
            "states": {name: name_of(state) for name, state in engine.states.items()},
            "schedules": engine.schedules,
            "result": {"state": name_of(engine.result.state), **summary(engine.result)},
            "within": within
            and {
                "outcomes": rows(within.outcomes),
                "epochs": within.epochs,
                "learner": None if within.epochs is None else put(engine.learner.snapshot()),
            },
            "history": engine.result.history,
        }
        return {**books, "blobs": sorted(_blobs_in(books))}

    def _arrays(self, outcome: Outcome) -> Tensors:
        """The outcome's arrays as tensors; the same for the same outcome."""
        if id(outcome) not in self._outcomes:
            arrays = {"users": outcome.users, "scores": outcome.scores}
            tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
            self._outcomes[id(outcome)] = (outcome, tensors)
        return self._outcomes[id(outcome)][1]


def summary(result: SearchResult) -> Books:
    """A result without its state and history, ready for JSON."""
    return {
        "metric": result.metric if np.isfinite(result.metric) else None,
        "schedule": result.schedule,
        "positives": result.positives,
        "seconds": result.seconds,
        "averaged": result.averaged,
        "mean_from": result.mean_from,
        "records": len(result.history),
    }


def as_result(written: Books, state: Tensors, history: list[Books]) -> SearchResult:
    """A result from its summary."""
    return SearchResult(
        state=state,
        metric=-np.inf if written["metric"] is None else written["metric"],
        schedule=_schedule(written["schedule"]),
        positives=written["positives"],
        seconds=written["seconds"],
        history=history[: written["records"]],
        averaged=written.get("averaged", True),  # as it was before it was noted
        mean_from=written.get("mean_from", 0),
    )


def describe(trial: Trial) -> Books:
    """What a trial is, ready for JSON; not what it is for."""
    arms = [[arm.sampler.label, arm.start, arm.save] for arm in trial.arms]
    return {"arms": arms, "epochs": trial.epochs}


def _blobs_in(books: Books) -> set[str]:
    """Names of all files that the books name."""
    told = [outcomes for part in books["parts"] for _, outcomes in part["told"]]
    within = books["within"] or {"outcomes": [], "learner": None}
    names = {name for outcomes in [*told, within["outcomes"]] for _, name in outcomes}
    names |= {*books["states"].values(), books["result"]["state"], within["learner"]}
    return names - {INITIAL, None}


def _named(manifest: Path) -> set[str]:
    """Names of files in a manifest; none when it is damaged."""
    try:
        return set(json.loads(manifest.read_text("utf-8"))["blobs"])
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def _number(manifest: Path) -> int:
    digits = manifest.stem.split("-")[1]
    return int(digits) if digits.isdigit() else 0


def _schedule(rows: list[tuple[str, int]]) -> Schedule:
    return tuple((label, epochs) for label, epochs in rows)
