"""A clock on the wall that is set forwards and backwards while runs go on: case 69."""

import itertools
import json
import time

import pytest

from autosample.bench import Worker
from autosample.bench.work import run_path
from autosample.run import run
from autosample.serve.live import look
from autosample.store import RunFolder
from autosample.store.files import locked
from autosample.store.pace import Pace
from tests.bench.making import jobs, table_of, write_parts
from tests.tiny import assert_same, quick, tiny_dataset
from tests.victim import EVERY_EPOCH

DAY = 86400.0


@pytest.fixture
def jumping(monkeypatch):
    """``time.time`` is a day ahead, right, or a day behind, another at each call."""
    real, steps = time.time, itertools.cycle((DAY, 0.0, -DAY))
    monkeypatch.setattr(time, "time", lambda: real() + next(steps))


@pytest.fixture
def set_clock(monkeypatch):
    """Set the clock by seconds, and leave it there."""
    real = time.time

    def to(seconds: float) -> None:
        monkeypatch.setattr(time, "time", lambda: real() + seconds)

    return to


@pytest.mark.usefixtures("jumping")
def test_durations_and_results_know_nothing_of_it(tmp_path) -> None:
    settings = quick(strategy="exhaustive", candidates=["uniform", "dns:pool=4"])
    folder, started = RunFolder.create(tmp_path / "run", tiny_dataset(), settings), time.monotonic()
    folder.pace = Pace(**EVERY_EPOCH)
    found = folder.run()
    took = time.monotonic() - started
    assert_same(found, run(tiny_dataset(), settings))
    epochs = [record["seconds"] for record in found.history if record["kind"] == "epoch"]
    assert all(seconds >= 0 for seconds in epochs)
    assert sum(epochs) <= found.seconds <= took


@pytest.mark.usefixtures("jumping")
def test_checkpoints_keep_their_pace() -> None:
    pace, made, passed = Pace(share=0.5, longest=60.0), [], 0
    while len(made) < 3:  # it does not wait for a clock that was set back
        if pace.due(over=True):
            pace.keep(lambda: (made.append(1), time.sleep(0.005)))
        time.sleep(0.0002)
        passed += 1
    assert passed > len(made)  # nor makes one each time
    assert not pace.due(over=False)


@pytest.mark.parametrize("seconds", [-DAY, DAY])
def test_runs_are_listed(tmp_path, cli, set_clock, seconds) -> None:
    folder = RunFolder.create(tmp_path / "runs" / "cut", tiny_dataset(), quick(epochs=4))
    folder.pace = Pace(**EVERY_EPOCH)

    def crash(progress) -> None:
        if progress.trial == 2:
            raise StopIteration

    with pytest.raises(StopIteration):
        folder.run(on_progress=crash)
    set_clock(seconds)
    code, out, err = cli("runs", "--json")
    (row,) = json.loads(out)["rows"]
    assert (code, err, row["state"]) == (0, "", "unfinished")
    assert row["checkpoint"] >= 0
    assert look("cut", folder.path).seconds >= 0


@pytest.mark.parametrize("seconds", [-DAY, DAY])
def test_the_job_of_a_dead_worker_is_taken_whatever_the_clock_says(
    tmp_path, set_clock, seconds
) -> None:
    table = table_of(tmp_path, jobs(write_parts(tmp_path / "data"), ["adaptive"]))
    assert table.claim("dead", 60)
    set_clock(seconds)
    assert Worker(tmp_path).work() == 1
    assert table.counts()["done"] == 1


def test_the_job_of_a_living_worker_is_left_to_it(tmp_path, set_clock) -> None:
    """Whoever takes it too early finds the run's folder locked."""
    (planned,) = jobs(write_parts(tmp_path / "data"), ["adaptive"])
    table = table_of(tmp_path, [planned])
    assert table.claim("living", 60)
    path = run_path(tmp_path, planned.key)
    RunFolder.create(path, planned.source.load(0), planned.settings)
    set_clock(DAY)
    worker = Worker(tmp_path)
    with locked(path):
        assert not worker._do(table.claim(worker.name, 60))
        assert table.counts()["running"] == 1
