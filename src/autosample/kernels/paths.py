"""Which path a kernel takes: compiled, or its torch twin.

Twins run for tensors that are elsewhere than on the CPU, and for all where the environment
variable ``AUTOSAMPLE_KERNELS`` is ``torch``. Results then differ in the last digits and nothing is
compiled: for comparison, and to tell a wrong kernel from a wrong idea.
"""

from __future__ import annotations

import os
from functools import cache

from torch import Tensor

from autosample.errors import SettingsError

VARIABLE = "AUTOSAMPLE_KERNELS"
CHOICES = ("numba", "torch")


def compiled(tensor: Tensor | None = None) -> bool:
    """Whether work on ``tensor`` is for a compiled kernel.

    Raises:
        SettingsError: AS215 when the variable names no path.
    """
    return (tensor is None or tensor.device.type == "cpu") and chosen() == "numba"


@cache
def chosen() -> str:
    """The path on the CPU; the variable is read once."""
    name = os.environ.get(VARIABLE, CHOICES[0])
    if name not in CHOICES:
        raise SettingsError(
            "AS215",
            f"{VARIABLE} must be {' or '.join(CHOICES)}, got {name!r}.",
            "Leave it unset for compiled kernels.",
        )
    return name
