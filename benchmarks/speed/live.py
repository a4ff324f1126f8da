"""Workers as live processes that take turns."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.speed.environments import OURS, python_of, worker_of
from benchmarks.speed.plan import Contender
from benchmarks.speed.ratios import spread

LIMIT = 300.0  # seconds that a worker may take to answer


class WorkerError(Exception):
    """A worker that ended, or did not answer in time."""


class Worker:
    """One contender's process, prepared and waiting.

    Args:
        contender: What it does.
        data: The .npz of pairs.
        work: Folder with the environments.
        seconds: Least length of a measurement.
        threads: Threads where the contender has no number of its own.
        dim: Width of the tables.
    """

    def __init__(
        self, contender: Contender, data: Path, work: Path, *, seconds: float, threads: int,
        dim: int = 64,
    ) -> None:  # fmt: skip
        threads = contender.threads or threads
        script = worker_of(contender.peer, contender.source)
        command = [python_of(contender.peer, work), script, contender.work, data]
        settings = {"threads": threads, "dim": dim, "batch": contender.batch, "seconds": seconds}
        for name, value in settings.items():
            command += [f"--{name}", str(value)]
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  closed with the worker
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True,
            env=environment(contender),
        )  # fmt: skip
        self.facts = self._answer()

    def measure(self) -> dict[str, float]:
        """``units``, ``seconds`` and ``rate`` of one measurement."""
        self._process.stdin.write("measure\n")
        self._process.stdin.flush()
        return self._answer()

    def finish(self) -> dict[str, Any]:
        """End the worker; what it has to say at last."""
        self._process.stdin.close()
        return self._answer()

    def kill(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._errors.close()

    def _answer(self) -> dict[str, Any]:
        timer = threading.Timer(LIMIT, self._process.kill)
        timer.start()
        line = self._process.stdout.readline()
        timer.cancel()
        if line:
            return json.loads(line)
        self._process.wait()
        self._errors.seek(0)
        said = self._errors.read().strip().splitlines()[-3:]
        self.kill()
        raise WorkerError(" | ".join(said) or f"killed after {LIMIT:.0f} s")


def environment(contender: Contender) -> dict[str, str]:
    """Variables for a worker: a peer must not find our packages, nor one checkout another's."""
    if contender.source is not None:
        return {**os.environ, "PYTHONPATH": str(contender.source / "src")}
    return {
        name: value
        for name, value in os.environ.items()
        if contender.peer == OURS or name not in ("PYTHONPATH", "PYTHONHOME")
    }


def alternate(
    contenders: Iterable[Contender], data: Path, work: Path, *, rounds: int, **settings: Any
) -> dict[str, dict[str, Any]]:
    """Measure all contenders in turns, so many rounds; by label, what was found or went wrong.

    All are prepared first. Every round starts with another one.
    """
    found: dict[str, dict[str, Any]] = {}
    live: dict[str, Worker] = {}
    for contender in contenders:
        with _noting(found, live, contender.label):
            live[contender.label] = Worker(contender, data, work, **settings)
            found[contender.label] = {**live[contender.label].facts, "rates": []}
    for turn in range(rounds):
        labels = list(live)
        for label in labels[turn % max(len(labels), 1) :] + labels[: turn % max(len(labels), 1)]:
            with _noting(found, live, label):
                found[label]["rates"].append(live[label].measure()["rate"])
    for label in list(live):
        with _noting(found, live, label):
            found[label] |= live[label].finish()
            live[label].kill()
    for entry in found.values():
        if rates := entry.get("rates"):
            entry |= {"median": median(rates), "spread": spread(rates)}
    return found


@contextlib.contextmanager
def _noting(
    found: Mapping[str, dict[str, Any]], live: dict[str, Worker], label: str
) -> Iterator[None]:
    """Note a worker's failure and go on without it."""
    try:
        yield
    except WorkerError as error:
        live.pop(label, None)
        found[label] = {"error": str(error)}
