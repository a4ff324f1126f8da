"""Compilation is told once, for our kernels, and not when they come from the cache."""

import numba
import numpy as np
import pytest
from numba.core import event

from autosample.kernels import announce, random
from tests.tiny import write_events


@pytest.fixture
def told():
    """Moments at which something was told."""
    moments = []
    listener = announce.on_first_compilation(lambda: moments.append("now"))
    yield moments
    event.unregister("numba:compile", listener)


def compiled_in(module, **options):
    def double(x):
        return x + x

    double.__module__ = module
    return numba.njit(**options)(double)


def test_it_is_told_once_and_before_others(told):
    compiled_in("somebody.else")(1)
    assert told == []
    ours = compiled_in("autosample.kernels.double")
    assert told == []
    ours(1)
    assert told == ["now"]
    ours(1.5)
    compiled_in("autosample.kernels.other")(1)
    assert told == ["now"]


def test_a_cached_kernel_is_not_compiled(told):
    random.random_bits(1, 4)  # in the cache from here on
    before = list(told)
    again = numba.njit(nogil=True, cache=True)(random._fill_bits.py_func)
    again(np.empty(4, np.uint64), np.uint64(1))
    assert again.stats.cache_hits
    assert told == before


def test_a_command_says_it_in_one_line(cli, tmp_path, monkeypatch):
    monkeypatch.setattr(announce, "on_first_compilation", lambda tell: tell())
    events = write_events(tmp_path / "events.csv")
    code, out, err = cli("run", events, "--epochs", 1, "--strategy", "fixed", "--candidate",
                         "uniform", "--out", tmp_path / "run", "--json")  # fmt: skip
    assert code == 0, err
    assert err.count("Compiling kernels, once: some seconds.") == 1
    assert "Compiling" not in out
