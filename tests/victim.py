"""Runs that kill themselves at given points: ``python victim.py FOLDER CASES`` with CASES in JSON.

Each case is ``{name: {"settings": {...}, "point": [what, n]}}``. Points: the n-th checkpoint
"written", or "torn" half way; the n-th "evaluation"; the n-th "replaced" file whatever it is. One
process imports everything and forks a victim per case, since importing takes longest.
"""

import json
import os
import signal
import sys
from pathlib import Path
from types import SimpleNamespace

from autosample.data.simulate import simulate
from autosample.kernels.threads import set_threads
from autosample.run import make_learner, make_search
from autosample.search import Engine, engine
from autosample.store import RunFolder
from tests.tiny import quick, tiny_dataset


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(what: str, n: int) -> None:
    """Make this process die at the n-th of something."""
    replace, rank, seen = os.replace, engine.rank_held_out, {"replaced": 0, "ranked": 0}

    def replaced(source: Path, target: Path) -> None:
        if what == "replaced" or Path(target).name.startswith("checkpoint-"):
            seen["replaced"] += 1
        if seen["replaced"] == n and what == "torn":
            Path(source).write_bytes(Path(source).read_bytes()[:1000])
            die()
        replace(source, target)
        if seen["replaced"] == n and what in ("written", "replaced"):
            die()

    def ranked(*arguments: object) -> object:
        seen["ranked"] += 1
        if what == "evaluation" and seen["ranked"] == n:
            die()
        return rank(*arguments)

    os.replace, engine.rank_held_out = replaced, ranked


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
        victim = os.fork()
        if victim == 0:
            run_folder = RunFolder.create(folder / name, tiny_dataset(), quick(**case["settings"]))
            arm(*case["point"])
            run_folder.run()
            os._exit(0)
        _, status = os.waitpid(victim, 0)
        print(name, os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
