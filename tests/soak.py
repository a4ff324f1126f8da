"""Runs killed, stopped and denied the disk at random: ``python -m tests.soak --minutes 60``.

Random models, strategies, retraining, samplers and threads. Every run is carried out once without
interruption, and once through lives that end by SIGKILL at a random time or call, by SIGTERM or
Ctrl-C, or by a fault of the file system; then both results are compared byte by byte. Every life is
the command line in a forked process. Counts go to benchmarks/results/soak.json.
"""

import argparse
import errno
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from autosample.cli import main as cli
from autosample.kernels.threads import set_threads
from autosample.models import MODELS
from autosample.samplers import SAMPLERS
from autosample.search import STRATEGIES, adaptive
from autosample.store import RunFolder, folder
from autosample.store.pace import Pace
from tests import victim
from tests.faults import NUMBERS, failing, intercepted
from tests.tiny import quick, tiny_dataset, without_times

OUT = Path(__file__).parent.parent / "benchmarks" / "results" / "soak.json"
HANG = 600.0  # seconds
COMPARED = ("model.safetensors", "state.safetensors", "ranks.safetensors")
PACES = (victim.EVERY_BATCH, victim.EVERY_EPOCH, {})


def settings(dice: random.Random) -> dict:
    """Any run."""
    return {
        "model": dice.choice(list(MODELS)),
        "strategy": dice.choice(list(STRATEGIES)),
        "retrain": dice.choice(["continue", "continue", "rewind", "scratch", "replay"]),
        "candidates": dice.sample(
            [name for name in SAMPLERS if name != "exposure"], dice.randint(1, 4)
        ),
        "epochs": dice.randint(2, 10),
        "window": dice.randint(1, 3),
        "batch_size": dice.choice([64, 128, 400]),
        "loss": dice.choice(["bpr", "softmax"]),
        "seed": dice.randrange(1000),
        "lr": 0.01,
    }


def fork(work, log: Path, signals: list[tuple[float, int]] = ()) -> int | None:
    """Do ``work`` in a process of its own, and send it signals; its exit code, None if it hung."""
    child = os.fork()
    if child == 0:
        stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(stream, 1)
        os.dup2(stream, 2)
        try:
            os._exit(work() or 0)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            sys.stderr.flush()
            os._exit(99)
    started, left = time.monotonic(), list(signals)
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        now = time.monotonic() - started
        if left and now >= left[0][0]:
            os.kill(child, left.pop(0)[1])
        if now > HANG:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return None
        time.sleep(0.002)


def life(path: Path, dice: random.Random) -> tuple[str, object, list[tuple[float, int]]]:
    """How a life ends, what it does, and the signals it gets."""
    kind = dice.choice(
        ["time", "call", "batch", "evaluation", "SIGTERM", "SIGINT", "fault", "full"]
    )
    n, number = dice.randint(1, 120), dice.choice(NUMBERS)
    pace, threads, at = dice.choice(PACES), dice.choice([1, 2]), dice.uniform(0.0, 1.5)

    def work() -> int:
        folder.Pace = lambda: Pace(**pace)
        arguments = ["resume", str(path), f"--threads={threads}"]
        if kind in ("fault", "full"):
            wrong = failing(
                n, errno.ENOSPC if kind == "full" else number, ever_after=kind == "full"
            )
            with intercepted(wrong, short=n % 2 == 0):
                return cli(arguments)
        if kind in ("call", "batch", "evaluation"):
            victim.Ends({kind: n if kind == "call" else 1 + n % 24})
        return cli(arguments)

    numbers = {"time": signal.SIGKILL, "SIGTERM": signal.SIGTERM, "SIGINT": signal.SIGINT}
    return kind, work, [(at, numbers[kind])] if kind in numbers else []


def differing_bytes(one: Path, other: Path) -> int:
    """Bytes of results that are not the same; history but for times."""
    lost = 0
    for name in COMPARED:
        mine, its = (path.joinpath(name).read_bytes() for path in (one, other))
        lost += abs(len(mine) - len(its)) + sum(a != b for a, b in zip(mine, its, strict=False))
    histories = [RunFolder.open(path).result().history for path in (one, other)]
    return lost + (without_times(histories[0]) != without_times(histories[1]))


def one_run(base: Path, dice: random.Random, counts: Counter, log: Path) -> None:
    """One run, twice: at a stretch, and through lives."""
    asked, path = quick(**settings(dice)), base / "cut"
    adaptive.USERS_PER_ARM = dice.choice([5, 3000])

    def create(where: Path):
        return lambda: RunFolder.create(where, tiny_dataset(), asked) and None

    for where in (base / "whole", path):
        assert fork(create(where), log) == 0, log.read_text()
    whole = fork(lambda: cli(["resume", str(base / "whole"), "--threads=1"]), log)
    assert whole == 0, (asked, log.read_text())
    for _ in range(dice.randint(1, 8)):
        kind, work, signals = life(path, dice)
        code = fork(work, log, signals)
        counts["hangs"] += code is None
        counts["kills survived"] += code == -signal.SIGKILL
        counts["stopped by SIGTERM"] += code == 143
        counts["stopped by Ctrl-C"] += code == 130
        counts["faults injected and refused"] += kind in ("fault", "full") and code == 7
        expected = {0, 7} if kind in ("fault", "full") else {0, -9, -15, -2, 130, 143}
        counts["other ends"] += code not in expected
        if code not in expected:
            print(kind, code, asked, log.read_text()[-3000:], file=sys.stderr, flush=True)
    counts["hangs"] += fork(lambda: cli(["resume", str(path)]), log) is None
    lost = base / "lost"
    fork(lambda: lost.write_text(str(differing_bytes(base / "whole", path))) and 0, log)
    missing = int(lost.read_text()) if lost.exists() else -1
    if missing:
        print(missing, asked, log.read_text()[-3000:], file=sys.stderr, flush=True)
    counts["runs"] += 1
    counts["runs with lost bytes"] += missing != 0
    counts["bytes lost"] += abs(missing)
    counts["tracebacks"] += log.read_text().count("Traceback")
    counts[f"strategy {asked.strategy}"] += 1
    counts[f"model {asked.model}"] += 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    set_threads(1)
    victim.warm({name: {"settings": {"model": name}} for name in MODELS})
    zero = ("runs", "kills survived", "faults injected and refused", "bytes lost", "hangs",
            "tracebacks", "other ends")  # fmt: skip
    dice, counts = random.Random(given.seed), Counter(dict.fromkeys(zero, 0))
    memory = Path("/dev/shm")
    until = time.monotonic() + 60 * given.minutes
    while time.monotonic() < until:
        base = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
        try:
            one_run(base, dice, counts, base / "log")
        finally:
            shutil.rmtree(base)
    command = f"python -m tests.soak --minutes {given.minutes:g} --seed {given.seed}"
    text = json.dumps({"command": command, **counts}, indent=1)
    given.out.write_text(f"{text}\n")
    print(text)
    bad = ("bytes lost", "hangs", "tracebacks", "other ends", "runs with lost bytes")
    return int(any(counts[name] for name in bad))


if __name__ == "__main__":
    sys.exit(main())
