"""The estimate against the peak of a real process; the rest by hand."""

import json
import subprocess
import sys

import pytest

from autosample import memory
from autosample.data import Dataset, Interactions, Vocabulary
from tests.tiny import quick, tiny_dataset

#: Runs with the settings given and prints estimate and measured rise of the peak, in bytes.
MEASURE = """
import json, sys
from pathlib import Path
from autosample import memory
from autosample.run import run
from autosample.settings import Settings
from tests.test_memory import wide_dataset
from tests.tiny import quick, tiny_dataset

def status(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))

settings = Settings.of(**json.loads(sys.argv[1]))
run(tiny_dataset(), quick(model=settings.model, epochs=1, candidates=settings.candidates))
dataset = wide_dataset()
Path("/proc/self/clear_refs").write_text("5")
before = status("VmRSS")
run(dataset, settings)
print(json.dumps([memory.estimate(settings, dataset).total, status("VmHWM") - before]))
"""


def wide_dataset():
    """Few interactions of 30,000 users and 30,000 items: nearly all memory is tables."""
    tiny = tiny_dataset()
    parts = {}
    for name in ("train", "valid", "test"):
        part = getattr(tiny, name)
        parts[name] = Interactions.from_pairs(part.users, part.items, 30_000, 30_000)
    ids = Vocabulary.from_ids([str(number) for number in range(30_000)])
    return Dataset(**parts, users=ids, items=ids)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize(
    ("model", "strategy"),
    [
        ("mf", "fixed"),
        ("lightgcn", "fixed"),
        ("ngcf", "fixed"),
        ("mf", "adaptive"),
        ("mf", "exhaustive"),
        ("mf", "replay of fixed"),
        ("mf", "fixed with srns"),
    ],
)
def test_estimate_is_the_peak_of_a_process(model, strategy):
    chosen = {"model": model, "epochs": 4, "window": 1, "strategy": strategy, "batch_size": 128,
              "candidates": ["dns:pool=1", "dns:pool=4", "dns:pool=16"]}  # fmt: skip
    if "fixed" in strategy:
        chosen |= {"strategy": "fixed", "candidates": ["dns:pool=4"], "epochs": 2}
    if "srns" in strategy:
        chosen |= {"candidates": ["srns"]}
    if "replay" in strategy:
        chosen |= {"retrain": "replay", "epochs": 4}
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, json.dumps(chosen)],
        capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    expected, measured = json.loads(done.stdout)
    assert measured / 1.5 < expected < measured * 1.5


def test_a_search_keeps_more_states_than_fixed_training():
    dataset = tiny_dataset()
    fixed, search = (
        memory.estimate(quick(strategy=name), dataset) for name in ("fixed", "adaptive")
    )
    assert fixed.tables == search.tables == 3 * (60 + 80) * 8 * 4
    assert fixed.states == 3 * fixed.tables
    assert search.states == (3 + 5) * search.tables  # five candidates
    assert fixed.total == fixed.tables + fixed.states + fixed.data + fixed.work


def test_what_samplers_remember_of_users_is_in_every_state():
    """128 candidates of 12 bytes and a memory of 8, of 4 bytes, in srns."""
    own = {"candidates": ["srns", "nscaching:cache=50"]}
    for strategy, of_a_user in (("fixed", 1568), ("adaptive", 1568), ("weighted", 1768)):
        plain, more = (
            memory.estimate(quick(strategy=strategy, **chosen), tiny_dataset())
            for chosen in ({}, own)
        )
        assert more.tables - plain.tables == 60 * of_a_user
        states = plain.states // plain.tables
        assert more.states - plain.states == states * 60 * of_a_user


def test_tables_grow_with_depth():
    deep, flat = (
        memory.estimate(quick(model="lightgcn", depth=depth), tiny_dataset()).tables
        for depth in (3, 1)
    )
    assert deep - flat == 2 * (60 + 80) * 8 * 4


def test_warns_when_it_does_not_fit_and_only_then():
    assert memory.warning(5 * 10**9, 6 * 10**9) is None
    assert memory.warning(5 * 10**9, None) is None
    told = memory.warning(5 * 10**9, 300 * 10**6)
    assert told.startswith("AS285: This run needs about 5.0 GB more memory and 300 MB are free.")


def test_this_machine_is_measured():
    if sys.platform.startswith("linux"):
        assert memory.free() > 0
