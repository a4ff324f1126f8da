"""Data as LensKit has it."""

from __future__ import annotations

from typing import Any

from autosample.data import Dataset, load_dataset
from autosample.errors import DataError

_NAMES = {"user": ("user_id", "user"), "item": ("item_id", "item"), "time": ("timestamp",)}


def from_lenskit(data: Any, **reading: Any) -> Dataset:
    """The dataset of a LensKit ``Dataset``, or of a frame with LensKit's columns.

    Columns are found by LensKit's names: ``user_id`` and ``item_id`` (formerly ``user`` and
    ``item``), ``timestamp``, and ``rating``, which is read when a ``minimum_rating`` is given:
    otherwise every row is a positive.

    Args:
        data: A ``lenskit.data.Dataset`` (anything with its ``interaction_table``), or a frame.
        **reading: Further arguments of :func:`autosample.data.load_dataset`.

    Raises:
        DataError: when the data cannot be used; AS104 without columns, or those of these names.
    """
    if hasattr(data, "interaction_table"):
        data = data.interaction_table(format="pandas", original_ids=True)
    if not hasattr(data, "columns"):
        raise DataError(
            "AS104",
            f"LensKit's data are a Dataset or a frame, got {type(data).__name__}.",
            "Give files and matrices to load_dataset.",
        )
    arrow = getattr(data, "column_names", None)  # whose columns are the data
    columns = [str(name) for name in (data.columns if arrow is None else arrow)]
    for role, names in _NAMES.items():
        if found := [name for name in names if name in columns]:
            reading.setdefault(role, found[0])
    if reading.get("minimum_rating") is not None:
        reading.setdefault("rating", "rating")
    return load_dataset(data, **reading)
