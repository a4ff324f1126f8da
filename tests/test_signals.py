"""Ctrl-C and SIGTERM end a run at once, and it can be gone on with."""

import os
import signal
import subprocess
import sys
import time

import pytest

from autosample.store import RunFolder
from tests.tiny import write_events


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_run_that_can_be_resumed(tmp_path, number, code) -> None:
    events, folder = write_events(tmp_path / "events.csv"), tmp_path / "run"
    flags = ["--strategy=fixed", "--candidate=uniform", "--dim=8", "--window=1"]
    flags += ["--epochs=100000", "--patience=100000", f"--out={folder}", "--threads=1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "autosample", "run", str(events), *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        text=True,
    )
    try:
        until = time.monotonic() + 60
        while not list(folder.glob("checkpoint-*[0-9a-f].safetensors")):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < until
            time.sleep(0.02)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == code
    assert out == ""
    assert "Traceback" not in err
    assert f"autosample resume {folder}" in err
    opened = RunFolder.open(folder)
    assert not opened.finished

    with pytest.raises(StopIteration):
        opened.run(on_progress=lambda progress: next(iter(())))
    assert opened.notes[0].code == "AS521"
