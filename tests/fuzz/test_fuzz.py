"""A short fuzzing of everything that reads; ``scripts/fuzz --minutes 30`` is the long one."""

import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autosample.store import RunFolder
from tests.fuzz import long, targets
from tests.tiny import quick, tiny_dataset

SHORT = settings(
    max_examples=40,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SECONDS = 10.0  # for one input; the slowest takes a hundredth


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A finished run, and one that was stopped."""
    folder = tmp_path_factory.mktemp("made")
    RunFolder.create(folder / "run", tiny_dataset(), quick(epochs=2)).run()
    cut = RunFolder.create(folder / "cut", tiny_dataset(), quick(epochs=4, strategy="fixed"))

    def stop(progress):
        if progress.trial == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut.run(on_progress=stop)
    return folder / "run", folder / "cut"


def bounded(target, data, folder):
    started = time.monotonic()
    outcome = target(data, folder)
    assert time.monotonic() - started < SECONDS
    return outcome


@pytest.mark.filterwarnings("ignore::pandas.errors.PerformanceWarning")
@pytest.mark.parametrize("name", sorted(targets.READERS))
def test_readers_say_what_is_wrong(name, tmp_path) -> None:
    seen = set()

    @settings(SHORT, max_examples=12 if name == "parquet" else 40)  # a process for each file
    @given(st.data())
    def fuzz(data):
        seen.add(bounded(targets.READERS[name], data, tmp_path))

    fuzz()
    assert len(seen) > 1, "every input had the same fate: the fuzzing reaches nothing"


def test_run_folders_are_whole_or_refused(made, tmp_path) -> None:
    seen = set()

    @SHORT
    @given(st.data())
    def fuzz(data):
        seen.add(bounded(targets.run_folder(made[0]), data, tmp_path))

    fuzz()
    assert seen & {"AS506", "AS507", "AS508", "AS509"}


def test_runs_that_were_cut_off_go_on_or_are_refused(made, tmp_path) -> None:
    seen = set()

    @settings(SHORT, max_examples=20)
    @given(st.data())
    def fuzz(data):
        seen.add(bounded(targets.cut_run(made[1]), data, tmp_path))

    fuzz()
    assert "fine" in seen


def test_the_long_command_counts_what_it_does(tmp_path, capsys) -> None:
    code = long.main(["--minutes", "0.01", "--out", str(tmp_path / "fuzz.json")])
    told = json.loads(capsys.readouterr().out)
    assert code == 0, told
    assert told == json.loads((tmp_path / "fuzz.json").read_text())
    assert told["executions"] > 0
    assert told["executions"] == sum(sum(c.values()) for c in told["by_target"].values())


def test_the_long_command_tells_of_mistakes(tmp_path) -> None:
    def broken(data, folder):
        raise ZeroDivisionError

    tally = long.Tally()
    tally.run("broken", broken, tmp_path, 0)
    assert "ZeroDivisionError" in tally.mistakes[0]["traceback"]
