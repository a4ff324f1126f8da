"""How our speed and memory grow: positives, items, width, pool, threads.

python -m benchmarks.speed.scaling
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.speed import feedback
from benchmarks.speed.live import Worker, WorkerError, alternate
from benchmarks.speed.plan import Contender
from benchmarks.speed.run import RESULTS, WORK, circumstances

POSITIVES = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
ITEMS = (10_000, 30_000, 100_000, 300_000, 1_000_000)
DIMS = (32, 64, 128, 256)
POOLS = (1, 4, 16, 64, 256)
WORKS = ("mf-uniform", "lightgcn-uniform")  # measured for 1 and 2 threads, and by width
PER_USER = 34  # positives of a user, as in gowalla


@dataclass(frozen=True)
class Point:
    """One measurement of a curve.

    Attributes:
        curve: What varies.
        work: What is done.
        value: Where on the curve.
        positives: Pairs to train on.
        items: Number of items.
        dim: Width of the tables.
        threads: Threads.
    """

    curve: str
    work: str
    value: int
    positives: int = 1_000_000
    items: int = feedback.GOWALLA["n_items"]
    dim: int = 64
    threads: int = 1


def points() -> Iterator[Point]:
    """All points, curve by curve."""
    for size in POSITIVES:
        yield Point("positives", "mf-epochs", size, positives=size)
    for size in ITEMS:
        yield Point("items", "mf-epochs", size, items=size)
    for work in WORKS:
        for dim in DIMS:
            yield Point("dim", work, dim, dim=dim)
        for threads in (1, 2):
            yield Point("threads", work, threads, threads=threads)
    for pool in POOLS:
        yield Point("pool", f"mf-pool{pool}", pool)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--curves", nargs="*", default=[])
    parser.add_argument("--out", type=Path, default=RESULTS / "scaling.json")
    options = parser.parse_args()
    report: dict[str, Any] = {**circumstances(), "rounds": options.rounds, "curves": {}}
    for point in points():
        if options.curves and point.curve not in options.curves:
            continue
        found = measure(point, options)
        report["curves"].setdefault(point.curve, []).append(found)
        told = (
            found.get("error") or f"{found['median']:,.0f} positives/s, {found['peak_mb']:.0f} MB"
        )
        print(f"{point.curve:10} {point.work:18} {point.value:10,} {told}", flush=True)
    report["largest"] = measure_largest(options)
    print("largest   ", report["largest"], flush=True)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=1) + "\n")


def measure(point: Point, options: argparse.Namespace) -> dict[str, Any]:
    """One point, in a process of its own."""
    contender = Contender("ours", "ours", point.work, threads=point.threads)
    path = pairs_of(point.positives, point.items, options.work)
    settings = {"seconds": options.seconds, "threads": point.threads, "dim": point.dim}
    found = alternate([contender], path, options.work, rounds=options.rounds, **settings)["ours"]
    if "median" in found:
        found["epoch_seconds"] = point.positives / found["median"]
    return {**vars(point), **found}


def measure_largest(options: argparse.Namespace) -> dict[str, Any]:
    """One whole epoch on the largest data, and the peak of the process that does it."""
    path = pairs_of(POSITIVES[-1], feedback.GOWALLA["n_items"], options.work)
    found: dict[str, Any] = {"positives": POSITIVES[-1]}
    contender = Contender("ours", "ours", "mf-epochs")
    try:
        worker = Worker(contender, path, options.work, seconds=0.0, threads=1)
        found |= {**worker.facts, **worker.measure(), **worker.finish()}
        worker.kill()
    except WorkerError as error:
        found["error"] = str(error)
    return found


def pairs_of(positives: int, items: int, work: Path) -> Path:
    """The file of simulated pairs, made once."""
    path = work / "data" / f"simulated-{positives}-{items}.npz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with_test = round(positives / (1 - feedback.TEST_SHARE))
        np.savez(path, **feedback.simulate(positives // PER_USER, items, with_test))
    return path


if __name__ == "__main__":
    main()
