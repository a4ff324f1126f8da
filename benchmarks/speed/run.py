"""Speed of our work and of the peers' in one alternating run; see README.md beside this file.

python -m benchmarks.speed.run --data ../shared/data/gowalla
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.speed import environments, feedback, plan
from benchmarks.speed.live import alternate
from benchmarks.speed.start import measure_start

RESULTS = Path(__file__).parents[1] / "results"
WORK = Path.home() / ".cache" / "autosample-benchmarks"


def main() -> None:
    options = parse()
    peers = [peer for peer in options.peers if peer != environments.OURS]
    problems = {peer: environments.prepare(peer, options.work) for peer in peers}
    for peer, problem in problems.items():
        print(f"{peer}: {problem or 'ready'}", flush=True)
    if options.prepare:
        return
    report: dict[str, Any] = {
        **circumstances(),
        "threads": options.threads,
        "rounds": options.rounds,
        "seconds_a_measurement": options.seconds,
        "data": {},
    }
    if not options.rows:
        report["environments"] = {
            peer: {"error": problem} if problem else environments.describe(peer, options.work)
            for peer, problem in {environments.OURS: None, **problems}.items()
        }
        report["start"] = measure_start(options.work)
    ready = {environments.OURS, *(peer for peer in peers if problems[peer] is None)}
    for name, pairs in datasets(options):
        rows = [row for row in chosen(options.rows, ready) if row.real or name == "simulated"]
        report["data"][name] = {"shape": feedback.shape(pairs), "rows": {}}
        for row, found in measure_data(name, pairs, rows, options):
            report["data"][name]["rows"][row.name] = {"unit": row.unit, "contenders": found}
            options.out.parent.mkdir(parents=True, exist_ok=True)
            options.out.write_text(json.dumps(report, indent=1) + "\n")


def measure_data(
    name: str, pairs: feedback.Arrays, rows: Sequence[plan.Row], options: argparse.Namespace
) -> Iterator[tuple[plan.Row, dict[str, Any]]]:
    """Each row on one dataset, with what was found by contender."""
    path = options.work / "data" / f"{name}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **pairs)
    settings = {key: getattr(options, key) for key in ("rounds", "seconds", "threads")}
    for row in rows:
        found = alternate(row.contenders, path, options.work, **settings)
        for label, entry in found.items():
            told = entry.get("error") or f"{entry['median']:,.0f} {row.unit}/s"
            print(f"{name:10} {row.name:24} {label:20} {told}", flush=True)
        yield row, found


def chosen(names: Sequence[str], ready: set[str]) -> list[plan.Row]:
    """The rows asked for, with the contenders that can take part."""
    rows = []
    for row in plan.ROWS:
        if not names or row.name in names:
            contenders = tuple(one for one in row.contenders if one.peer in ready)
            rows.append(replace(row, contenders=contenders))
    return rows


def datasets(options: argparse.Namespace) -> list[tuple[str, feedback.Arrays]]:
    """Simulated pairs in gowalla's shape, and the real ones where a folder is given."""
    found = [("simulated", feedback.simulate(**feedback.GOWALLA))]
    if options.data is not None:
        found.append((options.data.name, feedback.read_lightgcn(options.data)))
    return found


def circumstances() -> dict[str, Any]:
    """Command, date and machine, for any result."""
    here = Path(__file__).parent
    commit = subprocess.run(
        ["git", "-C", here, "rev-parse", "HEAD"], capture_output=True, text=True, check=False
    )
    modules = " ".join(["python -m", sys.modules["__main__"].__spec__.name])
    return {
        "command": " ".join([modules, shlex.join(sys.argv[1:])]).strip(),
        "date": time.strftime("%Y-%m-%d %H:%M"),
        "commit": commit.stdout.strip(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "cpu": cpu_model(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "load_average": os.getloadavg(),
    }


def cpu_model() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with train.txt and test.txt")
    parser.add_argument("--work", type=Path, default=WORK, help="environments and data")
    parser.add_argument("--peers", nargs="*", default=list(environments.REQUIREMENTS))
    parser.add_argument(
        "--rows",
        nargs="*",
        default=[],
        help="names of rows alone, for a file of their own; else all, and the start",
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="of a measurement, at least")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--prepare", action="store_true", help="only make the environments")
    parser.add_argument("--out", type=Path, help="speed.json with all rows")
    options = parser.parse_args()
    if options.rows and options.out is None:
        parser.error("some --rows need --out FILE, since speed.json has all of them")
    options.out = options.out or RESULTS / "speed.json"
    return options


if __name__ == "__main__":
    main()
