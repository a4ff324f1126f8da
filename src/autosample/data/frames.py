"""Tables in memory: only the wanted columns, with exact integers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from autosample.data.tables import check_columns
from autosample.errors import DataError

Roles = Mapping[str, str]


def frame_columns(source: Any, roles: Roles) -> dict[str, pl.Series]:
    """Columns of a Polars or pandas frame, a Hugging Face dataset, or of anything Arrow, by role.

    Args:
        source: The table.
        roles: Role (user, item, rating, time) to column name.

    Raises:
        DataError: AS104 column missing, AS108 not a table, AS109 a column of mixed types.
    """
    if isinstance(source, pl.LazyFrame):
        check_columns(list(roles.values()), source.collect_schema().names(), "The frame")
        source = source.select(roles.values()).collect()
    elif type(source).__module__.partition(".")[0] == "pandas":
        return _pandas_columns(source, roles)
    elif hasattr(source, "with_format") and hasattr(source, "column_names"):
        source = pl.DataFrame(source.with_format("arrow")[:])  # a Hugging Face dataset
    elif not isinstance(source, pl.DataFrame):
        if not hasattr(source, "__arrow_c_stream__"):
            raise _no_table(source)
        source = pl.DataFrame(source)
    check_columns(list(roles.values()), source.columns, "The frame")
    return {role: source[name] for role, name in roles.items()}


def _no_table(source: Any) -> DataError:
    return DataError(
        "AS108",
        f"Cannot read interactions from {type(source).__name__}.",
        "Give a path, a Polars or pandas frame, or a scipy sparse matrix.",
    )


def _pandas_columns(source: Any, roles: Roles) -> dict[str, pl.Series]:
    if not hasattr(source, "columns"):  # a series, or rows by group
        raise _no_table(source)
    names = [str(name) for name in source.columns]
    check_columns(list(roles.values()), names, "The frame")
    return {
        role: _pandas_column(source.iloc[:, names.index(name)], name)
        for role, name in roles.items()
    }


def _pandas_column(column: Any, name: str) -> pl.Series:
    """A pandas column: plain numbers and dates at once, all else value by value."""
    if getattr(column.dtype, "tz", None) is not None:
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iuf":
        return pl.Series(name, column.to_numpy())
    if isinstance(column.dtype, np.dtype) and column.dtype.kind == "M":
        return pl.Series(name, column.to_numpy().astype("datetime64[us]"))
    values = column.astype(object).where(column.notna(), None).tolist()
    return object_column(values, name)


def object_column(values: list[Any], name: str) -> pl.Series:
    """A column of Python values that must be of one type; whole numbers become exact text.

    Raises:
        DataError: AS109 with the first two rows of different types.
    """
    plain = [value.item() if isinstance(value, np.generic) else value for value in values]
    kinds: dict[type, int] = {}
    for row, value in enumerate(plain):
        if value is not None:
            kinds.setdefault(type(value), row)
    if len(kinds) > 1:
        rows = list(kinds.values())[:2]
        raise DataError(
            "AS109",
            f"The column {name!r} mixes {' and '.join(kind.__name__ for kind in kinds)}.",
            "Convert it to one type.",
            [f"row {row + 1}: {plain[row]!r}" for row in rows],
        )
    if int in kinds:
        return pl.Series(name, [value if value is None else str(value) for value in plain])
    return pl.Series(name, plain)
