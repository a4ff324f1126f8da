"""Workers as processes that take turns."""

import os
from pathlib import Path

import numpy as np
import pytest
from benchmarks.speed import environments, feedback, live
from benchmarks.speed.plan import Contender

WORKER = """
import sys
sys.path.insert(0, {folder!r})
import protocol
from protocol import Work

def count(options):
    print("noise")
    calls = iter(range(100))
    def do():
        sys.stdout.write("more noise\\n")
        return len(options.users) + 0 * next(calls)
    return Work(do, {{"n_items": options.n_items}}, lambda: {{"calls": next(calls)}})

def crash(options):
    raise RuntimeError("cannot prepare")

def fail(options):
    return Work(lambda: 1 / 0)

protocol.limit_threads()
protocol.serve({{"count": count, "crash": crash, "fail": fail}}, ("numpy",))
"""


@pytest.fixture
def pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of pairs; every peer's worker is the one above."""
    script = tmp_path / "worker.py"
    script.write_text(WORKER.format(folder=str(environments.WORKERS)))
    monkeypatch.setattr(live, "worker_of", lambda _peer, _source: script)
    path = tmp_path / "pairs.npz"
    np.savez(path, **feedback.simulate(20, 30, 100))
    return path


def test_contenders_take_turns_and_failures_are_noted(pairs: Path, tmp_path: Path) -> None:
    contenders = [Contender(name, "ours", name) for name in ("count", "crash", "fail")]
    found = live.alternate(contenders, pairs, tmp_path, rounds=3, seconds=0.0, threads=1)
    counted = found["count"]
    assert len(counted["rates"]) == 3
    assert min(counted["rates"]) <= counted["median"] <= max(counted["rates"])
    assert counted["calls"] == 3  # one chunk a measurement, since no time was asked for
    assert counted["n_items"] == 30
    assert counted["versions"]["numpy"] == np.__version__
    assert counted["peak_mb"] >= counted["base_mb"] > 1
    assert "cannot prepare" in found["crash"]["error"]
    assert "ZeroDivisionError" in found["fail"]["error"]


def test_a_worker_that_hangs_is_ended(
    pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LIMIT", 0.05)
    with pytest.raises(live.WorkerError, match=r"killed after|Error"):
        live.Worker(Contender("a", "ours", "count"), pairs, tmp_path, seconds=0.0, threads=1)


def test_peers_do_not_find_our_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.getcwd())
    assert "PYTHONPATH" in live.environment(Contender("ours", "ours", "x"))
    assert "PYTHONPATH" not in live.environment(Contender("recbole", "recbole", "x"))
    other = Contender("before", "ours", "x", source=Path("/other"))
    assert live.environment(other)["PYTHONPATH"] == os.path.join("/other", "src")
    assert environments.worker_of("ours", other.source) == Path(
        "/other/benchmarks/speed/workers/ours.py"
    )
