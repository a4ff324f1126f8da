"""Runs that are killed with SIGKILL again and again: ``python -m tests.victim FOLDER CASES``.

CASES is JSON: ``{name: {"settings": {...}, "users_per_arm": n, "lives": [life, ...]}}`` with lives
``[what, n, threads]``. In each of its lives a run goes on, and dies at the n-th of something: a
"batch" or an "evaluation" that is about to begin, or a "call" that changes files, in its middle.
One process imports everything and forks the lives, since importing takes longest. Printed are the
lives' exit codes.
"""

import json
import math
import os
import signal
import sys
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


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(what: str, n: int) -> None:
    """Make this process die at the n-th of something."""
    left = [n]

    def reached() -> bool:
        left[0] -= 1
        return left[0] == 0

    def deadly(function, half=lambda *arguments: None):
        def wrapped(*arguments, **keywords):
            if reached():
                half(*arguments)
                die()
            return function(*arguments, **keywords)

        return wrapped

    if what == "batch":
        Learner.step = deadly(Learner.step)
    elif what == "evaluation":
        engine.rank_held_out = deadly(engine.rank_held_out)
    elif what == "call":
        write = os.write
        for name in CALLS:
            torn = {"write": lambda handle, content: write(handle, content[: len(content) // 2])}
            setattr(os, name, deadly(getattr(os, name), *([torn[name]] if name in torn else [])))


def live(path: Path, settings: dict, what: str, n: int, threads: int) -> None:
    """One life: make the run, or go on with it."""
    set_threads(threads)
    if (path / "manifest.json").exists():
        folder = RunFolder.open(path)
    else:
        folder = RunFolder.create(path, tiny_dataset(), quick(**settings))
    folder.pace = Pace(**(EVERY_BATCH if n % 2 else EVERY_EPOCH))
    arm(what, n)
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
