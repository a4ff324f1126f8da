"""Read-only pages over a folder of runs, rendered here and refreshed by the browser."""

from __future__ import annotations

import tempfile
from collections.abc import Container, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from autosample.errors import SettingsError
from autosample.report import words, write_report
from autosample.report.figures import schedule_figure
from autosample.report.learning import own_figures
from autosample.report.numbers import MISSING, duration, metric_name, plural, score
from autosample.report.story import choices
from autosample.serve.faults import LOOPBACK, Gate, install
from autosample.serve.live import Live, look, rivals, runs_below
from autosample.serve.model import revision_of
from autosample.store import RunFolder

_REFRESH = 5  # seconds
_LATEST = 20  # decisions shown
_MOST = 12  # other runs in a report
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


def make_pages(folder: Path, *, hosts: Container[str] | None = LOOPBACK) -> FastAPI:
    """The application: a page with all runs, one for each, and the reports of those that are over.

    Names in addresses are looked up among the runs that are there; none becomes a path.

    Args:
        folder: Folder of runs, or of one.
        hosts: Names under which it is asked; None: any.
    """
    app = FastAPI(title="autosample", openapi_url=None)
    install(app)
    app.add_middleware(Gate, most=0, hosts=hosts)
    pages = Environment(
        loader=ChoiceLoader([PackageLoader(f"autosample.{name}", ".") for name in _PARTS]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def show(template: str, **content: Any) -> HTMLResponse:
        html = pages.get_template(template).render(content)
        return HTMLResponse(html.encode("utf-8", "replace"), headers=_HEADERS)

    @app.get("/")
    def every() -> HTMLResponse:
        runs = [look(*run) for run in runs_below(folder).items()]
        moving = any(run.state == "running" for run in runs)
        rows = [_row(run, runs) for run in runs]
        refresh = _REFRESH if moving or not runs else 0
        return show("runs.html.j2", title="Runs", rows=rows, refresh=refresh)

    @app.get("/run/{name}")
    def one(name: str) -> HTMLResponse:
        run = look(name, _path(folder, name))
        refresh = _REFRESH if run.state in ("running", "stopped") else 0
        others = _rivals(folder, run) if run.tested else {}
        content = {**_content(run), "rivals": plural(len(others), "other run") if others else ""}
        return show("run.html.j2", title=run.name, refresh=refresh, **content)

    @app.get("/run/{name}/report")
    def report(name: str) -> HTMLResponse:
        path = _path(folder, name)
        run, revision = look(name, path), revision_of(path)
        others = _rivals(folder, run) if run.tested else {}
        against = tuple((label, one, revision_of(one)) for label, one in others.items())
        return HTMLResponse(_report(run.label, path, revision, against), headers=_HEADERS)

    return app


_PARTS = ("serve", "report")  # packages whose templates the pages are made of


def _path(folder: Path, name: str) -> Path:
    """The folder of a run that is there.

    Raises:
        SettingsError: AS296 for any other name.
    """
    runs = runs_below(folder)
    if name not in runs:
        raise SettingsError("AS296", "There is no run of this name.", "See the list.", [name])
    return runs[name]


def _rivals(folder: Path, run: Live) -> dict[str, Path]:
    """Folders of the best other runs on the same test, by what they are called beside this one."""
    paths = runs_below(folder)
    found = rivals(run, (look(*other) for other in paths.items()))
    best = sorted(found, key=lambda one: -one.value)[:_MOST]
    labels = [run.label, *(one.label for one in best)]
    return {
        one.label if labels.count(one.label) == 1 else one.name: paths[one.name] for one in best
    }


@lru_cache(maxsize=8)
def _report(
    label: str,
    path: Path,
    revision: str,  # noqa: ARG001, RUF100  a part of the key, as those of the others
    against: tuple[tuple[str, Path, str], ...],
) -> bytes:
    """The report of a run that is over, beside others."""
    run = RunFolder.open(path)
    dataset = run.dataset()
    others = {
        name: replace(RunFolder.open(other).result(dataset), state={}) for name, other, _ in against
    }
    with tempfile.TemporaryDirectory() as folder:
        page = write_report(
            run.result(dataset),
            dataset,
            Path(folder) / "report.html",
            name=label,
            environment=run.environment(),
            against=others,
            command=f"autosample repeat {path}",
        )
        return page.read_bytes()


def _row(run: Live, runs: Sequence[Live]) -> dict[str, object]:
    """A run's line in the list, and whether it is the best of those that were tested alike."""
    row = {"name": run.name, "state": run.state, "best": False, "cells": []}
    if run.state == "damaged":
        return row
    others = rivals(run, runs)
    best = run.tested and others and all(run.value > one.value for one in others)
    settings = run.settings
    cells = [
        ("Model", settings.model),
        ("Search", settings.strategy),
        (metric_name(settings.metric), _value(run)),
        ("Schedule", _in_words(run)),
        ("Cost", f"{run.trainings:.1f} trainings"),
        ("Last record", f"{duration(run.seconds)} ago"),
    ]
    return {**row, "best": best, "cells": cells}


def _content(run: Live) -> dict[str, object]:
    """What the page of a run shows."""
    if run.state == "damaged":
        return {"run": run, "tiles": [], "figures": [], "decisions": []}
    name, settings = metric_name(run.settings.metric), run.settings
    tiles = [
        (score(run.value), name, "on test users" if run.tested else "best on validation users"),
        (f"{run.trainings:.1f}", "trainings", f"the work of {settings.epochs} epochs each"),
        (str(run.epochs), "epochs trained", "all copies together"),
        (duration(run.seconds), "since the last record", run.state),
    ]
    drawn = [schedule_figure(run), *own_figures(run)] if run.history else []
    latest = choices(run.history)[: -_LATEST - 1 : -1]
    return {"run": run, "tiles": tiles, "figures": drawn, "decisions": latest}


def _value(run: Live) -> str:
    shown = score(run.value)
    return shown if run.tested or shown == MISSING else f"{shown} (validation)"


def _in_words(run: Live) -> str:
    """A schedule in a few words."""
    if not run.schedule:
        return MISSING
    return words.winner(run).removeprefix("Found: ").removesuffix(".")
