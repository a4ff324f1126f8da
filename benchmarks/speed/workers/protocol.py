"""How a worker talks to the run. Standard library and numpy only: it is run by every peer's python.

A worker is started as ``worker.py WORK DATA.npz --threads N ...``. It prepares and warms up, prints
one JSON line, then answers every line ``measure`` on its standard input with one JSON line, and
the end of the input with a last one. Whatever else is printed goes to standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

import numpy as np

METRICS_K = 20  # length of the lists in the ranking rows


@dataclass
class Options:
    """What a worker is asked: the data and the few settings that all share."""

    data: str
    threads: int
    dim: int
    batch: int
    seconds: float
    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        """The arrays of the file by name; ``n_users`` and ``n_items`` as int."""
        if name.startswith("_") or name == "arrays":
            raise AttributeError(name)
        value = self.arrays[name]
        return int(value) if value.ndim == 0 else value


@dataclass
class Work:
    """One kind of work, prepared.

    Attributes:
        do: Does some of it, about a second's worth, and returns how many units that was.
        facts: Told once, before the first measurement.
        last: Asked once, after the last one.
    """

    do: Callable[[], float]
    facts: dict[str, Any] = field(default_factory=dict)
    last: Callable[[], dict[str, Any]] = dict


def limit_threads() -> int:
    """Hold every library to ``--threads``; to be called before numpy's rivals are imported."""
    threads = int(sys.argv[sys.argv.index("--threads") + 1])
    for name in ("OMP", "MKL", "OPENBLAS", "NUMBA", "NUMEXPR", "RAYON"):
        os.environ[f"{name}_NUM_THREADS"] = str(threads)
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[:threads])
    return threads


def status_mb(name: str) -> float:
    """A line of /proc/self/status in MB: ``VmRSS`` now, ``VmHWM`` at its highest; NaN elsewhere."""
    try:
        with open("/proc/self/status") as lines:
            found = next(line for line in lines if line.startswith(name + ":"))
    except (OSError, StopIteration):
        return float("nan")
    return int(found.split()[1]) / 1024


def serve(works: Mapping[str, Callable[[Options], Work]], packages: tuple[str, ...]) -> None:
    """Answer the run until its end. To be called after all imports, which it takes as the base.

    Args:
        works: Prepares each kind of work, by name.
        packages: Distributions whose versions are reported.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    base = status_mb("VmRSS")
    options = _parse()
    work = works[options.work](_load(options))
    versions = {name: metadata.version(name) for name in packages}
    _say(answers, {"versions": versions, "base_mb": base, **work.facts})
    for line in sys.stdin:
        if line.strip() == "measure":
            _say(answers, _measure(work.do, options.seconds))
    _say(answers, {"peak_mb": status_mb("VmHWM"), **work.last()})


def _measure(do: Callable[[], float], seconds: float) -> dict[str, float]:
    """Repeat the work until the time is over; at least once."""
    units, started = 0.0, time.perf_counter()
    while True:
        units += do()
        elapsed = time.perf_counter() - started
        if elapsed >= seconds:
            return {"units": units, "seconds": elapsed, "rate": units / elapsed}


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work")
    parser.add_argument("data")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--batch", type=int, default=2048)
    parser.add_argument("--seconds", type=float, default=2.0)
    return parser.parse_args()


def _load(given: argparse.Namespace) -> Options:
    with np.load(given.data, allow_pickle=False) as archive:
        arrays = dict(archive)
    return Options(given.data, given.threads, given.dim, given.batch, given.seconds, arrays)


def _say(answers: Any, value: dict[str, Any]) -> None:
    answers.write(json.dumps(value) + "\n")
    answers.flush()
