"""Ctrl-C and SIGTERM end a run after its batch and a checkpoint; a second one ends it at once."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autosample import cli
from autosample.cli import output
from autosample.errors import StoreError
from autosample.store import RunFolder
from tests.tiny import write_events

FLAGS = ["--strategy=fixed", "--candidate=uniform", "--dim=8", "--window=1", "--batch-size=64"]
FLAGS += ["--epochs=100000", "--patience=100000", "--threads=1"]


def started(folder: Path) -> subprocess.Popen[str]:
    """A run without an end, as soon as it trains."""
    events = write_events(folder.parent / "events.csv")
    process = subprocess.Popen(
        [sys.executable, "-m", "autosample", "run", str(events), *FLAGS, f"--out={folder}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        text=True,
    )
    until = time.monotonic() + 240
    while not list(folder.glob("checkpoints/checkpoint-*[0-9a-f].json")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)
    return process


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_run_after_a_checkpoint(tmp_path, number, code) -> None:
    folder = tmp_path / "run"
    with started(folder) as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=240)
    assert process.returncode == code
    assert out == ""
    assert "Traceback" not in err
    assert "once more stops at once" in err
    assert f"autosample resume {folder}" in err
    opened = RunFolder.open(folder)
    assert not opened.finished
    epochs = (folder / "history.jsonl").read_text().count('"epoch", "trial"')
    done = []
    with pytest.raises(StoreError):
        opened.run(on_progress=done.append, should_stop=lambda: len(done) > 0)
    assert opened.notes[0].code == "AS521"
    records = (folder / "history.jsonl").read_text().count('"epoch", "trial"')
    assert records == epochs + 1  # nothing was lost


def test_the_second_signal_stops_at_once(tmp_path, capsys) -> None:
    def stubborn() -> None:
        with output.interruptible(tmp_path) as stop:
            assert not stop()
            signal.raise_signal(signal.SIGTERM)
            assert stop()
            signal.raise_signal(signal.SIGINT)
            pytest.fail("went on")

    with pytest.raises(output.typer.Exit) as end:
        stubborn()
    assert end.value.exit_code == 143
    assert f"autosample resume {tmp_path}" in capsys.readouterr().err


def test_an_interrupt_before_a_command_is_no_traceback(monkeypatch, capsys) -> None:
    def interrupt(*arguments, **keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "app", interrupt)
    assert cli.main(["runs"]) == 130
    assert capsys.readouterr().err == ""


def test_handlers_are_put_back_and_other_errors_pass(tmp_path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(StoreError), output.interruptible(tmp_path):
        raise StoreError("AS502", "The disk is full.", "Free some space.")
    assert signal.getsignal(signal.SIGTERM) is before
