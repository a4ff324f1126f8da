"""Read-only pages over a folder of runs, rendered here and refreshed by the browser."""

from __future__ import annotations

import tempfile
from collections.abc import Container, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from autosample.errors import SettingsError
from autosample.report import write_report
from autosample.report.figures import schedule_figure
from autosample.report.learning import own_figures
from autosample.report.numbers import MISSING, duration, metric_name, plural, score, short
from autosample.report.story import choices
from autosample.serve.faults import LOOPBACK, Gate, install
from autosample.serve.live import Live, look, runs_below
from autosample.serve.model import revision_of
from autosample.store import RunFolder

_REFRESH = 5  # seconds
_LATEST = 20  # decisions shown
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
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
        rows = [_row(run) for run in runs]
        refresh = _REFRESH if moving or not runs else 0
        return show("runs.html.j2", title="Runs", rows=rows, refresh=refresh)

    @app.get("/run/{name}")
    def one(name: str) -> HTMLResponse:
        run = look(name, _path(folder, name))
        refresh = _REFRESH if run.state in ("running", "stopped") else 0
        return show("run.html.j2", title=run.name, refresh=refresh, **_content(run))

    @app.get("/run/{name}/report")
    def report(name: str) -> HTMLResponse:
        path = _path(folder, name)
        return HTMLResponse(_report(path, revision_of(path)), headers=_HEADERS)

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


@lru_cache(maxsize=8)
def _report(path: Path, revision: str) -> bytes:  # noqa: ARG001, RUF100  a part of the key
    """The report of a run that is over."""
    run = RunFolder.open(path)
    dataset = run.dataset()
    with tempfile.TemporaryDirectory() as folder:
        page = write_report(
            run.result(dataset),
            dataset,
            Path(folder) / "report.html",
            environment=run.environment(),
            command=f"autosample repeat {path}",
        )
        return page.read_bytes()


def _row(run: Live) -> dict[str, object]:
    """A run's line in the list."""
    if run.state == "damaged":
        return {"name": run.name, "state": run.state, "cells": []}
    settings = run.settings
    cells = [
        ("Model", settings.model),
        ("Search", settings.strategy),
        (metric_name(settings.metric), _value(run)),
        ("Schedule", _in_words(run.schedule)),
        ("Cost", f"{run.trainings:.1f} trainings"),
        ("Last record", f"{duration(run.seconds)} ago"),
    ]
    return {"name": run.name, "state": run.state, "cells": cells}


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


def _in_words(schedule: Sequence[tuple[str, int]]) -> str:
    """The last samplers of a schedule."""
    told = [f"{short(label, 40)} ({plural(epochs, 'epoch')})" for label, epochs in schedule[-3:]]
    return ("… " if len(schedule) > 3 else "") + ", ".join(told) if told else MISSING
