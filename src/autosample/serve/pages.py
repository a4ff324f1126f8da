"""Read-only pages over a folder of runs, rendered here and refreshed by the browser."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from autosample import status
from autosample.errors import SettingsError
from autosample.report import words, write_report
from autosample.report.figures import schedule_figure
from autosample.report.learning import own_figures
from autosample.report.numbers import MISSING, duration, metric_name, plural, score
from autosample.report.page import templates
from autosample.report.story import choices
from autosample.serve.faults import LOOPBACK, Gate, install
from autosample.serve.live import Live, look, rivals
from autosample.serve.model import revision_of
from autosample.status import comparisons_below, runs_below
from autosample.store import RunFolder
from autosample.store.manifest import LARGE

_REFRESH, _SELDOM = 5, 30  # seconds, where something moves and where a run may begin
_LATEST = 20  # decisions shown
_MOST = 12  # other runs in a report
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


def make_pages(folder: Path, *, hosts: Container[str] | None = LOOPBACK) -> FastAPI:
    """The application: a page with all runs, one for each, and the reports of those that are over.

    A comparison has the same pages for its own runs, and shows the page it has written.
    Names in addresses are looked up among what is there; none becomes a path.

    Args:
        folder: Folder of runs, or of one.
        hosts: Names under which it is asked; None: any.
    """
    app = FastAPI(title="autosample", openapi_url=None)
    install(app)
    app.add_middleware(Gate, most=0, hosts=hosts)
    pages = templates("serve", "report")

    def show(template: str, **content: Any) -> HTMLResponse:
        html = pages.get_template(template).render(content)
        return HTMLResponse(html.encode("utf-8", "replace"), headers=_HEADERS)

    def shelf(comparison: str | None) -> Path:
        """The folder whose runs are meant."""
        return folder if comparison is None else _named(comparison, comparisons_below(folder))

    @app.get("/")
    @app.get("/compare/{comparison}/")
    def every(comparison: str | None = None) -> HTMLResponse:
        place = shelf(comparison)
        runs = [look(*run) for run in runs_below(place).items()]
        compared = status.is_comparison(place)
        if compared:  # folders are named by hashes there
            runs.sort(key=lambda run: (run.label, run.settings.seed))
        rows = [_row(run, runs, compared) for run in runs]
        rows += [_comparison(*one) for one in comparisons_below(place).items()]
        moving = not rows or any(row["state"] == "running" for row in rows)
        return show(
            "runs.html.j2",
            title=comparison or "Runs",
            rows=rows,
            inside=comparison is not None,
            says=status.verdict(place),
            page=(place / _PAGE).is_file(),
            refresh=_REFRESH if moving else _SELDOM,
        )

    @app.get("/compared")
    @app.get("/compare/{comparison}/compared")
    def compared(comparison: str | None = None) -> HTMLResponse:
        page = shelf(comparison) / _PAGE
        if not page.is_file():
            raise SettingsError("AS296", "This comparison has no page yet.", "See its runs.")
        return HTMLResponse(page.read_bytes(), headers=_HEADERS)

    @app.get("/run/{name}")
    @app.get("/compare/{comparison}/run/{name}")
    def one(name: str, comparison: str | None = None) -> HTMLResponse:
        runs = runs_below(shelf(comparison))
        run = look(name, _named(name, runs))
        refresh = _REFRESH if run.state in ("running", "unfinished") else 0
        others = _rivals(runs, run) if run.tested else {}
        content = {**_content(run), "rivals": plural(len(others), "other run") if others else ""}
        title = run.name if comparison is None else run.title
        path = shlex.quote(str(runs[name]))
        kept = _is_kept(runs[name])
        return show("run.html.j2", title=title, refresh=refresh, path=path, kept=kept, **content)

    @app.get("/run/{name}/report")
    @app.get("/compare/{comparison}/run/{name}/report")
    def report(name: str, comparison: str | None = None) -> HTMLResponse:
        runs = runs_below(shelf(comparison))
        path = _named(name, runs)
        run, revision = look(name, path), revision_of(path)
        others = _rivals(runs, run) if run.tested else {}
        against = tuple((label, one, revision_of(one)) for label, one in others.items())
        return HTMLResponse(_report(run.label, path, revision, against), headers=_HEADERS)

    return app


_ROW: dict[str, Any] = {"best": False, "says": None, "cells": []}
_PAGE = "compare.html"  # that a comparison has written


def _named(name: str, there: Mapping[str, Path]) -> Path:
    """The folder of a name.

    Raises:
        SettingsError: AS296 for a name that is not there.
    """
    if name not in there:
        raise SettingsError("AS296", "There is no run of this name.", "See the list.", [name])
    return there[name]


def _is_kept(path: Path) -> bool:
    """Whether a run that is over has what a report needs; a bench drops it."""
    return all((path / name).is_file() for name in LARGE)


def _rivals(paths: Mapping[str, Path], run: Live) -> dict[str, Path]:
    """Folders of the best other runs on the same test, by what they are called beside this one."""
    found = rivals(run, (look(*other) for other in paths.items() if _is_kept(other[1])))
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
            command=shlex.join(["autosample", "repeat", str(path)]),
        )
        return page.read_bytes()


def _row(run: Live, runs: Sequence[Live], compared: bool) -> dict[str, Any]:
    """A run's line in the list, and whether it is the best of those that were tested alike."""
    title = run.title if compared else run.name
    row = {**_ROW, "kind": "run", "name": run.name, "title": title, "state": run.state}
    if run.state == "damaged":
        return {**row, "title": run.name}
    others = rivals(run, runs)
    best = run.tested and others and all(run.value > one.value for one in others)
    settings = run.settings
    cells = [
        ("Model", settings.model),
        ("Search", settings.strategy),
        (metric_name(settings.metric), _value(run)),
        ("Schedule", _in_words(run)),
        ("Cost", words.trainings(run.trainings)),
        ("Last record", f"{duration(run.seconds)} ago"),
    ]
    return {**row, "best": best, "cells": cells}


def _comparison(name: str, path: Path) -> dict[str, Any]:
    """A comparison's line in the list."""
    runs = [look(*run) for run in runs_below(path).items()]
    tested = [run.value for run in runs if run.tested]
    alike = {(run.data, run.settings.metric) for run in runs} if tested else set()
    waiting = status.not_begun(path)
    state = status.together([run.state for run in runs], waiting)
    over = sum(run.state == "finished" for run in runs)
    cells = [("Runs", f"{over} of {len(runs) + waiting} finished")]
    if len(alike) == 1:
        cells.append((f"Best {metric_name(runs[0].settings.metric)}", score(max(tested))))
    cells.append(("Cost", words.trainings(sum(run.trainings for run in runs))))
    says = status.verdict(path) if state == "finished" else None
    row = {**_ROW, "kind": "compare", "name": name, "title": name, "state": state}
    return {**row, "says": says, "cells": cells}


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
