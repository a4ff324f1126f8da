"""Results of one or several benches as JSON."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Container, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from autosample.bench.cells import compare_cells, place_of
from autosample.bench.runs import Run
from autosample.bench.table import JobTable, Row
from autosample.bench.work import run_path


@dataclass(frozen=True)
class Found:
    """What one or several benches found, as their tables were at one moment.

    Attributes:
        runs: Every run that is done, once, in the order of the tables.
        left: Every other job.
        commands: What was typed to plan them.
    """

    runs: Sequence[Run]
    left: Sequence[Row]
    commands: Sequence[str]

    @property
    def compared(self) -> list[Run]:
        """The runs of seeds whose fixed samplers are all over: the best is not known before."""
        open_places = {
            place_of(row.job)
            for row in self.left
            if row.state != "failed" and row.job.settings.strategy == "fixed"
        }
        return [run for run in self.runs if place_of(run) not in open_places]

    def as_dict(self, command: str | None = None) -> dict[str, Any]:
        """Everything, ready for JSON; see :func:`gather`."""
        return {
            "version": version("autosample"),
            "commands": [*self.commands, *([command] if command else [])],
            "environments": _environments(self.runs),
            **compare_cells(self.compared),
            "runs": [run.as_dict() for run in self.runs],
            "unfinished": [_unfinished(row) for row in self.left],
        }


def look(folders: Sequence[Path], *, keys: Container[str] | None = None) -> Found:
    """What benches found so far.

    Args:
        folders: Of benches; a run that several have counts once.
        keys: Of the jobs that count; None: all.
    """
    jobs = [(f, row) for f, row in _jobs(folders) if keys is None or row.key in keys]
    found = [(row, _run(folder, row)) for folder, row in jobs]
    commands = dict.fromkeys(text for folder in folders for text in _commands(folder))
    return Found(
        [run for _, run in found if run is not None],
        [row for row, run in found if run is None],
        list(commands),
    )


def gather(folders: Sequence[Path], command: str | None = None) -> dict[str, Any]:
    """Everything that one or several benches found, ready for JSON.

    ``runs`` has every finished run with its settings, ``unfinished`` every other job, ``cells`` the
    comparisons within each dataset and model, ``summary`` their means over cells. A seed is
    compared once each of its fixed samplers is over: which of them is best is not known before.

    Args:
        folders: Of benches; a run that several have counts once.
        command: What was typed for this.
    """
    return look(folders).as_dict(command)


def _jobs(folders: Sequence[Path]) -> list[tuple[Path, Row]]:
    """Every job once, with the folder of a table in which it is done if there is one."""
    found: dict[str, tuple[Path, Row]] = {}
    for folder in folders:
        for row in _rows(folder):
            known = found.get(row.key)
            if known is None or (row.state == "done" and known[1].state != "done"):
                found[row.key] = folder, row
    return list(found.values())


def _run(folder: Path, row: Row) -> Run | None:
    """What came of a job; None while it is not done."""
    if row.state != "done" or row.result is None:
        return None
    return Run.of(row.key, row.job, row.result, run_path(folder, row.key))


def _rows(folder: Path) -> list[Row]:
    with contextlib.closing(JobTable(folder)) as table:
        return table.rows()


def _commands(folder: Path) -> list[str]:
    with contextlib.closing(JobTable(folder)) as table:
        return table.commands()


def _environments(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """The distinct environments that runs were made in."""
    texts = dict.fromkeys((run.path / "environment.json").read_text("utf-8") for run in runs)
    return [json.loads(text) for text in texts]


def _unfinished(row: Row) -> dict[str, Any]:
    job = row.job
    return {
        "key": row.key,
        "dataset": job.dataset,
        "model": job.settings.model,
        "label": job.label,
        "seed": job.settings.seed,
        "state": row.state,
        "error": row.error,
    }
