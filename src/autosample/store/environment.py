"""What a run was made with; nothing that names a machine, a person or a path."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Any

_PACKAGES = ("autosample", "torch", "numpy", "numba", "scipy", "polars", "safetensors")


def describe(threads: int) -> dict[str, Any]:
    """Versions, platform and number of threads, ready for JSON."""
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        **{name: version(name) for name in _PACKAGES},
        "threads": threads,
    }


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What changed, for people; the number of threads does not change results."""
    names = sorted((before.keys() | now.keys()) - {"threads"})
    return [
        f"{name} was {before.get(name)}, is {now.get(name)}"
        for name in names
        if before.get(name) != now.get(name)
    ]
