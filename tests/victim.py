"""Runs that are killed with SIGKILL again and again: ``python -m tests.victim FOLDER CASES``.

CASES is JSON: ``{name: {"settings": {...}, "users_per_arm": n, "lives": [life, ...]}}`` with lives
``[what, n, threads]``. In each of its lives a run goes on, and dies at the n-th of something, see
:data:`STEPS` and :data:`FILES`. One process imports everything and forks the lives, since importing
takes longest. Printed are the lives' exit codes.
"""

import json
import math
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from types import SimpleNamespace

from autosample.data.simulate import simulate
from autosample.kernels.threads import set_threads
from autosample.run import make_learner, make_search
from autosample.search import Engine, adaptive, engine
from autosample.store import RunFolder
from autosample.store.pace import Pace
from autosample.train import Learner
from tests.tiny import quick, tiny_dataset

CALLS = ("open", "write", "fsync", "replace", "unlink")
EVERY_BATCH = {"longest": 0.0}
EVERY_EPOCH = {"share": math.inf, "longest": math.inf}

#: Where a life can end, by name: whose method, its name, and when.
STEPS = {
    "batch": (Learner, "step", "before"),
    "after a batch": (Learner, "step", "after"),
    "epoch": (Learner, "run_epoch", "after"),
    "evaluation": (engine, "rank_held_out", "before"),
    "decision": (Engine, "apply", "before"),
    "final evaluation": (sys.modules["autosample.run"], "rank_held_out", "before"),
    "torn record": (RunFolder, "_append", "amid"),
}
#: The same for files: call, whose path, and when.
FILES = {
    "torn tensors": ("write", "*/checkpoints/*.safetensors.part", "amid"),
    "before the name of tensors": ("replace", "*/checkpoints/*.safetensors", "before"),
    "torn checkpoint": ("write", "*/checkpoints/checkpoint-*.part", "amid"),
    "before the name of a checkpoint": ("replace", "*/checkpoints/checkpoint-*", "before"),
    "after the name of a checkpoint": ("replace", "*/checkpoints/checkpoint-*", "after"),
    "while old ones go": ("unlink", "*/checkpoints/*", "after"),
    "whole history": ("replace", "*/history.jsonl", "before"),
    "final parameters": ("replace", "*/model.safetensors", "before"),
    "final ranks": ("replace", "*/ranks.safetensors", "after"),
    "before the manifest": ("replace", "*/manifest.json", "before"),
    "after the manifest": ("replace", "*/manifest.json", "after"),
}


class Ends:
    """Makes this process die at the n-th of something, and counts what goes by.

    Args:
        at: n by what; 0 only counts.
    """

    def __init__(self, at: dict[str, int]) -> None:
        self.at, self.counts = at, Counter()
        self._paths: dict[int, str] = {}  # of open files
        os.open = self._noting(os.open)
        for what in at:
            if what in STEPS:
                owner, name, when = STEPS[what]
                setattr(owner, name, self._deadly(what, name, getattr(owner, name), when))
            elif what in FILES:
                name, pattern, when = FILES[what]
                here = partial(self._concerns, name, pattern)
                setattr(os, name, self._deadly(what, name, getattr(os, name), when, here))
            else:
                for name in CALLS:
                    when = "amid" if name == "write" else "before"
                    setattr(os, name, self._deadly(what, name, getattr(os, name), when))

    def _noting(self, function: Callable) -> Callable:
        def opened(path, *arguments, **keywords):
            handle = function(path, *arguments, **keywords)
            self._paths[handle] = str(path)
            return handle

        return opened

    def _concerns(self, call: str, pattern: str, *arguments) -> bool:
        path = self._paths.get(arguments[0], "") if call == "write" else str(arguments[-1])
        return fnmatch(path, pattern)

    def _deadly(
        self, what: str, name: str, function: Callable, when: str, here=lambda *arguments: True
    ) -> Callable:
        def wrapped(*arguments, **keywords):
            self.counts[what] += here(*arguments)
            if not here(*arguments) or self.counts[what] != self.at[what]:
                return function(*arguments, **keywords)
            if when == "amid":
                HALVES[name](*arguments)
            elif when == "after":
                function(*arguments, **keywords)
            return os.kill(os.getpid(), signal.SIGKILL)

        return wrapped


def half_a_write(handle: int, content: bytes, write=os.write) -> None:
    write(handle, content[: len(content) // 2])


def half_a_record(folder: RunFolder, record: dict) -> None:
    line = json.dumps(record)
    with (folder.path / "history.jsonl").open("a") as file:
        file.write(line[: len(line) // 2])


HALVES = {"write": half_a_write, "_append": half_a_record}


def live(path: Path, settings: dict, what: str, n: int, threads: int) -> None:
    """One life: make the run, or go on with it."""
    set_threads(threads)
    if (path / "manifest.json").exists():
        folder = RunFolder.open(path)
    else:
        folder = RunFolder.create(path, tiny_dataset(), quick(**settings))
    folder.pace = Pace(**(EVERY_BATCH if n % 2 else EVERY_EPOCH))
    Ends({what: n})
    folder.run()


def warm(cases: dict) -> None:
    """Load the kernels that the cases need. No tables of ids: their library survives no fork."""
    data = simulate(n_users=20, n_items=30, interactions_per_user=5, n_clusters=3)
    for settings in {json.dumps(case["settings"]) for case in cases.values()}:
        short = quick(**{**json.loads(settings), "epochs": 2, "window": 1})
        search = make_search(short, SimpleNamespace(train=data.train, valid=data.valid))
        Engine(make_learner(short, data.train), data.valid).run(search)


def main(folder: Path, cases: dict) -> None:
    set_threads(1)
    warm(cases)
    for name, case in cases.items():
        codes = []
        for life in case["lives"]:
            victim = os.fork()
            if victim == 0:
                adaptive.USERS_PER_ARM = case["users_per_arm"]
                live(folder / name, case["settings"], *life)
                os._exit(0)
            codes.append(os.waitstatus_to_exitcode(os.waitpid(victim, 0)[1]))
        print(name, *codes, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
