"""Commands that look something up: samplers, models, report."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Annotated

import typer

from autosample.cli import options, output
from autosample.cli.compare import beside, write_page_of
from autosample.cli.options import Json
from autosample.status import is_comparison


def samplers(json: Json = False) -> None:
    """List the negative samplers with what they cost; --json adds what they need."""
    from autosample.samplers import sampler_classes  # noqa: PLC0415

    rows = [
        {
            "sampler": name,
            "kind": one.kind,
            "cost": one.cost,
            "needs": ", ".join(sorted(one.needs)),
            "hardness": one.hardness or "",
            "what": _first_line(one),
        }
        for name, one in sampler_classes().items()
    ]
    _print_rows(rows, json, leave_out={"needs", "hardness"})


def models(json: Json = False) -> None:
    """List the models."""
    from autosample.models import model_classes  # noqa: PLC0415

    rows = [
        {"model": name, "lr": one.default_lr, "l2": one.default_l2, "what": _first_line(one)}
        for name, one in model_classes().items()
    ]
    _print_rows(rows, json)


def report(
    run: Annotated[
        Path,
        typer.Argument(help="Folder of a run that is over, or of a comparison.", metavar="RUN"),
    ],
    against: Annotated[
        list[Path] | None,
        typer.Option(
            help="Folder of another run on the same test; repeat it for more. Runs that differ "
            "in their seed alone are shown as one.",
            metavar="RUN",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The file to write.",
            metavar="FILE",
            show_default="report.html in the folder, or compare.html",
            rich_help_panel=options.OUTPUT,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Write what a run or a comparison found as one HTML page, which needs no network."""
    if is_comparison(run):
        page = _report_comparison(run, against or [], out)
    else:
        page = _report_run(run, against or [], out)
    if json:
        output.print_json({"report": str(page), "bytes": page.stat().st_size})
    else:
        typer.echo(f"Wrote {page}")


def _report_run(run: Path, against: Sequence[Path], out: Path | None) -> Path:
    from autosample.report import write_report  # noqa: PLC0415
    from autosample.store import RunFolder  # noqa: PLC0415

    folder = RunFolder.open(run)
    dataset = folder.dataset()
    return write_report(
        folder.result(dataset),
        dataset,
        out or run / "report.html",
        environment=folder.environment(),
        against={name: beside(path, dataset) for name, path in _named(against).items()},
        command=shlex.join(["autosample", "repeat", str(run)]),
    )


def _named(folders: Sequence[Path]) -> dict[str, Path]:
    """Folders by their names, those that share one by their paths."""
    names = [path.absolute().name for path in folders]
    return {
        name if names.count(name) == 1 else str(path): path
        for name, path in zip(names, folders, strict=True)
    }


def _report_comparison(folder: Path, against: Sequence[Path], out: Path | None) -> Path:
    from autosample.errors import SettingsError  # noqa: PLC0415

    if against:
        raise SettingsError(
            "AS208",
            f"{folder} is a comparison already, and takes no --against.",
            "Leave it out, or report on one of the runs in it.",
        )
    return write_page_of(folder, out or folder / "compare.html")


def _first_line(thing: object) -> str:
    return (thing.__doc__ or "").strip().splitlines()[0].replace("``", "")


def _print_rows(
    rows: Sequence[Mapping[str, object]], json: bool, leave_out: Set[str] = frozenset()
) -> None:
    if json:
        output.print_json({"rows": rows})
    elif rows:
        names = [name for name in rows[0] if name not in leave_out]
        output.print_table(names, [[row[name] for name in names] for row in rows])
