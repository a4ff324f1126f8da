"""Memory of large tables that is used again, step after step.

Memory that is new to a process costs more than writing it: the system clears it page by page. A
table of a graph model is as large as the model and lives for one step.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from autosample.kernels.paths import compiled

_UNUSED = 2  # references to an array that nobody has: the list's and that of the question


class Buffers:
    """Tables, each given out again once no tensor refers to its memory.

    Those of compiled kernels are, float32 on the CPU; torch keeps the memory of other devices.
    """

    def __init__(self) -> None:
        self._arrays: list[npt.NDArray[np.float32]] = []

    def empty(self, like: Tensor, *sizes: int) -> Tensor:
        """A table of any content, where ``like`` is and of its type.

        Args:
            like: Gives device and type.
            sizes: Shape, that of ``like`` if left out.
        """
        shape, arrays = sizes or tuple(like.shape), self._arrays
        if not compiled(like) or like.dtype != torch.float32:
            return like.new_empty(shape)
        for number in range(len(arrays)):
            if arrays[number].shape == shape and sys.getrefcount(arrays[number]) == _UNUSED:
                return torch.from_numpy(arrays[number])
        arrays.append(torch.empty(shape).numpy())
        return torch.from_numpy(arrays[-1])

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy has memory of its own, and nothing of any content is saved with a model."""
        return Buffers, ()
