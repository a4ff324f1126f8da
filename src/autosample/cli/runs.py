"""The command that lists runs. It reads files as they are and loads nothing heavy."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from autosample import status
from autosample.cli import output
from autosample.cli.options import Json
from autosample.errors import StoreError

_COLUMNS = (
    *("run", "state", "checkpoint", "data", "model", "strategy", "seed"),
    *("metric", "test", "cost"),
)


def runs(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Where the runs are.", metavar="FOLDER", show_default="runs"),
    ] = None,
    json: Json = False,
) -> None:
    """List the runs below a folder: their state, what they were asked and what they found.

    A run is finished, running, unfinished (to go on with by `autosample resume`), or damaged. The
    cost is in trainings of the run's number of epochs. A comparison is one row, with its best value
    and the cost of all its runs; name its folder to list them.
    """
    place = _place(folder)
    rows = [_row(path) for path in status.runs_below(place).values()]
    rows += [_comparison(path) for path in status.comparisons_below(place).values()]
    if json:
        output.print_json({"rows": rows})
        return
    if not rows:
        output.say(f"There are no runs in {place}.")
        return
    shown = [{**row, "checkpoint": _age(row["checkpoint"])} for row in rows]
    cells = [[_cell(name, row[name]) for name in _COLUMNS] for row in shown]
    output.print_table(_COLUMNS, cells)


def _place(folder: Path | None) -> Path:
    """The folder that was named, which must be there, or the one that runs are made in."""
    if folder is None:
        return Path("runs")
    if not folder.is_dir():
        raise StoreError("AS516", f"There is no folder {folder}.", "Check its name.")
    return folder


def _row(path: Path) -> dict[str, Any]:
    """A run's row; None for what is not known."""
    row: dict[str, Any] = {**dict.fromkeys(_COLUMNS), "run": str(path), "state": "damaged"}
    try:
        run = status.status(path)
        row |= {name: run.settings[name] for name in ("model", "strategy", "seed", "metric")}
        if row["strategy"] == "fixed":
            row["strategy"] = f"fixed:{run.settings['candidates'][0]}"
        pairs = run.data["train"] + run.data["valid"] + run.data["test"]
        row["data"] = f"{run.data['users']} users, {run.data['items']} items, {pairs} pairs"
        if run.state == "finished":
            row["test"], row["cost"] = run.test, run.result["trainings"]
        else:
            row["checkpoint"] = _since_checkpoint(path)
        return {**row, "state": run.state}
    except status.UNREADABLE:
        return row


def _since_checkpoint(path: Path) -> int | None:
    """Seconds since a run's newest checkpoint; None where there is none."""
    times = []
    for one in path.glob("checkpoints/checkpoint-*.json"):
        with contextlib.suppress(FileNotFoundError):  # the run has made a newer one meanwhile
            times.append(one.stat().st_mtime)
    return max(0, round(time.time() - max(times))) if times else None


def _comparison(path: Path) -> dict[str, Any]:
    """One row for all runs of a comparison; what differs between them is left out."""
    rows = [_row(run) for run in status.runs_below(path).values()]
    waiting = status.not_begun(path)
    told = {name: {row[name] for row in rows} for name in ("data", "model", "metric")}
    same = {name: values.pop() for name, values in told.items() if len(values) == 1}
    tests = [row["test"] for row in rows if row["test"] is not None]
    return {
        **dict.fromkeys(_COLUMNS),
        **same,
        "run": str(path),
        "state": status.together([row["state"] for row in rows], waiting),
        "strategy": f"{len(rows)}{f' of {len(rows) + waiting}' if waiting else ''} compared",
        "test": max(tests, default=None) if len(same) == len(told) else None,
        "cost": sum(row["cost"] or 0 for row in rows),
    }


def _age(seconds: int | None) -> str | None:
    """How long ago, in words."""
    if seconds is None:
        return None
    for name, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {name} ago"
    return f"{seconds} s ago"


def _cell(name: str, value: Any) -> str:
    """A value as the table has it."""
    decimals = {"test": ".4f", "cost": ".1f"}.get(name, "")
    return "" if value is None else format(value, decimals)
