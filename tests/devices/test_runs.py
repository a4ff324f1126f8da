"""Whole runs on a pretended GPU, what is told about devices, and a true one where there is one."""

import json

import polars as pl
import pytest
import torch

from autosample import AutoSample, memory
from autosample.errors import SettingsError, StoreError, TrainingError
from autosample.kernels import device
from autosample.lists import Lists
from autosample.run import run
from autosample.settings import Settings
from autosample.store import RunFolder, fork
from autosample.testing import pretended_device
from tests.tiny import quick, tiny_dataset, without_times

SEARCH = {"candidates": ["uniform", "dns:pool=4", "mixgcf:pool=4"], "epochs": 4, "window": 1}


@pytest.fixture
def no_gpu(monkeypatch):
    """This machine as one without a GPU, whatever it has."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def assert_near(found, expected) -> None:
    """The same decisions, and numbers equal but for rounding."""
    assert found.schedule == expected.schedule
    assert found.valid_metric == pytest.approx(expected.valid_metric, abs=0.01)
    assert torch.allclose(found.user_table, expected.user_table, atol=1e-3)
    assert found.metrics["ndcg@20"] == pytest.approx(expected.metrics["ndcg@20"], abs=0.01)


@pytest.mark.parametrize("model", ["mf", "lightgcn"])
def test_the_adaptive_search_finds_there_what_it_finds_here(model) -> None:
    settings = {**SEARCH, "model": model, "depth": 1}
    here = run(tiny_dataset(), quick(**settings))
    with pretended_device():
        there = run(tiny_dataset(), quick(**settings, device="cuda"))
    assert_near(there, here)
    tensors = [there.user_table, there.item_table, *there.state.values()]
    assert {type(tensor) for tensor in tensors} == {torch.Tensor}  # plain ones, on the CPU


def test_replay_trains_there_too() -> None:
    settings = {"candidates": ["dns:pool=4"], "strategy": "fixed", "epochs": 2, "retrain": "replay"}
    with pretended_device():
        there = run(tiny_dataset(), quick(**settings, device="cuda:0"))
    assert_near(there, run(tiny_dataset(), quick(**settings)))


def cut_off(path, **settings) -> RunFolder:
    """A run that was stopped after some batches."""
    folder = RunFolder.create(path, tiny_dataset(), quick(**SEARCH, **settings))
    asked = iter(range(20))
    with pytest.raises(StoreError, match="AS511"):
        folder.run(should_stop=lambda: next(asked, None) is None)
    return RunFolder.open(path)


def test_a_run_goes_on_where_it_began_and_elsewhere_only_in_a_fork(tmp_path, no_gpu) -> None:
    with pretended_device():
        folder = cut_off(tmp_path / "there", device="cuda")
        assert folder.environment()["device"] == "cuda:0 (pretended)"
    with pytest.raises(SettingsError, match=r"AS216.*cuda:0 must be there.*sees cpu.*--fork"):
        folder.run()
    new = fork(folder, tmp_path / "here", quick(**SEARCH))
    found = new.run()
    (note,) = [note for note in new.notes if note.code == "AS525"]
    assert "Goes on" in note.message
    assert "on cpu after cuda:0: last digits" in note.message
    assert any(note.code == "AS521" for note in new.notes)
    assert_near(found, run(tiny_dataset(), quick(**SEARCH)))
    with pretended_device():
        again = folder.run()
    assert_near(again, found)


def test_what_was_trained_there_is_used_here(tmp_path) -> None:
    settings = quick(strategy="fixed", candidates=["uniform"], epochs=1, device="cuda")
    with pretended_device():
        RunFolder.create(tmp_path / "run", tiny_dataset(), settings).run()
    folder = RunFolder.open(tmp_path / "run")
    assert folder.finished
    assert folder.settings().device == "cuda:0"
    some = tiny_dataset().users.names.head(2)
    assert Lists.load(folder.path).recommend(some, k=3)["rank"].to_list() == [1, 2, 3] * 2
    assert AutoSample.load(folder.path).metrics_ == folder.result().metrics


def test_auto_is_settled_once_and_said(no_gpu) -> None:
    assert device.settled("auto") == "cpu"
    with pretended_device():
        assert Settings.of(device="auto").device == "cuda:0"
        assert device.settled("cuda") == "cuda:0"
        assert device.available() == ["cpu", "cuda:0"]
    pairs = [(f"u{u}", f"i{(u * 5 + n * n) % 23}") for u in range(30) for n in range(9)]
    events = pl.DataFrame(pairs, schema=["user_id", "item_id"], orient="row")
    auto = AutoSample(dim=4, epochs=1, strategy="fixed", candidates=["uniform"], device="auto")
    notes = [note for note in auto.fit(events).notes_ if note.code == "AS217"]
    assert [note.message for note in notes] == ["The device auto is cpu: name it to have it again."]
    assert auto.result_.settings.device == "cpu"


@pytest.mark.parametrize(
    ("name", "told"),
    [("gpu", "cpu, cuda, cuda:NUMBER or auto, got 'gpu'"), ("mps", "no float64"), ("cuda:x", "got"),
     ("cuda:7", "cuda:7 must be there"), ("CUDA", "got 'CUDA'")],
)  # fmt: skip
def test_a_device_that_is_none_is_refused_before_any_data_is_read(name, told, cli) -> None:
    code, out, err = cli("run", "no-such-file.csv", "--device", name)
    assert (code, out) == (4, "")
    assert err.startswith("AS216:")
    assert err.count("\n") == 1
    assert told in err
    assert "Choose one of cpu" in err
    for command in (["compare", "no.csv"], ["bench", "plan", "bench", "--data", "no.csv"]):
        assert cli(*command, "--device", name)[0] == 4
    with pytest.raises(SettingsError, match="AS216"):
        AutoSample(device=name).fit("no-such-file.csv")


def test_memory_is_said_of_the_one_it_is_about(no_gpu) -> None:
    data, settings = tiny_dataset(), quick(device="cuda")
    needs = memory.estimate(settings, data)
    assert needs.on_device == needs.tables + needs.data + needs.work + memory.TWINS
    assert memory.free("cuda:0") is None  # not there
    with pretended_device():
        (line,) = memory.told(settings, data)
        assert "trains on cuda:0 (pretended)" in line
        assert "of its memory" in line
        assert "of main memory" in line
        assert memory.free("cuda:0") == 8 * 10**9
        torch.cuda.mem_get_info = lambda _: (1000, 8 * 10**9)  # put back with the device
        with pytest.raises(TrainingError, match=r"AS404.*of cuda:0, and 0 MB are free"):
            memory.require(settings, data)
        assert "AS285" in memory.told(settings, data)[1]
        assert "memory of cuda:0" in memory.told(settings, data)[1]
    (line,) = memory.told(quick(), data)
    assert "device" not in line


def test_doctor_lists_devices(cli) -> None:
    with pretended_device():
        facts = json.loads(cli("doctor", "--json")[1])
    assert facts["device"] == "cpu, cuda:0 (pretended)"


@pytest.mark.skipif(
    not torch.cuda.is_available(),
    reason="needs a CUDA GPU and a torch built for it; the pretended device stands in elsewhere",
)
@pytest.mark.parametrize("model", ["mf", "lightgcn", "ngcf"])
def test_a_true_gpu_finds_what_the_cpu_finds(model) -> None:
    settings = {**SEARCH, "model": model}
    here, there = (run(tiny_dataset(), quick(**settings, device=d)) for d in ("cpu", "cuda"))
    assert [r["kind"] for r in without_times(there.history)] == [r["kind"] for r in here.history]
    assert there.valid_metric == pytest.approx(here.valid_metric, abs=0.02)
    assert not there.user_table.is_cuda
