"""Settings, command line and hostile files: cases 75 to 80, and mistakes nobody foresaw."""

import errno
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from autosample import AutoSample
from autosample.cli import crash
from autosample.codes import CODES
from autosample.settings import Settings
from tests.cases.making import code_of, table


def test_an_unknown_setting_names_the_nearest() -> None:
    with pytest.raises(Exception, match="did you mean 'batch_size'") as caught:
        Settings.of(batchsize=3)
    assert caught.value.code == "AS202"
    assert code_of(AutoSample().set_params, epoch=3) == "AS202"


@pytest.mark.parametrize("text", ["__import__('os').system('touch sprung')", "!!python/name:os"])
def test_code_in_settings_is_text(run, text) -> None:
    for option in ("model", "strategy", "metric", "candidate", "split", "encoding", "retrain"):
        told = run(table(), f"--{option}={text}")
        assert told.exit in (3, 4), option
    assert not Path("sprung").exists()


class Trap:
    """Makes a file when it is unpickled."""

    def __reduce__(self):
        return (Path.touch, (Path("sprung").absolute(),))


def test_a_pickled_model_is_refused_unread(cli) -> None:
    Path("model.pkl").write_bytes(pickle.dumps(Trap()))
    Path("folder").mkdir()
    for name in ("manifest.json", "model.safetensors", "result.json"):
        Path("folder", name).write_bytes(pickle.dumps(Trap()))
    for path in ("model.pkl", "folder"):
        code, out, err = cli("recommend", path)
        assert (code, out) == (7, "")
        assert "AS507" in err
    assert not Path("sprung").exists()


@pytest.mark.parametrize("name", ["../../secret", "/etc/passwd", "a/../../b", "..", "C:\\x"])
def test_names_lead_nowhere(run, cli, name) -> None:
    """A file's name never becomes part of a path outside; a manifest's entries are its own."""
    assert cli("run", name, "--epochs=1")[:2] == (3, "")
    assert not Path("runs").exists()
    told = run(table())
    manifest = json.loads((told.folder / "manifest.json").read_text())
    manifest["sha256"][name] = "0"
    (told.folder / "manifest.json").write_text(json.dumps(manifest))
    assert cli("recommend", "run", "--user", "u1", "-k", 1)[0] == 0


def test_a_mistake_in_the_program_is_one_line(cli, monkeypatch, tmp_path) -> None:
    from autosample import codes  # noqa: PLC0415

    class Broken(dict):
        def __contains__(self, key):
            raise ZeroDivisionError("a\x1b[31m\nb")

    monkeypatch.setattr(codes, "CODES", Broken())
    monkeypatch.setattr(crash.tempfile, "tempdir", str(tmp_path))
    code, out, err = cli("explain", "AS101")
    assert (code, out) == (crash.EXIT_CODE, "")
    assert len(err.splitlines()) == 1
    assert err.startswith("AS900: ")
    assert "\x1b" not in err
    assert "Traceback" not in err
    (kept,) = tmp_path.glob("autosample-error-*.txt")
    assert str(kept) in err
    assert "ZeroDivisionError" in kept.read_text()
    assert kept.stat().st_mode & 0o077 == 0
    _, _, err = cli("--debug", "explain", "AS101")
    assert "Traceback" in err
    assert "AS900" in CODES


def test_the_system_refusing_is_one_message(cli, monkeypatch) -> None:
    from autosample.cli import check  # noqa: PLC0415

    def full(text):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(check.typer, "echo", full)
    code, _, err = cli("explain", "AS101")
    assert (code, err.split(":")[0]) == (7, "AS504")


def test_any_locale_can_print_any_id(run) -> None:
    """A terminal of 1985: ASCII only, and an id of emoji, arrows and escape sequences."""
    assert run(table('"\U0001f600\x1b[2J",i1', "\u202eabc,i2")).exit == 0
    done = subprocess.run(
        [sys.executable, "-m", "autosample", "recommend", "run", "-k", "1"],
        env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\x1b" not in done.stdout
    face = "\U0001f600".encode()
    assert face in done.stdout or b"\\U0001f600" in done.stdout
    assert b"\\u202eabc" in done.stdout


@pytest.mark.parametrize("form", ["--json", "--format=jsonl"])
def test_json_is_json_in_any_encoding(run, form) -> None:
    """As in files on Windows: an accent has a byte there, and an emoji has none."""
    assert run(table(row=lambda user, item: f"u{user},\xe9\U0001f600{item}")).exit == 0
    done = subprocess.run(
        [sys.executable, "-m", "autosample", "recommend", "run", "-k", "1", form],
        env={**os.environ, "PYTHONUTF8": "0", "PYTHONIOENCODING": "cp1252"},
        capture_output=True,
        check=False,
        timeout=300,
    )
    found = [json.loads(line) for line in done.stdout.decode("cp1252").splitlines()]
    rows = found[0]["recommendations"] if form == "--json" else found
    assert all(row["item"].startswith("\xe9\U0001f600") for row in rows)


def test_a_file_system_without_locks_is_said(run, monkeypatch) -> None:
    """Case 73: the system's own refusal, as network file systems give it."""

    def no_locks(file, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("autosample.store.files.fcntl.flock", no_locks)
    told = run(table())
    assert (told.exit, told.codes.count("AS524")) == (0, 1)
