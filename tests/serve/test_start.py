"""The commands as processes of their own."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest

from autosample.cli import main
from autosample.store import RunFolder
from tests.serve.making import finished, replace_run
from tests.tiny import quick, tiny_dataset


@contextlib.contextmanager
def serving(*arguments):
    """A server's address and process; it is told to end at the end."""
    command = [sys.executable, "-m", "autosample", *map(str, arguments), "--port", "0", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        yield json.loads(line)["address"], process
    finally:
        process.terminate()
        process.communicate(timeout=60)


def wait_for(what, seconds=30):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_serve_answers_and_takes_a_new_result(tmp_path) -> None:
    run = shutil.copytree(finished(), tmp_path / "run")
    with serving("serve", run) as (address, process), httpx.Client(base_url=address) as http:
        first = http.get("/health").json()["revision"]
        answer = http.get("/recommend", params={"user": "u1", "k": 3}).json()
        assert len(answer["recommendations"][0]["items"]) == 3
        replace_run(run, finished(seed=1))
        os.kill(process.pid, signal.SIGHUP)
        wait_for(lambda: http.get("/health").json()["revision"] != first)
        second = http.get("/health").json()["revision"]
        replace_run(run, finished())
        wait_for(lambda: http.get("/health").json()["revision"] != second)  # by itself
        assert "server" not in http.get("/health").headers
        process.send_signal(signal.SIGINT)
        assert process.wait(30) in (0, 130)
        assert process.stderr.read() == ""


def test_ui_answers(tmp_path) -> None:
    run = shutil.copytree(finished(), tmp_path / "one")
    with serving("ui", run) as (address, _):
        assert ">one<" in httpx.get(address).text


def test_a_taken_port_is_said(capsys) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        for command in (["serve", str(finished())], ["ui", "."]):
            assert main([*command, "--port", port]) == 4
            told = capsys.readouterr().err
            assert "AS272" in told
            assert f"Port {port}" in told
            assert len(told.splitlines()) == 1
    assert main(["serve", str(finished()), "--host", "203.0.113.7"]) == 4
    assert "--host" in capsys.readouterr().err


def test_what_cannot_be_served_is_said_in_a_line(tmp_path, capsys) -> None:
    RunFolder.create(tmp_path / "open", tiny_dataset(), quick())
    for arguments, code, word in (
        (["serve", str(tmp_path / "open"), "--port", "0"], 7, "autosample resume"),
        (["serve", str(tmp_path / "none"), "--port", "0"], 7, "AS507"),
        (["serve", str(finished()), "--unknown", "guess"], 4, "AS204"),
    ):
        assert main(arguments) == code
        told = capsys.readouterr()
        assert word in told.err
        assert (told.out, len(told.err.splitlines())) == ("", 1)


def test_a_public_address_is_warned_of(capsys, monkeypatch) -> None:
    pytest.importorskip("uvicorn")
    from autosample.serve import start  # noqa: PLC0415

    monkeypatch.setattr(start.uvicorn.Server, "run", lambda self, sockets: None)
    for host, said in (("127.0.0.1", False), ("0.0.0.0", True)):
        assert main(["ui", ".", "--host", host, "--port", "0"]) == 0
        assert ("password" in capsys.readouterr().err) == said
