"""Say that kernels are being compiled, which keeps the first command waiting for some seconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.core import event


class _Once(event.Listener):
    """Tells at the first compilation of a kernel of ours, and not when one comes from the cache."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self.tell: Callable[[], None] | None = tell

    def on_start(self, event: Any) -> None:
        """Numba begins to compile."""
        kernel = event.data["dispatcher"].py_func
        if self.tell is not None and kernel.__module__.startswith("autosample."):
            tell, self.tell = self.tell, None
            tell()

    def on_end(self, event: Any) -> None:
        """Numba is done."""


def on_first_compilation(tell: Callable[[], None]) -> event.Listener:
    """Call ``tell`` once, before the first kernel that really has to be compiled.

    Returns:
        What numba's event "numba:compile" was given.
    """
    listener = _Once(tell)
    event.register("numba:compile", listener)
    return listener
