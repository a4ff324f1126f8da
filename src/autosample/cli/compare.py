"""One command for a comparison: samplers and strategies on one dataset, with several seeds."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autosample.cli import options, output
from autosample.cli.bench import print_cell, runs_are, stoppable, typed, watch
from autosample.cli.options import Json
from autosample.cli.reading import Reading
from autosample.cli.spread import spread
from autosample.cli.training import LengthOptions, ModelOptions, given

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autosample.bench.runs import Run
    from autosample.data import Dataset
    from autosample.run import RunResult


@spread
def compare(
    context: typer.Context,
    events: options.Events,
    reading: Reading,
    model: ModelOptions,
    *,
    sampler: Annotated[
        list[str] | None,
        typer.Option(
            help="Trained alone, and what strategies choose from; repeat it for more.",
            metavar="SAMPLER",
            show_default="dns:pool=1, 4, 16, 64 and mixgcf:pool=16",
            rich_help_panel=options.SEARCH,
        ),
    ] = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option(
            help="With budget or retrain of its own if wanted: tpe:budget=2; repeat it for more.",
            metavar="NAME",
            show_default="adaptive",
            rich_help_panel=options.SEARCH,
        ),
    ] = None,
    seeds: Annotated[
        int,
        typer.Option(min=1, help="Trainings of each.", metavar="N", rich_help_panel=options.SEARCH),
    ] = 3,
    length: LengthOptions,
    seed: options.Seed = 0,
    threads: options.Threads = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder; the same command goes on with what is in it.",
            metavar="FOLDER",
            show_default="runs/compare-NAME",
            rich_help_panel=options.OUTPUT,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Compare samplers and strategies on EVENTS: who wins, by how much, at what cost.

    All are tested on the same users. Cut off, the same command goes on where it was.
    """
    from autosample.bench import JobTable, Source, Worker  # noqa: PLC0415
    from autosample.bench import plan as jobs_of  # noqa: PLC0415
    from autosample.bench.cells import place_of  # noqa: PLC0415
    from autosample.errors import SettingsError  # noqa: PLC0415
    from autosample.kernels.threads import set_threads  # noqa: PLC0415
    from autosample.run import chosen_device  # noqa: PLC0415

    if threads is not None:
        set_threads(threads)
    settings = given(model, length)
    source = Source(events, {**reading.arguments(), "seed": seed})
    jobs = list(
        jobs_of(
            [source],
            models=[settings.pop("model", "mf")],
            strategies=["fixed", *(strategy or ["adaptive"])],
            seeds=range(seed, seed + seeds),
            candidates=sampler,
            settings=settings,
        )
    )
    if len({place_of(job)[:2] for job in jobs}) > 1:
        raise SettingsError(
            "AS209",
            f"Strategies that are compared differ in budget and retrain at most, got "
            f"{', '.join(strategy or ())}.",
            "Give other settings to all, as in --patience 5, or use `autosample bench`.",
        )
    output.say_notes(chosen_device(model.device, jobs[0].settings))
    folder = out or Path("runs") / f"compare-{source.name}"
    command = typed(context)
    JobTable(folder, create=True).add(jobs, command)
    output.say(f"Running in {folder}.")
    with stoppable(command):
        Worker(folder, keep=True, watch=watch, show=output.progress).work()
    _tell(folder, [job.key for job in jobs], command, json)


def _tell(folder: Path, keys: Sequence[str], command: str, json: bool) -> None:
    """Write the page and the JSON; print the table and the sentence."""
    from autosample.bench.results import look  # noqa: PLC0415
    from autosample.bench.verdict import verdict, winner  # noqa: PLC0415
    from autosample.store.files import replace_json  # noqa: PLC0415

    seen = look([folder], keys=keys)
    found = seen.as_dict()
    if found["unfinished"]:
        for row in found["unfinished"]:
            output.say(f"{row['label']}, seed {row['seed']}: {row['state']}, {row['error']}")
        if json:
            output.print_json({"folder": str(folder), **found})
        raise typer.Exit(1)
    (cell,) = found["cells"]
    says = verdict(cell)
    found = {"says": says, **found}
    replace_json(folder / "compare.json", found)
    page = write_page(winner(cell), seen.runs, folder / "compare.html", command)
    if json:
        output.print_json({"folder": str(folder), "page": str(page), **found})
        return
    print_cell(cell)
    typer.echo(says)
    typer.echo(f"See {page}; numbers are in {folder / 'compare.json'}.")
    typer.echo(
        "gain, p: against the best sampler alone by validation, p adjusted (Holm) for these "
        "comparisons. The page compares the winner with each other, and adjusts p for those."
    )


def write_page_of(folder: Path, path: Path) -> Path:
    """The page of a comparison that was made before, with the runs of it that can be compared.

    Raises:
        StoreError: AS509 when there are none, AS533 when there is more than one comparison.
    """
    from autosample.bench.cells import compare_cells  # noqa: PLC0415
    from autosample.bench.results import look  # noqa: PLC0415
    from autosample.bench.verdict import winner  # noqa: PLC0415
    from autosample.errors import StoreError  # noqa: PLC0415

    seen = look([folder])
    commands = [f"autosample bench work {shlex.quote(str(folder))}", *seen.commands]
    runs, again = seen.compared, commands[-1]  # jobs that were added by Python have none
    if not runs:
        raise StoreError(
            "AS509", f"No seed of {folder} has all its fixed samplers.", f"Go on with: {again}"
        )
    cells = compare_cells(runs)["cells"]
    if len(cells) > 1:
        told = [{"dataset": cell["dataset"], **cell["settings"]} for cell in cells]
        differ = [name for name in told[0] if any(one[name] != told[0][name] for one in told)]
        raise StoreError(
            "AS533",
            f"One page shows one comparison, and {folder} has {len(cells)}.",
            f"Look at them with `autosample bench results {shlex.quote(str(folder))}`, or report "
            "on one of its runs.",
            [", ".join(f"{name} {one[name]}" for name in differ) for one in told],
        )
    if left := len(seen.runs) + len(seen.left) - len(runs):
        output.say(f"{runs_are(left)} not over or not compared yet, and left out.")
    return write_page(winner(cells[0]), runs, path, again)


def write_page(label: str, runs: Sequence[Run], path: Path, command: str) -> Path:
    """The report of the first run of a label, against all other runs."""
    from dataclasses import replace  # noqa: PLC0415

    from autosample.report import write_report  # noqa: PLC0415
    from autosample.store import RunFolder  # noqa: PLC0415

    first = next(run for run in runs if run.label == label)
    folder = RunFolder.open(first.path)
    dataset = folder.dataset()
    against = {
        f"{run.label}, seed {run.settings.seed}": replace(
            beside(run.path, dataset, same=run.fingerprint == first.fingerprint), state={}
        )
        for run in runs
        if run is not first
    }
    return write_report(
        folder.result(dataset),
        dataset,
        path,
        title=f"{label} won among {len({run.label for run in runs})} on {first.dataset}",
        name=label,
        environment=folder.environment(),
        against=against,
        command=command,
    )


def beside(path: Path, dataset: Dataset, *, same: bool = False) -> RunResult:
    """The result of another run on the same test, with ranks by the numbers of the dataset.

    Args:
        path: Its folder.
        dataset: Of the run that it is compared with.
        same: It is known to be its own dataset, too, which is not read then.

    Raises:
        DataError: AS145 when the test is another.
    """
    from autosample.report.parties import in_numbers_of  # noqa: PLC0415
    from autosample.store import RunFolder  # noqa: PLC0415

    folder = RunFolder.open(path)
    own = dataset if same else folder.dataset()
    return in_numbers_of(dataset, folder.result(own), own)
