"""Whether the optimised paths learn what the plain ones do: compiled kernels against torch twins.

    python benchmarks/unchanged.py ../shared/data/gowalla --seeds 3
    python benchmarks/unchanged.py ../shared/data/gowalla --only "lightgcn, hardest of 16"

With ``--only`` the other rows of the JSON stay as they were measured before.

Training, validation and test are parts of the dataset's training file. Both paths draw the same
negatives, but sum in another order, so that trainings drift apart in the last digits and end as far
from each other as two equally good ones.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PATHS = ("torch", "numba")
METRIC = "ndcg@20"
TOLERANCE = 0.01  # of the mean over seeds, relative
#: Settings of ``autosample run`` by name; few epochs and one validation, since twins are slow.
TRAININGS = {
    "mf, uniform": "--model mf --candidate uniform --epochs 5 --window 5",
    "mf, hardest of 32": "--model mf --candidate dns:pool=32 --epochs 5 --window 5",
    "mf, mixgcf of 16": "--model mf --candidate mixgcf:pool=16 --epochs 5 --window 5",
    "lightgcn, hardest of 16": "--model lightgcn --candidate dns:pool=16 --epochs 3 --window 3",
    "ngcf, hardest of 16": "--model ngcf --candidate dns:pool=16 --epochs 3 --window 3",
}


def trained(words: Sequence[str], path: str) -> dict[str, Any]:
    """The JSON of one run on one path, in a process of its own."""
    environment = os.environ | {"AUTOSAMPLE_KERNELS": path}
    with tempfile.TemporaryDirectory() as name:
        command = [sys.executable, "-m", "autosample", "run", *words, "--json"]
        command += ["--out", str(Path(name) / "run")]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def compared(by_path: dict[str, list[float]]) -> dict[str, Any]:
    """Means over seeds, their relative difference, and how far seeds are apart on one path."""
    plain, fast = (statistics.fmean(by_path[path]) for path in PATHS)
    difference = fast / plain - 1
    spread = statistics.stdev(by_path["torch"]) / plain if len(by_path["torch"]) > 1 else None
    return {
        METRIC: by_path,
        "difference": difference,
        "spread_of_seeds": spread,
        "tolerance": TOLERANCE,
        "met": abs(difference) <= TOLERANCE,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder with train.txt")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=TRAININGS, default=list(TRAININGS))
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    file = options.results / f"unchanged-{options.data.name}.json"
    report = json.loads(file.read_text()) if file.exists() else {"trainings": {}}
    command = f"python benchmarks/unchanged.py {options.data} --seeds {options.seeds}"
    for name in options.only:
        settings = TRAININGS[name]
        values: dict[str, list[float]] = {path: [] for path in PATHS}
        seconds: dict[str, list[float]] = {path: [] for path in PATHS}
        for seed in range(options.seeds):
            words = [str(options.data / "train.txt"), "--strategy", "fixed", *settings.split()]
            for path in PATHS:
                found = trained([*words, "--seed", str(seed), "--threads", "1"], path)
                values[path].append(found["metrics"][METRIC])
                seconds[path].append(found["seconds"])
        row = {
            "command": f'{command} --only "{name}"',
            "date": time.strftime("%Y-%m-%d"),
            "settings": settings,
            **compared(values),
            "seconds": seconds,
        }
        report["trainings"][name] = row
        file.write_text(json.dumps(report, indent=1) + "\n")
        print(f"{name}: {row['difference']:+.2%}, {'met' if row['met'] else 'missed'}", flush=True)


if __name__ == "__main__":
    main()
