"""The command that lists runs. It reads files as they are and loads nothing heavy."""

from __future__ import annotations

import json as jsonlib
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from autosample.cli import output
from autosample.cli.options import Json

try:
    import fcntl
except ImportError:  # pragma: no cover  only where there is no such call
    fcntl = None  # type: ignore[assignment]

_COLUMNS = ("run", "state", "checkpoint", "data", "model", "strategy", "metric", "test", "cost")


def runs(
    folder: Annotated[
        Path, typer.Argument(help="Where the runs are.", metavar="FOLDER", exists=False)
    ] = Path("runs"),
    json: Json = False,
) -> None:
    """List the runs below a folder: their state, what they were asked and what they found.

    A run is finished, running, unfinished (to go on with by `autosample resume`), or damaged. The
    cost is in trainings of the run's number of epochs.
    """
    rows = [_one_run(path.parent) for path in sorted(folder.glob("*/manifest.json"))]
    if json:
        output.print_json({"rows": rows})
        return
    if not rows:
        output.say(f"There are no runs in {folder}.")
        return
    shown = [{**row, "checkpoint": _age(row["checkpoint"])} for row in rows]
    cells = [["" if row[name] is None else row[name] for name in _COLUMNS] for row in shown]
    output.print_table(_COLUMNS, cells)


def _one_run(path: Path) -> dict[str, Any]:
    """A run's row; None for what is not known."""
    row: dict[str, Any] = {**dict.fromkeys(_COLUMNS), "run": str(path), "state": "damaged"}
    try:
        listed = jsonlib.loads((path / "manifest.json").read_text("utf-8"))["sha256"]
        settings, data = (_read(path / name) for name in ("settings.json", "data.json"))
        row |= {name: settings[name] for name in ("model", "strategy", "metric")}
        pairs = data["train"] + data["valid"] + data["test"]
        row["data"] = f"{data['users']} users, {data['items']} items, {pairs} pairs"
        if "result.json" in listed:
            result = _read(path / "result.json")
            value = result["metrics"].get(settings["metric"])
            row["test"] = None if value is None else round(value, 4)
            return {**row, "state": "finished", "cost": round(result["trainings"], 1)}
        times = [one.stat().st_mtime for one in path.glob("checkpoints/checkpoint-*.json")]
        row["checkpoint"] = max(0, round(time.time() - max(times))) if times else None
        return {**row, "state": "running" if _locked(path / "lock") else "unfinished"}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return row


def _read(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = jsonlib.loads(path.read_text("utf-8"))
    return read


def _locked(path: Path) -> bool:
    """Whether a process works in the run's folder."""
    if fcntl is None or not path.exists():
        return False
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
    return False


def _age(seconds: int | None) -> str | None:
    """How long ago, in words."""
    if seconds is None:
        return None
    for name, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {name} ago"
    return f"{seconds} s ago"
