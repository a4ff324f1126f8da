"""Commands for many runs at once: bench plan, work, status, results."""

from __future__ import annotations

import contextlib
import shlex
import signal
import time as clock
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from autosample.cli import output
from autosample.cli.options import Json
from autosample.cli.reading import Reading
from autosample.cli.spread import spread

if TYPE_CHECKING:
    from autosample.bench.table import Row

app = typer.Typer(
    help="Compare strategies over datasets, models and seeds, with several workers.",
    no_args_is_help=True,
)

Folder = Annotated[Path, typer.Argument(help="Folder of the bench.", metavar="FOLDER")]
Folders = Annotated[
    list[Path], typer.Argument(help="Folders of benches; results are joined.", metavar="FOLDER...")
]


@app.command(epilog="Example: autosample bench plan bench --data lastfm --data gowalla --model mf")
@spread
def plan(
    context: typer.Context,
    folder: Folder,
    data: Annotated[
        list[Path],
        typer.Option(
            help="Folder with train.*, test.* and perhaps valid.*, or file of events; repeatable."
        ),
    ],
    reading: Reading,
    model: Annotated[
        list[str] | None,
        typer.Option(help="See `autosample models`; repeatable.", show_default="mf"),
    ] = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option(
            help="A strategy, NAME[:setting=value]...; `fixed` is every candidate alone, "
            "`fixed:SAMPLER` one sampler; repeatable.",
            show_default="fixed, adaptive",
        ),
    ] = None,
    candidate: Annotated[
        list[str] | None, typer.Option(help="What strategies choose from; repeatable.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many, from --first-seed on.")] = 3,
    first_seed: Annotated[int, typer.Option(min=0, help="Of split and training.")] = 0,
    device: Annotated[
        str | None,
        typer.Option(
            help="Where training takes place: cpu, cuda, cuda:1 or auto.", show_default="cpu"
        ),
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting of all runs, such as epochs=60; repeatable."),
    ] = None,
    json: Json = False,
) -> None:
    """Add jobs to a bench: every dataset, model, strategy and seed; those it has are left alone."""
    from autosample.bench import JobTable, Source  # noqa: PLC0415
    from autosample.bench import plan as jobs_of  # noqa: PLC0415
    from autosample.bench.jobs import assignments  # noqa: PLC0415
    from autosample.run import chosen_device  # noqa: PLC0415

    jobs = list(
        jobs_of(
            [Source(path, reading.arguments()) for path in data],
            models=model or ["mf"],
            strategies=strategy or ["fixed", "adaptive"],
            seeds=range(first_seed, first_seed + seeds),
            candidates=candidate,
            settings={**assignments(setting or ()), **({"device": device} if device else {})},
        )
    )
    output.say_notes(chosen_device(device, jobs[0].settings))
    table = JobTable(folder, create=True)
    added = table.add(jobs, typed(context))
    if json:
        output.print_json({"planned": len(jobs), "added": added, **table.counts()})
        return
    typer.echo(f"Added {added} of {len(jobs)} jobs; the others were there.")
    typer.echo(f"Start one or more workers with: autosample bench work {shlex.quote(str(folder))}")


@app.command(epilog="Example: autosample bench work bench")
def work(
    folder: Folder,
    threads: Annotated[int, typer.Option(min=1, help="Of this worker.")] = 1,
    lease: Annotated[
        float,
        typer.Option(
            min=1, max=3600, help="Seconds without a sign of life after which a worker is dead."
        ),
    ] = 60.0,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep models, to recommend with; they are large.")
    ] = False,
    retry: Annotated[bool, typer.Option("--retry", help="Try failed jobs again.")] = False,
    json: Json = False,
) -> None:
    """Do jobs until none is left. Any number of workers may run; one that dies is replaced."""
    from autosample.bench import JobTable, Worker  # noqa: PLC0415
    from autosample.kernels.threads import set_threads  # noqa: PLC0415

    set_threads(threads)
    if retry:
        JobTable(folder).retry()
    worker = Worker(folder, lease=lease, keep=keep, watch=watch, show=output.progress)
    with stoppable(f"autosample bench work {shlex.quote(str(folder))}"):
        done = worker.work()
    counts = JobTable(folder).counts()
    if json:
        output.print_json({"did": done, **counts})
    else:
        typer.echo(f"Did {done} jobs; {counts['done']} are done, {counts['failed']} failed.")
    if counts["failed"]:
        output.say(f"See: autosample bench status {shlex.quote(str(folder))}")
        raise typer.Exit(1)


@app.command(epilog="Example: autosample bench status bench")
def status(folder: Folder, json: Json = False) -> None:
    """Say how far a bench is, and what failed."""
    from autosample.bench import JobTable  # noqa: PLC0415

    table = JobTable(folder)
    counts, rows = table.counts(), table.rows()
    errors = [{"job": _name(row), "error": row.error} for row in rows if row.error]
    if json:
        output.print_json({**counts, "errors": errors})
        return
    output.print_table(("state", "jobs"), list(counts.items()))
    for row in rows:
        if row.state == "running":
            typer.echo(f"running: {_name(row)}")
    for each in errors:
        typer.echo(f"{each['job']}: {each['error']}")


@app.command(epilog="Example: autosample bench results bench --out results.json")
def results(
    context: typer.Context,
    folders: Folders,
    out: Annotated[
        Path | None, typer.Option(help="File to write everything to, as JSON.", metavar="FILE")
    ] = None,
    json: Json = False,
) -> None:
    """Compare all runs with the best fixed sampler, cell by cell, and take means over cells."""
    from autosample.bench import gather  # noqa: PLC0415
    from autosample.store.files import replace_json  # noqa: PLC0415

    found = gather(folders, typed(context))
    if out is not None:
        replace_json(out, found)
        output.say(f"{runs_are(len(found['runs']))} in {out}.")
    if missing := len(found["unfinished"]):
        output.say(
            f"{runs_are(missing)} not done; a seed is compared once its fixed samplers are done or "
            "have failed."
        )
    if json:
        output.print_json(found)
    elif out is None:
        _print_tables(found)


@contextlib.contextmanager
def stoppable(again: str) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM put the job back and stop; its run goes on from its checkpoint."""
    asked: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except KeyboardInterrupt:
        output.say(f"Stopped. Go on with: {again}")
        raise typer.Exit(128 + asked[-1]) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _print_tables(found: dict[str, Any]) -> None:
    for cell in found["cells"]:
        seeds = len(cell["seeds"])
        typer.echo(f"{cell['dataset']}, {cell['model']}, {seeds} seed{'s' * (seeds != 1)}")
        print_cell(cell)
        typer.echo("")
    typer.echo("Mean over cells")
    columns = ("strategy", "cells", "gain", "95% interval", "worst", "better", "worse", "trainings")
    output.print_table(columns, [_mean_line(row) for row in found["summary"]])
    typer.echo(
        "gain: over the best fixed sampler by validation. p: paired t-tests over users and over "
        "seeds, Holm-corrected. better, worse: cells with p < .05 over users."
    )


def print_cell(cell: dict[str, Any]) -> None:
    """A row for every sampler and strategy."""
    output.print_table(_head(cell["metric"]), [_line(row) for row in cell["rows"]])


def _head(metric: str) -> tuple[str, ...]:
    return ("label", metric, "gain", "95% over users", "p users", "p seeds", "trainings", "s")


def _line(row: dict[str, Any]) -> tuple[str, ...]:
    users, seeds = row.get("users") or {}, row.get("seeds") or {}
    return (
        row["label"],
        "" if row["test"] is None else f"{row['test']:.4f}",
        _percent(row.get("gain")),
        _interval(users.get("gain_low"), users.get("gain_high")),
        _p(users.get("p_holm")),
        _p(seeds.get("p_holm")),
        f"{row['trainings']:.2f}",
        f"{row['seconds']:.0f}",
    )


def _mean_line(row: dict[str, Any]) -> tuple[object, ...]:
    return (
        row["label"],
        row["cells"],
        _percent(row["gain"]),
        _interval(row["gain_low"], row["gain_high"]),
        _percent(row["worst"]),
        row["significantly_better"],
        row["significantly_worse"],
        f"{row['trainings']:.2f}",
    )


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:+.1%}"


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:+.1%} to {high:+.1%}"


def _p(value: float | None) -> str:
    return "" if value is None else "< .001" if value < 0.001 else f"{value:.3f}"


def runs_are(count: int) -> str:
    """How many of them are, such as over."""
    return "1 run is" if count == 1 else f"{count} runs are"


def typed(context: typer.Context) -> str:
    """The command as it was typed."""
    return shlex.join(["autosample", *(context.obj or [])])


def _name(row: Row) -> str:
    settings = row.job.settings
    return f"{row.job.dataset} {settings.model} {row.job.label} seed {settings.seed}"


def watch(row: Row, what: str) -> None:
    """Say what begins and ends, with the time of day."""
    output.say(f"{clock.strftime('%H:%M:%S')} {_name(row)}: {what}")
