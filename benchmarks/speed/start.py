"""How long it takes to start: the command line, the first step, the first run."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.speed.environments import OURS, WORKERS, python_of, seconds_of

_REPEATS = 5


def measure_start(work: Path) -> dict[str, Any]:
    """Seconds from the start of a process to its end; cold is with an empty cache of kernels."""
    python = str(python_of(OURS, work))
    command = [python, "-m", "autosample"]
    helps = [seconds_of([*command, "--help"]) for _ in range(_REPEATS)]
    found: dict[str, Any] = {"help": median(helps)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pairs = ((user, (user * 7 + n * n) % 60) for user in range(80) for n in range(8))
        rows = "".join(f"u{user},i{item}\n" for user, item in pairs)
        (folder / "pairs.csv").write_text("user_id,item_id\n" + rows)
        run = [*command, "run", str(folder / "pairs.csv"), "--model", "mf", "--epochs", "2"]
        jobs = {
            "first step, mf": [python, WORKERS / "first_step.py", "mf", "uniform"],
            "first step, lightgcn": [python, WORKERS / "first_step.py", "lightgcn", "dns"],
            "autosample run, mf": [*run, "--json", "--out"],
        }
        for job, words in jobs.items():
            for state in ("cold", "warm"):
                cache = {**os.environ, "NUMBA_CACHE_DIR": str(folder / f"cache of {job}")}
                own = [str(folder / f"run {state}")] if words[-1] == "--out" else []
                found[f"{job}, {state}"] = seconds_of([*words, *own], env=cache)
    return found
