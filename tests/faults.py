"""Faults of the file system, made in this process: the n-th call that changes files fails."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

CALLS = ("open", "write", "fsync", "replace", "unlink", "mkdir")
NUMBERS = (errno.ENOSPC, errno.EIO, errno.EROFS)


@contextmanager
def intercepted(before: Callable[[str], None], short: bool = False) -> Iterator[None]:
    """Call ``before`` with the name of every call that changes files.

    Args:
        before: May raise, or end the process.
        short: Whether each write takes only half of what it is given, as a system may.
    """
    real = {name: getattr(os, name) for name in CALLS}

    def wrap(name):
        def wrapped(*arguments, **keywords):
            if name != "open" or arguments[1] & os.O_CREAT:
                before(name)
            if short and name == "write" and len(arguments[1]) > 1:
                arguments = (arguments[0], arguments[1][: len(arguments[1]) // 2])
            return real[name](*arguments, **keywords)

        return wrapped

    for name in CALLS:
        setattr(os, name, wrap(name))
    try:
        yield
    finally:
        for name, function in real.items():
            setattr(os, name, function)


def failing(n: int, number: int, *, ever_after: bool = False) -> Callable[[str], None]:
    """For :func:`intercepted`: the n-th call fails with an error number, or all from then on."""
    seen = [0]

    def before(name: str) -> None:
        seen[0] += 1
        if seen[0] == n or (ever_after and seen[0] > n):
            raise OSError(number, os.strerror(number))

    return before
