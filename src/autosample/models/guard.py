"""Between a model and training: what a model raises or returns wrongly is refused by its name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torch import Tensor

from autosample.errors import AutosampleError, TrainingError

_FIX = "`autosample.testing.check_model` runs the whole contract."


@contextmanager
def named(model: str, task: str) -> Iterator[None]:
    """Refuse what a model raises at a task by its name.

    Raises:
        TrainingError: AS406 when it is no error of this package and no lack of memory.
    """
    try:
        yield
    except (AutosampleError, MemoryError):
        raise
    except Exception as cause:
        if "memory" in str(cause).lower():  # torch has no class for it on a CPU
            raise
        raise TrainingError(
            "AS406",
            f"The model {model} must {task} and raised {type(cause).__name__}: {cause}.",
            _FIX,
        ) from cause


def check_layers(model: str, layers: Sequence[Tensor], n_layers: int, n_rows: int) -> None:
    """Refuse layers that samplers and kernels, which check no bounds, would read beyond.

    Raises:
        TrainingError: AS406 when they are not ``n_layers`` tables of ``n_rows`` rows and of one
            width.
    """
    shapes = [tuple(layer.shape) for layer in layers]
    fits = all(len(s) == 2 and s == (n_rows, shapes[0][-1]) for s in shapes)
    if len(shapes) != n_layers or not fits:
        shown = ", ".join(map(str, shapes[:4]))
        raise TrainingError(
            "AS406",
            f"The model {model} must return {n_layers} tables of {n_rows} rows and one width as "
            f"layers, got {len(shapes)}: {shown}.",
            _FIX,
        )
