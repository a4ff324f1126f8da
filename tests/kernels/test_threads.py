"""Work is cut without gaps or overlaps, and the number of threads is what was asked for."""

import gc
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import torch

from autosample.errors import SettingsError
from autosample.kernels.threads import (
    available_cores,
    get_threads,
    one_torch_thread,
    parallel_ranges,
    set_threads,
)


@pytest.fixture(autouse=True)
def _same_threads_after(use_threads):
    pass


def cuts(n, threads, **settings):
    """Ranges and the names of the threads that got them, by start."""
    set_threads(threads)
    calls = []
    parallel_ranges(
        lambda start, stop: calls.append((start, stop, threading.current_thread().name)),
        n,
        **settings,
    )
    return sorted(calls)


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
@pytest.mark.parametrize("n", [0, 1, 5, 6, 7, 100])
def test_ranges_cover_everything_once(n, threads):
    calls = cuts(n, threads, grain=1)
    covered = [i for start, stop, _ in calls for i in range(start, stop)]
    assert covered == list(range(n))
    assert len(calls) == max(1, min(n, threads))


@pytest.mark.parametrize(("n", "parts"), [(255, 1), (511, 1), (512, 2), (767, 2), (768, 3)])
def test_ranges_are_at_least_a_grain_long(n, parts):
    calls = cuts(n, 3, grain=256)
    assert len(calls) == parts
    assert all(stop - start >= 256 for start, stop, _ in calls) or parts == 1


def test_caller_does_the_first_range_and_others_the_rest():
    calls = cuts(10, 2, grain=1)
    assert calls[0][2] == threading.current_thread().name
    assert calls[1][2].startswith("autosample")


def test_ranges_run_at_the_same_time():
    set_threads(2)
    meeting = threading.Barrier(2, timeout=10)  # breaks unless both ranges are under way
    parallel_ranges(lambda *_: meeting.wait(), 2, grain=1)


def test_arguments_are_passed_and_errors_come_back():
    set_threads(2)
    out = np.zeros(4)

    def fill(start, stop, out, value):
        out[start:stop] = value

    parallel_ranges(fill, 4, out, 3.0, grain=1)
    assert out.tolist() == [3.0] * 4

    def fail_late(start, stop):
        if start > 0:
            raise ValueError("second range")

    with pytest.raises(ValueError, match="second range"):
        parallel_ranges(fail_late, 4, grain=1)


def test_callers_at_the_same_time_get_their_own_errors():
    set_threads(3)

    def fail(start, stop, name):
        if start > 0:
            raise ValueError(name)

    def call(name, met):
        for _ in range(100):
            with pytest.raises(ValueError, match=f"^{name}$"):
                parallel_ranges(fail, 3, name, grain=1)
        met.append(name)

    met = []
    callers = [threading.Thread(target=call, args=(name, met)) for name in ("one", "two")]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(timeout=60)
    assert sorted(met) == ["one", "two"]


def test_others_may_change_the_number_of_threads_meanwhile():
    stop = time.monotonic() + 2

    def change():
        while time.monotonic() < stop:
            set_threads(1)
            set_threads(3)

    def call():
        while time.monotonic() < stop:
            parallel_ranges(lambda *_: None, 6, grain=1)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    both = [threading.Thread(target=work, daemon=True) for work in (change, call)]
    try:
        for one in both:
            one.start()
        for one in both:
            one.join(timeout=60)
        assert not any(one.is_alive() for one in both)
    finally:
        sys.setswitchinterval(interval)


def test_no_range_goes_on_when_the_first_has_failed():
    set_threads(2)
    done = []

    def work(start, stop):
        if start == 0:
            raise ValueError("first range")
        time.sleep(0.2)
        done.append(start)

    with pytest.raises(ValueError, match="first range"):
        parallel_ranges(work, 2, grain=1)
    assert done == [1]


AT_EXIT = """
import atexit

def late():
    ranges = []
    parallel_ranges(lambda *cut: ranges.append(cut), 2, grain=1)
    print(len(ranges))

atexit.register(late)
from autosample.kernels.threads import parallel_ranges, set_threads

set_threads(2)
parallel_ranges(lambda *_: None, 2, grain=1)
"""


def test_functions_at_exit_have_threads():
    command = [sys.executable, "-c", AT_EXIT]
    run = subprocess.run(command, check=True, timeout=60, capture_output=True, text=True)
    assert run.stdout.split() == ["2"]


def test_threads_begin_with_the_first_work_and_end_when_others_take_their_place():
    def own():
        return [one for one in threading.enumerate() if one.name == "autosample"]

    set_threads(1)
    gc.collect()  # errors of tests before, whose frames hold threads
    for thread in own():
        thread.join(timeout=10)
    set_threads(4)
    assert not own()
    parallel_ranges(lambda *_: None, 4, grain=1)
    former = own()
    assert len(former) == 3
    set_threads(2)
    for thread in former:
        thread.join(timeout=10)
    assert not own()


FORKED = """
import os
from autosample.kernels.threads import parallel_ranges, set_threads

set_threads(2)
parallel_ranges(lambda *_: None, 2, grain=1)
child = os.fork()
ranges = []
parallel_ranges(lambda *cut: ranges.append(cut), 2, grain=1)
if child == 0:
    os._exit(len(ranges))
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == len(ranges) == 2
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_has_threads_of_its_own():
    subprocess.run([sys.executable, "-c", FORKED], check=True, timeout=60)


def test_set_and_get():
    set_threads(3)
    assert get_threads() == torch.get_num_threads() == 3
    assert available_cores() >= 1
    with pytest.raises(SettingsError) as error:
        set_threads(0)
    assert error.value.code == "AS201"
    assert get_threads() == 3


def test_torch_has_its_threads_again_after_a_step_in_one():
    def broken():
        assert torch.get_num_threads() == 1
        raise KeyError

    set_threads(2)
    with pytest.raises(KeyError):
        one_torch_thread()(broken)()
    assert torch.get_num_threads() == 2
