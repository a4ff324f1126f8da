"""Real workers: two at once, one killed in the middle of a job, and the results of neither."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autosample.bench import JobTable, Worker, gather, work
from autosample.errors import StoreError, TrainingError
from autosample.run import run
from autosample.store import RunFolder
from autosample.store.files import locked
from tests.bench.making import jobs, table_of, write_parts
from tests.tiny import assert_same

LONG = {"epochs": 200, "window": 2}  # long enough to be killed in


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_parts(tmp_path_factory.mktemp("data") / "tiny")


def start(folder, lease, number):
    """Workers that begin at once: the process that waits for them, and their pids."""
    command = [sys.executable, "-m", "tests.bench.workers", str(folder), str(lease), str(number)]
    parent = subprocess.Popen(
        command,
        cwd=Path(__file__).parent.parent.parent,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return parent, [int(pid) for pid in parent.stdout.readline().split()]


def without_times(found):
    """What is the same whoever did the runs."""
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in found["runs"]]
    cells = [
        [{k: v for k, v in row.items() if k != "seconds"} for row in cell["rows"]]
        for cell in found["cells"]
    ]
    return sorted(rows, key=lambda row: row["key"]), cells


def _long(history):
    return history.exists() and history.stat().st_size > 2000


def wait_for(what, seconds=120):
    limit = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < limit
        time.sleep(0.02)
    return found


def test_two_workers_killed_and_stopped_leave_what_one_alone_finds(data, tmp_path):
    planned = jobs(data, ["fixed", "adaptive"], **LONG)
    calm, wild = tmp_path / "calm", tmp_path / "wild"
    for folder in (calm, wild):
        table_of(folder, planned)
    table = JobTable(wild)
    parent, (killed, stopped) = start(wild, lease=1, number=2)
    wait_for(lambda: table.counts()["running"] == 2)  # both at once
    wait_for(lambda: all(_long(path / "history.jsonl") for path in wild.glob("runs/*")))
    os.kill(killed, signal.SIGKILL)
    os.kill(stopped, signal.SIGTERM)
    ended, told = parent.communicate(timeout=120)
    assert ended.split() == [str(killed), "-9", str(stopped), "143"]
    assert f"autosample bench work {wild}" in told
    assert table.counts() == {"waiting": 2, "running": 1, "done": 0, "failed": 0}
    begun = {path: path.stat().st_mtime_ns for path in (wild / "runs").glob("*/settings.json")}
    assert Worker(wild).work() == Worker(calm).work() == 3
    assert without_times(gather([wild])) == without_times(gather([calm]))
    assert begun == {path: path.stat().st_mtime_ns for path in begun}  # gone on with


def test_a_job_is_a_run_and_its_large_files_go(data, tmp_path):
    planned = jobs(data, ["adaptive"])
    table_of(tmp_path, planned)
    said = []
    assert Worker(tmp_path, watch=lambda row, what: said.append(what)).work() == 1
    assert said == ["begun", "done"]
    expected = run(planned[0].source.load(0), planned[0].settings)
    (found,) = gather([tmp_path])["runs"]
    assert found["test"] == expected.metrics
    assert found["valid"] == expected.valid_metric
    assert found["schedule"] == list(expected.schedule)
    left = {path.name for path in (tmp_path / "runs" / planned[0].key).iterdir()}
    assert {"ranks.safetensors", "history.jsonl", "users.jsonl"} <= left
    assert not left & {"model.safetensors", "state.safetensors", "data.safetensors"}


def test_runs_are_kept_whole_on_request(data, tmp_path):
    planned = jobs(data, ["adaptive"])
    table_of(tmp_path, planned)
    Worker(tmp_path, keep=True).work()
    kept = RunFolder.open(tmp_path / "runs" / planned[0].key).result()
    assert_same(kept, run(planned[0].source.load(0), planned[0].settings))


def test_a_job_that_fails_twice_has_failed_and_the_others_are_done(data, tmp_path, monkeypatch):
    table = table_of(tmp_path, jobs(data, ["fixed"]))
    real, said = RunFolder.run, []

    def fail(folder, *arguments, **options):
        if folder.settings().candidates == ("uniform",):
            raise TrainingError("AS402", "The loss is nan in step 7.", "Lower the learning rate.")
        return real(folder, *arguments, **options)

    monkeypatch.setattr(RunFolder, "run", fail)
    assert Worker(tmp_path, watch=lambda row, what: said.append(what)).work() == 1
    assert table.counts() == {"waiting": 0, "running": 0, "done": 1, "failed": 1}
    error = "AS402: The loss is nan in step 7. Lower the learning rate."
    assert said == ["begun", error, "begun", "done", "begun", error]
    (unfinished,) = gather([tmp_path])["unfinished"]
    assert (unfinished["state"], unfinished["error"]) == ("failed", error)
    monkeypatch.undo()
    assert table.retry() == 1
    assert Worker(tmp_path).work() == 1


def test_changed_data_is_refused(tmp_path):
    folder = write_parts(tmp_path / "data")
    table = table_of(tmp_path / "bench", jobs(folder, ["adaptive"]))
    write_parts(folder, seed=5)
    assert Worker(tmp_path / "bench").work() == 0
    assert table.rows()[0].error.startswith("AS147")


def test_a_run_that_was_begun_goes_on_with_its_own_copy_of_the_data(tmp_path):
    """It was deleted, checkpoints and all, when the source had changed or was away meanwhile."""
    folder = write_parts(tmp_path / "data")
    (job,) = planned = jobs(folder, ["adaptive"])
    table = table_of(tmp_path / "bench", planned)
    path, data = work.run_path(tmp_path / "bench", job.key), job.source.load(0)
    RunFolder.create(path, data, job.settings)
    begun = (path / "settings.json").stat().st_mtime_ns
    write_parts(folder, seed=5)
    assert Worker(tmp_path / "bench").work() == 1
    assert table.rows()[0].result["metrics"] == run(data, job.settings).metrics
    assert (path / "settings.json").stat().st_mtime_ns == begun


def test_a_run_folder_half_made_is_made_again(data, tmp_path):
    planned = jobs(data, ["adaptive"])
    table_of(tmp_path, planned)
    path = work.run_path(tmp_path, planned[0].key)
    path.mkdir(parents=True)
    (path / "data.safetensors").write_text("half")
    assert Worker(tmp_path).work() == 1


def test_a_run_that_ended_before_it_was_booked_is_not_done_again(data, tmp_path, monkeypatch):
    planned = jobs(data, ["adaptive"])
    table = table_of(tmp_path, planned)
    path = work.run_path(tmp_path, planned[0].key)
    RunFolder.create(path, planned[0].source.load(0), planned[0].settings).run()
    work.slim(path)
    monkeypatch.setattr(RunFolder, "run", lambda *_, **__: pytest.fail("done again"))
    assert Worker(tmp_path).work() == 1
    assert table.counts()["done"] == 1


def test_a_job_whose_first_worker_still_lives_is_left_to_it(data, tmp_path, monkeypatch):
    planned = jobs(data, ["adaptive"])
    table = table_of(tmp_path, planned)
    path = work.run_path(tmp_path, planned[0].key)
    RunFolder.create(path, planned[0].source.load(0), planned[0].settings)
    worker = Worker(tmp_path, lease=0.2)
    row = worker._table.claim(worker.name, 0.2)
    with locked(path):
        assert not worker._do(row)
    assert table.counts()["running"] == 1
    assert worker.work() == 1  # after the lease
    assert table.rows()[0].error is None


def test_the_lease_is_renewed_while_a_job_goes_on(data, tmp_path):
    planned = jobs(data, ["adaptive"])
    table = table_of(tmp_path, planned)
    row = table.claim("a", 0.4)
    with work.beating(tmp_path, row.key, "a", 0.4):
        time.sleep(0.9)
        assert table.claim("b", 60) is None
    time.sleep(0.5)
    assert table.claim("b", 60).key == row.key


def test_a_renewal_that_fails_is_tried_again(tmp_path, monkeypatch):
    """It was the last one, with a traceback, and others took the job of a worker that lived."""
    JobTable(tmp_path, create=True).close()
    times = []

    def renew(table, *lease):
        times.append(lease)
        raise StoreError("AS502", "The disk is full.", "Free some space.")

    monkeypatch.setattr(JobTable, "renew", renew)
    with work.beating(tmp_path, "key", "a", 0.04):
        wait_for(lambda: len(times) > 2)
