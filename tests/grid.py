"""Exact resume at every kill point: ``python -m tests.grid``, an hour or two; prints counts.

Every model with every strategy, and with every kind of final training, on one and two threads, is
killed with SIGKILL at the first, a middle and the last time it comes to each point, and resumed;
with ``--once`` at one of these times, in turn. Parameters, state, ranks, schedule, metrics and
history must be those of the uninterrupted run on one thread. Every life is a forked process.
Counts go to benchmarks/results/resume-grid.json.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

from autosample.data import Dataset
from autosample.data.simulate import simulate
from autosample.demo import as_dataset
from autosample.kernels.threads import set_threads
from autosample.models import MODELS
from autosample.search import STRATEGIES, adaptive
from autosample.store import RunFolder
from autosample.store.files import PART
from autosample.store.pace import Pace
from tests import victim
from tests.tiny import quick, without_times

OUT = Path(__file__).parent.parent / "benchmarks" / "results" / "resume-grid.json"
POINTS = (*victim.STEPS, *victim.FILES)
PACES = (victim.EVERY_EPOCH, victim.EVERY_BATCH)
#: A sampler that learns, one that remembers, and one without a state.
CANDIDATES = ["ans:pool=4", "nscaching", "dns:pool=8"]
SHORT = {"candidates": CANDIDATES, "epochs": 4, "window": 1, "batch_size": 512}
ROWS = {
    **{name: {"strategy": name} for name in STRATEGIES},
    "adaptive, race in one training": {"strategy": "adaptive"},
    **{kind: {"strategy": "halving", "retrain": kind} for kind in ("rewind", "scratch", "replay")},
}
SAME = ("model.safetensors", "state.safetensors", "ranks.safetensors")
Cell = tuple[str, str, int]  # model, row, threads


def grid_dataset() -> Dataset:
    """Large enough for batches and rankings to be cut between two threads."""
    return as_dataset(
        simulate(n_users=160, n_items=100, interactions_per_user=10, n_clusters=8, seed=0)
    )


def apart(work: Callable[[], object]) -> int:
    """Do something in a forked process; its exit code."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            sys.stderr.flush()
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def carry_out(path: Path, row: str, threads: int, pace: dict, at: dict[str, int]) -> Counter:
    """Run, or go on, to the end or to a point."""
    set_threads(threads)
    adaptive.USERS_PER_ARM = 20 if "race" in row else 3000
    folder = RunFolder.open(path)
    folder.pace = Pace(**pace)
    ends = victim.Ends(at)
    folder.run()
    return ends.counts


def times(counts: list[dict[str, int]], point: str) -> list[tuple[dict, int]]:
    """At which time to die at a point, and the pace of checkpoints: first, in the middle, last."""
    rare, often = (count.get(point, 0) for count in counts)
    wanted = [(PACES[0], 1), (PACES[1], (often + 1) // 2), (PACES[0], rare)]
    return [(pace, n) for pace, n in wanted if n]


def found(path: Path) -> list[object]:
    """All that a finished run found, but for times."""
    numbers = json.loads((path / "result.json").read_text())
    lines = (path / "history.jsonl").read_text().splitlines()
    history = without_times([json.loads(line) for line in lines])
    return [{**numbers, "seconds": 0}, history, *((path / name).read_bytes() for name in SAME)]


def differences(path: Path, whole: list[object]) -> list[str]:
    """What is not as in the uninterrupted run."""
    names = ("result", "history", *SAME)
    wrong = [name for name, mine, its in zip(names, found(path), whole, strict=True) if mine != its]
    left = [str(other) for other in path.rglob("*") if other.suffix == PART]
    return wrong + left + ["checkpoints"] * (path / "checkpoints").exists()


class Grid:
    """The cells, one after the other.

    Args:
        base: A folder for runs.
        once: Whether to kill at one of the three times only, in turn.

    Attributes:
        counts: Kills by point, and what came of them.
        wrong: What was not as it should be.
    """

    def __init__(self, base: Path, *, once: bool) -> None:
        self.base, self.once = base, once
        self.counts, self.wrong = Counter(), []
        self._turn = 0

    def cell(self, model: str, row: str, threads: int) -> None:
        """One model and row: whole, then killed at every point."""
        new, counted = self.base / "new", []
        settings = quick(model=model, **SHORT, **ROWS[row])
        assert apart(lambda: RunFolder.create(new, grid_dataset(), settings)) == 0
        for pace in PACES:
            path = self.copy(new)

            def whole(path=path, pace=pace) -> None:
                counts = carry_out(path, row, 1, pace, dict.fromkeys(POINTS, 0))
                (self.base / "counts").write_text(json.dumps(counts))

            assert apart(whole) == 0
            counted.append(json.loads((self.base / "counts").read_text()))
        expected = found(path)
        for point in POINTS:
            every, self._turn = times(counted, point), self._turn + 1
            for pace, n in [every[self._turn % len(every)]] if self.once else every:
                self.kill(self.copy(new), (model, row, threads), (point, n, pace), expected)
        shutil.rmtree(new)

    def copy(self, new: Path) -> Path:
        """A copy of a new run, in the place of the one before."""
        path = self.base / "run"
        shutil.rmtree(path, ignore_errors=True)
        return Path(shutil.copytree(new, path))

    def kill(self, path: Path, cell: Cell, end: tuple[str, int, dict], whole: list) -> None:
        """Kill a run at a point, and resume it."""
        (_, row, threads), (point, n, pace) = cell, end
        died = apart(lambda: carry_out(path, row, threads, pace, {point: n}))
        resumed = apart(lambda: carry_out(path, row, threads, {}, {}))
        wrong = differences(path, whole) if resumed == 0 else [f"exit code {resumed}"]
        self.counts[point] += died == -signal.SIGKILL
        if died != -signal.SIGKILL or wrong:
            self.wrong.append(f"{cell} {point} {n}: exit code {died}, {', '.join(wrong)}")
            print(self.wrong[-1], file=sys.stderr, flush=True)


def cells(models: list[str], rows: list[str]) -> Iterator[Cell]:
    yield from product(models, rows, (1, 2))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", nargs="*", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--row", nargs="*", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--once", action="store_true", help="one kill for each point and cell")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    set_threads(1)
    started, memory = time.monotonic(), Path("/dev/shm")
    warm = [{**SHORT, **ROWS[row], "model": m} for m in given.model for row in given.row]
    victim.warm({str(n): {"settings": settings} for n, settings in enumerate(warm)})
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as base:
        grid = Grid(Path(base), once=given.once)
        for cell in cells(given.model, given.row):
            grid.cell(*cell)
            print(*cell, f"{sum(grid.counts.values())} kills", file=sys.stderr, flush=True)
    report = {
        "command": " ".join(["python -m tests.grid", *sys.argv[1:]]),
        "cells": len(list(cells(given.model, given.row))),
        "models": given.model,
        "rows": given.row,
        "threads": [1, 2],
        "kills": sum(grid.counts.values()),
        "kills by point": dict(grid.counts),
        "not as uninterrupted": len(grid.wrong),
        "examples": grid.wrong[:10],
        "minutes": round((time.monotonic() - started) / 60, 1),
    }
    text = json.dumps(report, indent=1)
    print(text)
    given.out.write_text(f"{text}\n")
    return int(bool(grid.wrong))


if __name__ == "__main__":
    sys.exit(main())
