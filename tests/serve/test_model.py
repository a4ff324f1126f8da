import shutil
import threading
import time
from unittest.mock import Mock

import pytest
from safetensors import SafetensorError

from autosample.errors import StoreError
from autosample.serve import model as module
from autosample.serve.model import Holder, Model
from autosample.store import RunFolder
from tests.serve.making import client, finished, replace_run
from tests.tiny import quick, tiny_dataset


@pytest.fixture
def run(tmp_path):
    return shutil.copytree(finished(), tmp_path / "run")


def test_another_result_takes_its_place(run) -> None:
    holder = Holder(run)
    first = holder.model
    assert holder.refresh() is False
    assert holder.model is first
    replace_run(run, finished(seed=1))
    assert holder.refresh() is True
    other = holder.model
    assert other.revision != first.revision
    assert other.lists.item_table.shape == first.lists.item_table.shape
    assert (other.lists.item_table != first.lists.item_table).any()


def test_a_result_that_cannot_be_read_changes_nothing(run) -> None:
    holder = Holder(run)
    first = holder.model
    good = (run / "model.safetensors").read_bytes()
    shutil.copy(finished(seed=1) / "manifest.json", run / "manifest.json")  # others not yet
    assert holder.refresh() is False
    assert holder.model is first
    assert "AS506" in holder.problem
    assert good == (run / "model.safetensors").read_bytes()
    replace_run(run, finished(seed=1))
    assert holder.refresh() is True
    assert holder.problem == ""
    shutil.rmtree(run)
    assert holder.refresh() is False
    assert "AS507" in holder.problem


@pytest.mark.parametrize("cause", [PermissionError(13, "denied"), SafetensorError("torn")])
def test_files_that_go_while_they_are_read_do_not_end_the_watch(run, monkeypatch, cause) -> None:
    holder = Holder(run)
    replace_run(run, finished(seed=1))
    with monkeypatch.context() as context:
        context.setattr(module.Lists, "load", Mock(side_effect=cause))
        assert holder.refresh() is False
    assert type(cause).__name__ in holder.problem
    assert holder.refresh() is True


def test_files_of_two_results_are_never_mixed(run, monkeypatch) -> None:
    """The folder changes while it is read: what was read is thrown away."""
    load, times = module.Lists.load, []

    def slowly(path):
        lists = load(path)
        if not times:
            replace_run(run, finished(seed=1))
        times.append(1)
        return lists

    monkeypatch.setattr(module.Lists, "load", slowly)
    found = Model.load(run)
    assert len(times) == 2
    assert found.revision == module.revision_of(finished(seed=1))
    revisions = iter(range(100))
    monkeypatch.setattr(module, "revision_of", lambda path: str(next(revisions)))
    with pytest.raises(StoreError, match="AS515"):
        Model.load(run)


def test_a_run_that_is_not_over_is_refused(tmp_path) -> None:
    RunFolder.create(tmp_path / "open", tiny_dataset(), quick())
    with pytest.raises(StoreError, match=r"AS509.*autosample resume"):
        Holder(tmp_path / "open")
    with pytest.raises(StoreError, match="AS507"):
        Holder(tmp_path / "nowhere")


def test_the_watch_looks_when_woken(run) -> None:
    holder, wake = Holder(run), threading.Event()
    threading.Thread(target=holder.watch, args=(wake, 3600.0), daemon=True).start()
    replace_run(run, finished(seed=1))
    wake.set()
    expected, end = module.revision_of(run), time.monotonic() + 20
    while holder.model.revision != expected and time.monotonic() < end:
        time.sleep(0.01)
    assert holder.model.revision == expected


def test_reload_over_http(run) -> None:
    app = client(run)
    before = app.get("/recommend", user="u1").json()
    replace_run(run, finished(seed=1))
    assert app.get("/recommend", user="u1").json() == before, "not before it is asked to"
    told = app.post("/reload").json()
    assert told["changed"] is True
    after = app.get("/recommend", user="u1").json()
    assert after["revision"] == told["revision"] != before["revision"]
    (run / "manifest.json").write_text("{")
    told = app.post("/reload").json()
    assert (told["changed"], told["revision"]) == (False, after["revision"])
    assert "AS507" in told["problem"]
    assert app.get("/health").json()["problem"] == told["problem"]
    assert app.get("/recommend", user="u1").json() == after
