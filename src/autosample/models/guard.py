"""Between a model and training: what a model raises or returns wrongly is refused by its name."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

from torch import Tensor

from autosample import errors
from autosample.errors import TrainingError

_FIX = "`autosample.testing.check_model` runs the whole contract."


def named(model: str, task: str) -> AbstractContextManager[None]:
    """Refuse what a model raises at a task by its name.

    Raises:
        TrainingError: AS406 when it is no error of this package and no lack of memory.
    """
    return errors.named(TrainingError, "AS406", lambda: f"The model {model}", task, _FIX)


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
