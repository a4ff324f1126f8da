"""Checkpoints of a search: every outcome it was told, and the states that it can still name.

A search is a function of what it was told, and random draws are keyed by position, so these are
all that a run depends on. The initial state is made again from the seed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from autosample.errors import StoreError
from autosample.search import Decision, Engine, Outcome, Search, SearchResult, Trial
from autosample.search.base import INITIAL
from autosample.search.engine import Schedule, State
from autosample.store.files import checksum, replace_file, storing

_PATTERN = "checkpoint-*.safetensors"
_KEPT = 2


class Recorded(Search):
    """A search that writes down what it is told."""

    name = "recorded"

    def __init__(self, search: Search) -> None:
        self.search = search
        self.outcomes: list[list[Outcome]] = []  # by trial

    @property
    def keeps(self) -> frozenset[str]:
        """States that the search may name again."""
        return self.search.keeps

    def ask(self) -> Trial | None:
        """The search's next trial."""
        return self.search.ask()

    def tell(self, outcomes: list[Outcome]) -> Decision:
        """Note the outcomes and pass them on."""
        self.outcomes.append(outcomes)
        return self.search.tell(outcomes)


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint as read."""

    books: dict[str, Any]
    tensors: dict[str, Tensor]

    def outcomes(self) -> list[list[Outcome]]:
        """What the search was told, by trial and arm."""
        told, users = [], np.empty(0, np.int64)
        for number, labels in enumerate(self.books["trials"]):
            arms = []
            for place, label in enumerate(labels):
                key = f"trial/{number}/{place}"
                if f"{key}/users" in self.tensors:
                    users = self.tensors[f"{key}/users"].numpy()
                arms.append(Outcome(label, users, self.tensors[f"{key}/scores"].numpy()))
            told.append(arms)
        return told

    def restore(self, engine: Engine) -> None:
        """Give the engine its states and books back."""
        found = {INITIAL: engine.states[INITIAL]}
        for state, places in self.books["tensors"].items():
            found[state] = {name: self.tensors[f"tensor/{place}"] for name, place in places.items()}
        books, result = self.books, self.books["result"]
        engine.trials = len(books["trials"])
        engine.states = {name: found[state] for name, state in books["states"].items()}
        engine.schedules = {name: _schedule(rows) for name, rows in books["schedules"].items()}
        engine.result = SearchResult(
            state=found[result["state"]],
            metric=result["metric"],
            schedule=_schedule(result["schedule"]),
            positives=result["positives"],
            seconds=result["seconds"],
            history=list(books["history"]),
        )


def save_checkpoint(folder: Path, engine: Engine, outcomes: list[list[Outcome]]) -> None:
    """Write the checkpoint after the engine's last trial; the previous one is kept, older ones go.

    The name carries the content's checksum, so that one rename makes both.

    Raises:
        StoreError: AS502, AS503, AS504; the previous checkpoint is then intact.

    Cost: the size of the distinct tensors of all states, and 8 bytes per validation user, arm and
    trial so far.
    """
    states, best = dict(engine.states), engine.result
    names, layout, tensors = _distinct(states.pop(INITIAL), [*states.values(), best.state])
    books = {
        "trials": [[outcome.label for outcome in trial] for trial in outcomes],
        "tensors": layout,
        "states": {INITIAL: INITIAL, **dict(zip(states, names, strict=False))},
        "schedules": engine.schedules,
        "result": {
            "state": names[-1],
            "metric": best.metric,
            "schedule": best.schedule,
            "positives": best.positives,
            "seconds": best.seconds,
        },
        "history": best.history,
    }
    tensors |= _outcome_tensors(outcomes)
    target = folder / f"checkpoint-{engine.trials:06d}-{{digest}}.safetensors"
    replace_file(target, lambda path: save_file(tensors, path, {"books": json.dumps(books)}))
    with storing(target):
        for old in checkpoint_files(folder)[_KEPT:]:
            old.unlink()


def _distinct(
    initial: State, states: list[State]
) -> tuple[list[str], dict[str, dict[str, int]], dict[str, Tensor]]:
    """Every state under a name, and every tensor under a number, once however often it is used.

    Returns:
        The name of each state; the numbers of each name's tensors, but for the initial state's; the
        tensors as they are to be written.
    """
    known = {id(initial): INITIAL}
    layout: dict[str, dict[str, int]] = {}
    numbers: dict[int, int] = {}
    tensors: dict[str, Tensor] = {}
    for state in states:
        if id(state) in known:
            continue
        known[id(state)] = str(len(layout))
        for tensor in state.values():
            if id(tensor) not in numbers:
                numbers[id(tensor)] = len(numbers)
                tensors[f"tensor/{numbers[id(tensor)]}"] = tensor.contiguous()
        layout[known[id(state)]] = {name: numbers[id(tensor)] for name, tensor in state.items()}
    return [known[id(state)] for state in states], layout, tensors


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        StoreError: AS506 when its content is not what was written.
    """
    expected = path.stem.rpartition("-")[2]
    with storing(path):
        if checksum(path)[:16] != expected:
            raise StoreError(
                "AS506",
                f"The checkpoint {path.name} does not have the checksum it was written with.",
                "The one before it is used if there is one.",
            )
        with safe_open(path, framework="pt") as file:
            books = json.loads(file.metadata()["books"])
            keys = list(file.keys())
            return Checkpoint(books, {key: file.get_tensor(key).clone() for key in keys})


def checkpoint_files(folder: Path) -> list[Path]:
    """Checkpoints of a folder, newest first."""
    return sorted(folder.glob(_PATTERN), reverse=True)


def _outcome_tensors(outcomes: list[list[Outcome]]) -> dict[str, Tensor]:
    """Scores of all arms; users only where they are not those of the arm before."""
    tensors, users = {}, np.empty(0, np.int64)
    for number, trial in enumerate(outcomes):
        for place, outcome in enumerate(trial):
            key = f"trial/{number}/{place}"
            if not np.array_equal(users, outcome.users):
                users = outcome.users
                tensors[f"{key}/users"] = torch.from_numpy(users)
            tensors[f"{key}/scores"] = torch.from_numpy(outcome.scores)
    return tensors


def _schedule(rows: list[tuple[str, int]]) -> Schedule:
    return tuple((label, epochs) for label, epochs in rows)
