import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from autosample.bench import JobTable, table
from autosample.errors import StoreError
from tests.bench.making import jobs, table_of, write_parts


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    return jobs(write_parts(tmp_path_factory.mktemp("data")), ["fixed", "adaptive", "halving"])


@pytest.fixture
def made(planned, tmp_path):
    return table_of(tmp_path, planned)


@pytest.fixture
def clock(monkeypatch):
    """A clock that moves only when told."""
    now = [1000.0]
    monkeypatch.setattr(table.time, "time", lambda: now[0])
    return now


def test_planning_twice_adds_nothing(made, planned):
    assert made.counts() == {"waiting": 4, "running": 0, "done": 0, "failed": 0}
    assert made.add(planned) == 0
    assert made.counts()["waiting"] == 4
    assert made.commands() == ["autosample bench plan"]


def test_a_job_comes_back_as_it_was_planned(made, planned):
    row = made.claim("a", 60)
    assert row.job.settings == planned[0].settings
    assert row.key == row.job.key == planned[0].key
    assert row.job.source.load(0).fingerprint() == row.job.fingerprint


def test_each_job_is_given_to_one_worker(made, tmp_path):
    other = JobTable(tmp_path)
    keys = [t.claim(name, 60).key for t, name in ((made, "a"), (other, "b")) * 2]
    assert len(set(keys)) == 4
    assert made.claim("a", 60) is None


def test_a_job_whose_lease_ran_out_is_given_to_the_next(made, clock):
    key = made.claim("a", 60).key
    for _ in range(3):
        made.claim("a", 1000)
    clock[0] += 59
    assert made.claim("b", 60) is None
    made.renew(key, "a", 60)
    clock[0] += 59
    assert made.claim("b", 60) is None
    clock[0] += 2
    assert made.claim("b", 60).key == key
    made.renew(key, "a", 1000)  # too late, it is not a's any more
    clock[0] += 61
    assert made.claim("c", 60).key == key


def test_a_job_that_kills_five_workers_has_failed(made, clock):
    keys = []
    for number in range(5):
        keys.append(made.claim(f"worker {number}", 1).key)
        clock[0] += 2
    assert len(set(keys)) == 1
    assert made.claim("last", 1).key != keys[0]
    row = made.rows()[0]
    assert (row.state, row.error) == ("failed", "5 workers died at it, the last was worker 4")


def test_a_job_fails_at_its_second_error_after_the_others_had_their_turn(made):
    key = made.claim("a", 60).key
    made.fail(key, "a", "no luck")
    assert made.rows()[0].state == "waiting"
    assert [made.claim("a", 60).key for _ in range(4)][-1] == key
    made.fail(key, "a", "again")
    assert (made.rows()[0].state, made.rows()[0].error) == ("failed", "again")
    assert made.retry() == 1
    assert made.claim("a", 60).key == key


def test_a_result_stays_whatever_an_earlier_worker_says(made):
    key = made.claim("a", 60).key
    made.finish(key, {"metrics": {"ndcg@20": 0.5}})
    made.fail(key, "a", "late")
    made.put_back(key, "a")
    row = made.rows()[0]
    assert (row.state, row.result) == ("done", {"metrics": {"ndcg@20": 0.5}})


def test_a_job_put_back_is_taken_first(made):
    key = made.claim("a", 60).key
    made.put_back(key, "b")  # not b's
    assert made.claim("b", 60).key != key
    made.put_back(key, "a")
    assert made.claim("b", 60).key == key


def test_postponed_means_that_its_worker_lives(made, clock):
    key = made.claim("a", 1).key
    for _ in range(10):
        clock[0] += 2
        assert made.claim("b", 1).key == key
        made.postpone(key, "b", 1)
    assert made.rows()[0].state == "running"


def test_it_is_on_disk_and_shared(made, tmp_path):
    base = sqlite3.connect(tmp_path / "bench.sqlite")
    assert base.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert made._base.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL


def test_workers_that_claim_at_once_get_different_jobs(tmp_path, planned):
    table_of(tmp_path, planned)

    def claim(name):
        table, keys = JobTable(tmp_path), []
        while row := table.claim(name, 60):
            keys.append(row.key)
        return keys

    with ThreadPoolExecutor(4) as pool:  # each with its own connection
        keys = [key for found in pool.map(claim, "abcd") for key in found]
    assert len(keys) == len(set(keys)) == len(planned)


def test_a_table_that_is_none_is_an_error_for_people(tmp_path):
    (tmp_path / "bench.sqlite").write_text("something else\n" * 100)
    with pytest.raises(StoreError, match=r"AS504.*bench\.sqlite.*not a database"):
        JobTable(tmp_path)


@pytest.mark.parametrize(
    ("pragma", "code"), [("query_only = 1", "AS503"), ("max_page_count = 1", "AS502")]
)
def test_a_table_that_takes_nothing_is_an_error_for_people(made, pragma, code):
    made._base.execute(f"PRAGMA {pragma}")
    for _ in range(2):
        with pytest.raises(StoreError, match=code):
            made.add([], "autosample " * 10_000)


def test_other_folders_and_versions_are_refused(tmp_path, planned):
    with pytest.raises(StoreError, match="AS531"):
        JobTable(tmp_path)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "manifest.json").touch()
    with pytest.raises(StoreError, match="AS501"):
        JobTable(tmp_path / "run", create=True)
    assert len(list((tmp_path / "run").iterdir())) == 1
    table_of(tmp_path, planned)._base.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="AS532"):
        JobTable(tmp_path)
