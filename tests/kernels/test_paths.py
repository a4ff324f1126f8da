"""Whole runs on torch's path: nothing is compiled, and the results are those of the kernels."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from autosample.errors import SettingsError
from autosample.kernels import paths
from autosample.run import run
from tests.tiny import quick, tiny_dataset

RUNS = {
    "mf": ["uniform", "dns:pool=4", "popularity", "mixgcf:pool=3", "softmax", "nscaching"],
    "lightgcn": ["dns:pool=4", "mixgcf:pool=3"],
    "ngcf": ["dns:pool=4"],
}


@pytest.fixture
def twins(monkeypatch):
    """Call it to take the path of torch."""

    def take():
        monkeypatch.setattr(paths, "chosen", lambda: "torch")

    return take


@pytest.mark.parametrize(("model", "sampler"), [(m, s) for m, names in RUNS.items() for s in names])
def test_a_run_by_twins_ends_where_a_run_by_kernels_does(model, sampler, twins):
    dataset = tiny_dataset()
    settings = quick(model=model, strategy="fixed", candidates=[sampler], epochs=4, lr=0.01)
    ours = run(dataset, settings)
    twins()
    theirs = run(dataset, settings)
    for name in ("user_table", "item_table"):
        mine, its = getattr(ours, name).numpy(), getattr(theirs, name).numpy()
        np.testing.assert_allclose(mine, its, atol=2e-3)
        assert np.abs(mine - its).mean() < 2e-5
    assert theirs.valid_metric == pytest.approx(ours.valid_metric, abs=0.005)


def test_a_search_by_twins_takes_the_same_decisions(twins):
    settings = quick(candidates=["dns:pool=1", "dns:pool=8"])
    ours = run(tiny_dataset(), settings)
    twins()
    theirs = run(tiny_dataset(), settings)
    assert ours.schedule == theirs.schedule
    assert theirs.valid_metric == pytest.approx(ours.valid_metric, abs=0.005)


def test_twins_compile_nothing():
    """A process with the variable set runs a search and loads no kernel, cached or not."""
    code = (
        "import json\n"
        "from autosample.run import run\n"
        "from tests.kernels.test_work import signatures\n"
        "from tests.tiny import quick, tiny_dataset\n"
        "run(tiny_dataset(), quick(candidates=['dns:pool=4', 'popularity']))\n"
        "print(json.dumps(signatures()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, paths.VARIABLE: "torch"},
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert len(found) > 15
    assert not any(found.values())


def test_other_paths_are_refused(monkeypatch):
    monkeypatch.setenv(paths.VARIABLE, "cuda")
    paths.chosen.cache_clear()
    with pytest.raises(SettingsError, match=r"AS215.*numba or torch, got 'cuda'"):
        paths.compiled()
    monkeypatch.delenv(paths.VARIABLE)
    assert paths.compiled()
