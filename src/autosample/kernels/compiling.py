"""How kernels are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
from numba.core.options import DefaultOptions

#: numba counts references to arrays, by an atomic operation each time a kernel takes a row of a
#: table or hands one on: for rows of 64 numbers a good part of a kernel's time. Whoever calls a
#: kernel holds its arrays, so nothing needs to be counted. The option has no public name.
_UNCOUNTED: dict[str, Any] = {"_nrt": False} if hasattr(DefaultOptions, "_nrt") else {}


def kernel(*, allocates: bool = False, **options: Any) -> Callable[..., Any]:
    """``numba.njit`` as all kernels take it: without the GIL, kept on disk, nothing counted.

    Args:
        allocates: The kernel makes arrays, for which numba has to count.
        **options: Further ones of ``numba.njit``.
    """
    counted: dict[str, Any] = {} if allocates else _UNCOUNTED
    njit: Any = numba.njit
    made: Callable[..., Any] = njit(nogil=True, cache=True, **counted, **options)
    return made
