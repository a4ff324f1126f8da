"""The long fuzzing: ``scripts/fuzz --minutes 30``. Counts as JSON on standard output.

Parquet is read in another process, since Polars ends the process on some damage: a flipped bit in a
page's header can make it ask for 2^61 bytes. How often is counted.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from itertools import cycle
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from autosample.store import RunFolder
from tests.fuzz import targets
from tests.tiny import quick, tiny_dataset

HANG, STUCK = 10.0, 120.0  # seconds of work and by the clock for one input: others work here too
ROUND = settings(
    max_examples=25,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class CutError(Exception):
    """Ends a run half-way."""


def prepared(folder: Path) -> dict[str, targets.Target]:
    """Every target by name."""
    RunFolder.create(folder / "run", tiny_dataset(), quick(epochs=2)).run()
    cut = RunFolder.create(folder / "cut", tiny_dataset(), quick(epochs=4, strategy="fixed"))

    def stop(progress) -> None:
        if progress.trial == 2:
            raise CutError

    with contextlib.suppress(CutError):
        cut.run(on_progress=stop)
    more = {
        "run folder": targets.run_folder(folder / "run"),
        "cut run": targets.cut_run(folder / "cut"),
    }
    return {**targets.READERS, **more}


class Tally:
    """What came out, by target."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Counter[str]] = {}
        self.slowest, self.hangs = (0.0, 0.0, ""), 0  # by the clock, of work, target
        self.mistakes: list[dict[str, str]] = []
        self.ended = 0  # processes that a library ended

    def run_apart(self, name: str, number: int, rounds: int = 8) -> None:
        """Some rounds of a reader in a process of its own."""
        command = [sys.executable, "-m", "tests.fuzz.long", "--child", name, "--seed", str(number)]
        done = subprocess.run(
            [*command, "--rounds", str(rounds)], capture_output=True, text=True, check=False
        )
        counts = self.outcomes.setdefault(name, Counter())
        if done.returncode < 0:
            self.ended += 1
            return
        told = json.loads(done.stdout)
        counts.update(told["outcomes"])
        self.mistakes += told["mistakes"]
        self.slowest = max(self.slowest, tuple(told["slowest"]))
        self.hangs += told["hangs"]

    def run(self, name: str, call: targets.Target, folder: Path, number: int) -> None:
        """One round of inputs for a target; it ends at the first mistake."""
        counts = self.outcomes.setdefault(name, Counter())

        @seed(number)
        @ROUND
        @given(st.data())
        def fuzz(data):
            started, worked = time.monotonic(), time.process_time()
            counts[call(data, folder)] += 1
            took, work = time.monotonic() - started, time.process_time() - worked
            self.slowest = max(self.slowest, (took, work, name))
            self.hangs += took > STUCK or work > HANG

        try:
            fuzz()
        except BaseException as error:  # a panic of a library in Rust is no Exception
            if isinstance(error, KeyboardInterrupt):
                raise
            self.mistakes.append({"target": name, "traceback": traceback.format_exc()[-2000:]})


def child(name: str, number: int, rounds: int) -> int:
    """Some rounds of one reader; what came out as JSON."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        for place in range(rounds):
            tally.run(name, targets.READERS[name], Path(folder), number + place)
    told = {"outcomes": tally.outcomes[name], "mistakes": tally.mistakes}
    print(json.dumps({**told, "slowest": tally.slowest, "hangs": tally.hangs}))
    return 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--child", choices=list(targets.READERS), help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=8, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.child:
        warnings.simplefilter("ignore")
        return child(asked.child, asked.seed, asked.rounds)
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        every = prepared(Path(name))
        work = Path(name) / "work"
        work.mkdir()
        tally, end = Tally(), time.monotonic() + 60 * asked.minutes
        for number, target in enumerate(cycle(every), asked.seed):
            if time.monotonic() >= end:
                break
            if target == "parquet":
                tally.run_apart(target, 1000 * number)
            else:
                tally.run(target, every[target], work, number)
    report = {
        "command": " ".join(["scripts/fuzz", *(sys.argv[1:] if arguments is None else arguments)]),
        "minutes": asked.minutes,
        "executions": sum(sum(counts.values()) for counts in tally.outcomes.values()),
        "by_target": {name: dict(c.most_common()) for name, c in tally.outcomes.items()},
        "slowest": dict(zip(("seconds", "of_work", "target"), tally.slowest, strict=True)),
        "hangs": tally.hangs,
        "processes_ended_by_polars": tally.ended,
        "other_errors": len(tally.mistakes),
        "examples": tally.mistakes[:5],
    }
    text = json.dumps(report, indent=1)
    print(text)
    if asked.out:
        asked.out.write_text(text + "\n")
    return int(bool(tally.mistakes or tally.hangs))


if __name__ == "__main__":
    sys.exit(main())
