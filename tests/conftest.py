"""What tests of every part share."""

import pytest

from autosample.cli import main
from autosample.kernels.threads import get_threads, set_threads


@pytest.fixture
def use_threads():
    """``set_threads``, with the number of threads put back after the test."""
    before = get_threads()
    yield set_threads
    set_threads(before)


@pytest.fixture
def cli(capsys, tmp_path, monkeypatch):
    """Run a command in an empty folder: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object):
        code = main([str(argument) for argument in arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return call
