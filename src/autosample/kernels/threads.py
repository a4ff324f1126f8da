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
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch

from autosample import container
from autosample.errors import SettingsError

_threads = 0
_pool: ThreadPoolExecutor | None = None


def available_cores() -> int:
    """Cores this process may use, by its affinity mask and its container's share of time."""
    if hasattr(os, "sched_getaffinity"):
        found = len(os.sched_getaffinity(0))
    else:
        found = os.cpu_count() or 1
    share = container.cores()
    return found if share is None else min(found, max(1, math.ceil(share)))


def set_threads(n: int) -> None:
    """Use ``n`` threads for our kernels and for torch's own.

    Raises:
        SettingsError: AS201 when ``n`` is not positive.
    """
    global _threads  # noqa: PLW0603  one pool per process is the point
    if n < 1:
        raise SettingsError("AS201", f"threads must be at least 1, got {n}.", "Pass 1 or more.")
    if _pool is not None:
        _pool.shutdown()
    _threads = n
    _make_pool()
    torch.set_num_threads(n)


def _make_pool() -> None:
    """A pool for the threads beside the one that calls, which begin with their first work."""
    global _pool  # noqa: PLW0603  as above
    others = _threads - 1
    _pool = ThreadPoolExecutor(others, thread_name_prefix="autosample") if others > 0 else None


if hasattr(os, "register_at_fork"):  # a child has the pool, but none of its threads
    os.register_at_fork(after_in_child=_make_pool)


def get_threads() -> int:
    """Number of threads in use; all cores of the process unless :func:`set_threads` was called."""
    if _threads == 0:
        set_threads(available_cores())
    return _threads


def parallel_ranges(function: Callable[..., None], n: int, *args: object, grain: int = 256) -> None:
    """Call ``function(start, stop, *args)`` on contiguous ranges that cover ``range(n)``.

    The calling thread does the first range itself. Ranges are at least ``grain`` long: below that
    handing over costs more than it saves.
    """
    parts = max(1, min(get_threads(), n // max(grain, 1)))
    if parts == 1 or _pool is None:
        function(0, n, *args)
        return
    cuts = [n * part // parts for part in range(parts + 1)]
    futures = [
        _pool.submit(function, cuts[part], cuts[part + 1], *args) for part in range(1, parts)
    ]
    function(cuts[0], cuts[1], *args)
    for future in futures:
        future.result()


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
