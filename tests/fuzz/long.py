"""The long fuzzing: ``scripts/fuzz --minutes 30``. Counts as JSON on standard output."""

from __future__ import annotations

import argparse
import contextlib
import json
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


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        every = prepared(Path(name))
        work = Path(name) / "work"
        work.mkdir()
        tally, end = Tally(), time.monotonic() + 60 * asked.minutes
        for number, target in enumerate(cycle(every), asked.seed):
            if time.monotonic() >= end:
                break
            tally.run(target, every[target], work, number)
    report = {
        "command": " ".join(["scripts/fuzz", *(sys.argv[1:] if arguments is None else arguments)]),
        "minutes": asked.minutes,
        "executions": sum(sum(counts.values()) for counts in tally.outcomes.values()),
        "by_target": {name: dict(c.most_common()) for name, c in tally.outcomes.items()},
        "slowest": dict(zip(("seconds", "of_work", "target"), tally.slowest, strict=True)),
        "hangs": tally.hangs,
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
