"""Tables as users' own frames."""

from __future__ import annotations

from typing import Any, Literal, get_args

import polars as pl

from autosample.errors import SettingsError
from autosample.extras import require

FrameKind = Literal["polars", "pandas", "arrow"]


def as_frame(table: pl.DataFrame, kind: FrameKind) -> Any:
    """A Polars frame as it is, as a pandas frame or as a pyarrow table.

    Raises:
        SettingsError: AS281 for another kind, AS270 when its package is not installed.
    """
    if kind not in get_args(FrameKind):
        raise SettingsError(
            "AS281",
            f"A frame is one of {', '.join(get_args(FrameKind))}, got {kind!r}.",
            "Polars frames can be turned into others by narwhals.",
        )
    if kind == "pandas":
        require("frames", "pandas", "pyarrow")
        return table.to_pandas()
    if kind == "arrow":
        require("frames", "pyarrow")
        return table.to_arrow()
    return table
