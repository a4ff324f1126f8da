"""Small events for the tests of the data layer."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from autosample.data.dataset import Dataset
from autosample.data.events import Events
from autosample.data.split import Split


def make_events(pairs: Iterable[tuple[object, ...]], *more: str) -> Events:
    """Events of (user, item, ...) rows; ``more`` names the columns after the second."""
    rows = [(str(user), str(item), *rest) for user, item, *rest in pairs]
    kinds = {"rating": pl.Float64, "time": pl.Int64}
    schema = {"user": pl.String, "item": pl.String} | {name: kinds[name] for name in more}
    return Events(pl.DataFrame(rows, schema=schema, orient="row", strict=False))


def pairs_of(events: Events) -> list[tuple[str, str]]:
    """(user, item) of every row."""
    return events.frame.select("user", "item").rows()


def codes(holder: Events | Split | Dataset) -> dict[str, int]:
    """Counts of the notes by code, added up."""
    found: dict[str, int] = {}
    for note in holder.notes:
        found[note.code] = found.get(note.code, 0) + note.count
    return found
