"""Our own threads for numba kernels that release the GIL.

Kernels are compiled without numba's parallel layer, which clashes with torch's OpenMP runtime on
some systems and does not survive a fork. Work is cut into contiguous ranges; every kernel writes
only to its own range and sums in an order that does not depend on the cut, so that results have
the same bits for any number of threads.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from queue import SimpleQueue
from threading import Lock, Thread
from weakref import finalize

import torch

from autosample import container
from autosample.border import checked
from autosample.errors import SettingsError

_Errors = SimpleQueue[BaseException | None]  # one entry for every range that is done
_Jobs = SimpleQueue[tuple[Callable[[], None], _Errors] | None]  # None: a thread may end


class _Workers:
    """Threads beside the one that calls, which begin with the first work and end with this.

    They take ranges from one queue. A pool of ``concurrent.futures`` does as much and needs twice
    as long to hand over a range.
    """

    def __init__(self, n: int) -> None:
        self._jobs = _Jobs()
        self.n, self._missing, self._lock = n, n, Lock()
        # not at exit, when others' last functions may still have work for them
        finalize(self, _end, self._jobs, n).atexit = False

    def do(self, work: Callable[[], None], errors: _Errors) -> None:
        """Let a thread do some work."""
        if self._missing:
            with self._lock:
                while self._missing:
                    Thread(target=_work, args=(self._jobs,), name="autosample", daemon=True).start()
                    self._missing -= 1
        self._jobs.put((work, errors))


def _work(jobs: _Jobs) -> None:
    while (job := jobs.get()) is not None:
        work, errors = job
        try:
            work()
        except BaseException as error:
            errors.put(error)
        else:
            errors.put(None)
        del job, work, errors  # whoever waits for work holds no tables


def _end(jobs: _Jobs, n: int) -> None:
    for _ in range(n):
        jobs.put(None)


_threads = 0
_workers = _Workers(0)


def available_cores() -> int:
    """Cores this process may use, by its affinity mask and its container's share of time."""
    if hasattr(os, "sched_getaffinity"):
        found = len(os.sched_getaffinity(0))
    else:
        found = os.cpu_count() or 1
    share = container.cores()
    return found if share is None else min(found, max(1, math.ceil(share)))


@checked
def set_threads(n: int) -> None:
    """Use ``n`` threads for our kernels and for torch's own.

    Raises:
        SettingsError: AS201 when ``n`` is not positive.
    """
    global _threads  # noqa: PLW0603  one number for the process is the point
    if n < 1:
        raise SettingsError("AS201", f"threads must be at least 1, got {n}.", "Pass 1 or more.")
    _threads = n
    _make_workers()
    torch.set_num_threads(n)


def _make_workers() -> None:
    global _workers  # noqa: PLW0603  as above
    _workers = _Workers(max(0, _threads - 1))


if hasattr(os, "register_at_fork"):  # a child has the workers, but none of their threads
    os.register_at_fork(after_in_child=_make_workers)


def get_threads() -> int:
    """Number of threads in use; all cores of the process unless :func:`set_threads` was called."""
    if _threads == 0:
        set_threads(available_cores())
    return _threads


def parallel_ranges(function: Callable[..., None], n: int, *args: object, grain: int = 256) -> None:
    """Call ``function(start, stop, *args)`` on contiguous ranges that cover ``range(n)``.

    The calling thread does the first range itself. Ranges are at least ``grain`` long: below that
    handing over costs more than it saves. None goes on when an error is raised.
    """
    get_threads()
    workers, errors = _workers, _Errors()  # others may set another number meanwhile
    parts = max(1, min(workers.n + 1, n // max(grain, 1)))
    if parts == 1:
        function(0, n, *args)
        return
    cuts = [n * part // parts for part in range(parts + 1)]
    for start, stop in pairwise(cuts[1:]):
        workers.do(partial(function, start, stop, *args), errors)
    try:
        function(cuts[0], cuts[1], *args)
    finally:
        met = [errors.get() for _ in range(1, parts)]
    for error in met:
        if error is not None:
            raise error


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Switch torch's own threads off for the thread that calls.

    What kernels leave to torch is so small that handing it over costs more than it saves: on two
    cores training is 1.0 to 1.6 times as fast without.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def in_one_thread(function: Callable[[int, int], None]) -> Callable[[int, int], None]:
    """``function`` with torch's own threads switched off for the thread that calls it."""

    def call(start: int, stop: int) -> None:
        with one_torch_thread():
            function(start, stop)

    return call
