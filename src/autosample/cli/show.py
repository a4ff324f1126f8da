"""Commands that look something up: samplers, models, report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Annotated

import typer

from autosample.cli import options, output
from autosample.cli.options import Json


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
    run: options.Run,
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
            show_default="report.html in the folder",
            rich_help_panel=options.OUTPUT,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Write what a run found as one HTML page, which needs no network."""
    from autosample.report import write_report  # noqa: PLC0415
    from autosample.store import RunFolder  # noqa: PLC0415

    folder = RunFolder.open(run)
    dataset = folder.dataset()
    page = write_report(
        folder.result(dataset),
        dataset,
        out or run / "report.html",
        environment=folder.environment(),
        against={path.name: RunFolder.open(path).result() for path in against or ()},
        command=f"autosample repeat {run}",
    )
    if json:
        output.print_json({"report": str(page), "bytes": page.stat().st_size})
    else:
        typer.echo(f"Wrote {page}")


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
