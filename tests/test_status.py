import shutil
import subprocess
import sys

import pytest

from autosample import status
from autosample.bench import JobTable, Source, plan
from autosample.cli import runs
from autosample.errors import StoreError
from autosample.export import export_run
from autosample.store import RunFolder
from autosample.store.files import locked
from tests.tiny import quick, tiny_dataset


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("status") / "run"
    RunFolder.create(path, tiny_dataset(), quick(strategy="fixed", epochs=1)).run()
    return path


def test_a_run_is_finished_when_its_result_is_listed(run):
    seen, result = status.status(run), RunFolder.open(run).result()
    assert (seen.state, seen.test) == ("finished", result.metrics["ndcg@20"])
    assert seen.data["fingerprint"] == tiny_dataset().fingerprint()


def test_an_export_beside_runs_is_none(run):
    export_run(run, "embeddings", run.parent / "vectors")
    try:
        assert status.runs_below(run.parent) == {"run": run}
        assert status.runs_below(run.parent / "vectors") == {}
    finally:
        shutil.rmtree(run.parent / "vectors")


def test_it_is_running_while_another_process_holds_its_lock(tmp_path):
    """And no longer, however that process ends."""
    folder = RunFolder.create(tmp_path / "run", tiny_dataset(), quick())
    assert status.status(folder.path).state == "unfinished"
    code = (
        "import sys, pathlib\nfrom autosample.store.files import locked\n"
        "with locked(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, folder.path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout.readline() == "held\n"
    assert status.status(folder.path).state == "running"
    holder.kill()
    holder.communicate()
    assert status.status(folder.path).state == "unfinished"


def test_a_run_is_not_damaged_for_a_checkpoint_that_goes_while_it_is_listed(tmp_path):
    """What is listed and gone when it is looked at, as a link that leads nowhere."""
    folder = RunFolder.create(tmp_path / "run", tiny_dataset(), quick())
    (folder.path / "checkpoints").mkdir()
    gone, there = (folder.path / "checkpoints" / f"checkpoint-{n}.json" for n in (1, 2))
    gone.symlink_to("nowhere")
    row = runs._row(folder.path)
    assert (row["state"], row["checkpoint"]) == ("unfinished", None)
    there.touch()
    assert runs._row(folder.path)["checkpoint"] is not None


def test_a_look_keeps_no_writer_away(tmp_path, monkeypatch):
    """A look holds the lock for an instant; a writer waits for that, and not for another writer."""
    fcntl = pytest.importorskip("fcntl")
    with (tmp_path / "lock").open("a") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        with pytest.raises(StoreError, match="AS505"), locked(tmp_path):
            pass
        monkeypatch.setattr(
            "autosample.store.files.time.sleep", lambda _: fcntl.flock(looking, fcntl.LOCK_UN)
        )
        with locked(tmp_path) as held:
            assert held


def test_runs_are_the_folders_that_have_a_manifest(run, tmp_path):
    for name in "ba":
        shutil.copytree(run, tmp_path / name)
    (tmp_path / "empty").mkdir()
    assert status.runs_below(tmp_path) == {name: tmp_path / name for name in "ab"}
    assert status.runs_below(tmp_path / "a") == {"a": tmp_path / "a"}
    assert status.runs_below(tmp_path / "none") == {}
    assert status.comparisons_below(tmp_path) == {}


@pytest.mark.parametrize("manifest", ['{"name": "My shop", "icons": []}', "[]"])
def test_a_manifest_of_another_program_is_none_of_a_run(run, tmp_path, manifest):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "manifest.json").write_text(manifest)
    shutil.copytree(run, tmp_path / "run")
    assert status.runs_below(tmp_path) == {"run": tmp_path / "run"}
    assert status.runs_below(tmp_path / "site") == {}
    (tmp_path / "run" / "manifest.json").write_text("{")
    assert status.runs_below(tmp_path) == {"run": tmp_path / "run"}, "a damaged one is shown"


def test_a_comparison_holds_runs_of_its_own(run, tmp_path):
    shutil.copytree(run, tmp_path / "compared" / "runs" / "abc")
    (tmp_path / "compared" / "bench.sqlite").touch()
    assert status.runs_below(tmp_path) == {}
    assert status.comparisons_below(tmp_path) == {"compared": tmp_path / "compared"}
    assert list(status.runs_below(tmp_path / "compared")) == ["abc"]
    assert status.verdict(tmp_path / "compared") is None
    (tmp_path / "compared" / "compare.json").write_text('{"says": "a won"}')
    assert status.verdict(tmp_path / "compared") == "a won"


@pytest.mark.parametrize(
    ("states", "whole"),
    [
        (["finished", "running", "damaged"], "running"),
        (["finished", "damaged", "unfinished"], "damaged"),
        (["finished", "unfinished"], "unfinished"),
        (["finished"], "finished"),
        ([], "unfinished"),
    ],
)
def test_the_state_of_several_runs(states, whole):
    assert status.together(states) == whole


@pytest.mark.parametrize(
    ("states", "whole"),
    [(["finished"], "unfinished"), (["finished", "running"], "running"), ([], "unfinished")],
)
def test_a_comparison_with_jobs_to_begin_is_not_finished(states, whole):
    assert status.together(states, waiting=1) == whole


def test_jobs_without_a_run_have_not_begun(run, tmp_path):
    events = tmp_path / "events.csv"
    events.write_text("user_id,item_id\na,x\nb,y\n")
    jobs = list(plan([Source(events)], models=["mf"], strategies=["fixed"], seeds=[0]))
    table = JobTable(tmp_path, create=True)
    table.add(jobs, "autosample compare")
    table.close()
    shutil.copytree(run, tmp_path / "runs" / jobs[0].key)
    assert status.not_begun(tmp_path) == len(jobs) - 1 == 4
    (tmp_path / "bench.sqlite").write_text("no table")
    assert status.not_begun(tmp_path) == 0
    assert status.not_begun(tmp_path / "none") == 0
    assert not (tmp_path / "none").exists()
