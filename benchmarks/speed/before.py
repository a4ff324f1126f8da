"""How much faster than an earlier commit ours is, in turns, on simulated pairs of gowalla's shape.

    python -m benchmarks.speed.before 4e65b6b --works mf-uniform ranking

The earlier commit is checked out to a temporary folder. Every round measures both with one thread
and with two; a gain is the median over rounds of the quotient within the round.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.speed import feedback, ratios
from benchmarks.speed.environments import OURS, REPOSITORY
from benchmarks.speed.live import alternate
from benchmarks.speed.plan import Contender
from benchmarks.speed.run import RESULTS, circumstances

WORKS = ("mf-uniform", "mf-dns32", "lightgcn-uniform", "ranking")
THREADS = (1, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("commit", help="the earlier one")
    parser.add_argument("--works", nargs="*", default=WORKS, help=", ".join(WORKS))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a measurement, at least")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    out = options.out or RESULTS / f"speed-since-{options.commit}.json"
    report = {**circumstances(), "before": options.commit, "rounds": options.rounds, "works": {}}
    with tempfile.TemporaryDirectory() as folder:
        tree, data = Path(folder, "tree"), Path(folder, "pairs.npz")
        np.savez(data, **feedback.simulate(**feedback.GOWALLA))
        git("worktree", "add", "--detach", str(tree), options.commit)
        try:
            for work in options.works:
                found = compare(work, tree, data, options)
                report["works"][work] = found
                print(work, json.dumps(found["gains"]), flush=True)
                out.write_text(json.dumps(report, indent=1) + "\n")
        finally:
            git("worktree", "remove", "--force", str(tree))


def compare(work: str, tree: Path, data: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Rates of both by number of threads, and the gains."""
    contenders = [
        Contender(f"{name} {threads}", OURS, work, threads=threads, source=source)
        for threads in THREADS
        for name, source in (("before", tree), ("now", REPOSITORY))
    ]
    settings = {"rounds": options.rounds, "seconds": options.seconds, "threads": 1}
    found = alternate(contenders, data, Path(), **settings)
    gains = {n: ratios.compare(found, [f"now {n}"], [f"before {n}"]) for n in THREADS}
    return {
        "gains": {n: gain and gain._asdict() for n, gain in gains.items()},
        "contenders": found,
    }


def git(*words: str) -> None:
    """Run git on this repository."""
    subprocess.run(["git", "-C", REPOSITORY, *words], check=True, capture_output=True)


if __name__ == "__main__":
    main()
