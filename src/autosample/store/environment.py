"""What a run was made with; nothing that names a machine, a person or a path."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import autosample
from autosample.kernels import device

_PACKAGES = ("autosample", "torch", "numpy", "numba", "scipy", "polars", "safetensors")


def describe(threads: int, trains_on: str = device.CPU) -> dict[str, Any]:
    """Versions, code, platform, number of threads and the device, ready for JSON."""
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        **{name: version(name) for name in _PACKAGES},
        "code": code(),
        "threads": threads,
        "device": device.described(trains_on),
    }


@cache
def code() -> str:
    """Digest of the package's source: states of one version differ. Cost: some milliseconds."""
    digest, home = hashlib.sha256(), Path(autosample.__file__).parent
    for path in sorted(home.rglob("*.py")):
        digest.update(path.relative_to(home).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What changed, for people; the number of threads does not change results."""
    names = sorted((before.keys() | now.keys()) - {"threads"})
    return [
        f"{name} was {before.get(name)}, is {now.get(name)}"
        for name in names
        if before.get(name) != now.get(name)
    ]
