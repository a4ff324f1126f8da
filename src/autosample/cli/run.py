"""Commands that train: demo, run, resume, repeat."""

from __future__ import annotations

import time as clock
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autosample.cli import options, output
from autosample.cli.options import Json, Out, Threads
from autosample.cli.reading import Reading
from autosample.cli.spread import spread
from autosample.cli.training import LengthOptions, ModelOptions, SearchOptions, given

if TYPE_CHECKING:
    from autosample.data import Dataset
    from autosample.settings import Settings
    from autosample.store import RunFolder


def demo(
    seed: options.Seed = 0,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Compare samplers with the search on simulated feedback whose truth is known.

    Takes about a minute and needs no data.
    """
    use_threads(threads)
    from autosample import demo as story  # noqa: PLC0415

    output.say("Simulating who likes what and who saw what.")
    rows = []
    for row in story.compare(seed=seed):
        output.say(f"{row.name}: {row.seconds:.0f} s")
        rows.append(row)
    if json:
        output.print_json({"rows": [row.as_dict() for row in rows], "says": story.sentence(rows)})
        return
    output.print_table(story.COLUMNS, [row.cells() for row in rows])
    typer.echo(story.sentence(rows))


@spread
def start(
    events: options.Events,
    reading: Reading,
    model: ModelOptions,
    search: SearchOptions,
    length: LengthOptions,
    seed: options.Seed = 0,
    threads: Threads = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Find the sampler of EVENTS while the model trains, and keep everything in a folder.

    Ctrl-C stops after a batch and a checkpoint, twice at once; `autosample resume` goes on.
    """
    use_threads(threads)
    from autosample.data import load_dataset  # noqa: PLC0415
    from autosample.run import check, chosen_device  # noqa: PLC0415
    from autosample.settings import Settings  # noqa: PLC0415

    settings = Settings.of(**given(model, search, length), seed=seed)
    check(settings)
    dataset = load_dataset(events, **reading.arguments(), seed=seed)
    output.say_notes([*dataset.notes, *chosen_device(model.device, settings)])
    _go(_new_folder(out, events.stem, dataset, settings), json)


@spread
def resume(
    run: Annotated[Path, typer.Argument(help="Folder of a run that was cut off.", metavar="RUN")],
    model: ModelOptions,
    search: SearchOptions,
    length: LengthOptions,
    threads: Threads = None,
    fork: options.Fork = None,
    json: Json = False,
) -> None:
    """Go on with a run that was cut off; the result is that of an uninterrupted run.

    What is not given here stays as the run began with. Other settings need --fork and a new folder:
    there it goes on from the checkpoint where that changes nothing that lies behind, and else
    starts anew.
    """
    use_threads(threads)
    from autosample.settings import Settings  # noqa: PLC0415
    from autosample.store import RunFolder, changes, refuse  # noqa: PLC0415
    from autosample.store import fork as fork_to  # noqa: PLC0415

    folder = RunFolder.open(run)
    old = folder.settings()
    new = Settings.of(**dict(old) | given(model, search, length))
    if fork is not None:
        folder = fork_to(folder, fork, new)
    else:
        refuse(folder, changes(old, new))
    _go(folder, json)


def repeat(
    run: Annotated[
        Path, typer.Argument(help="Folder of a run, or its result.json.", metavar="RUN")
    ],
    threads: Threads = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Do a run again from its settings and data, and say whether the result is the same."""
    use_threads(threads)
    from autosample.store import RunFolder  # noqa: PLC0415

    old = RunFolder.open(run.parent if run.name == "result.json" else run)
    new = _new_folder(out, old.path.name, old.dataset(), old.settings())
    _go(new, json, old)


def _go(folder: RunFolder, json: bool, old: RunFolder | None = None) -> None:
    """Run in a folder, with a bar, and print what was found, and whether it is as in ``old``."""
    from autosample import memory  # noqa: PLC0415
    from autosample.run import advice  # noqa: PLC0415
    from autosample.store import numbers  # noqa: PLC0415

    settings, dataset = folder.settings(), folder.dataset()
    if folder.finished:
        output.say("This run is over; here is what it found.")
    else:
        output.say(f"Running in {folder.path}.")
        for line in memory.told(settings, dataset):
            output.say(line)
    with output.interruptible(folder.path) as stop, output.progress(settings) as on_progress:
        result = folder.run(dataset, on_progress=on_progress, should_stop=stop)
    output.say_notes([*folder.notes, *advice(settings, dataset, result.history)])
    told: dict[str, object] = {"dataset": dataset.summary()}
    if old is not None and old.finished:
        was = old.result(dataset)
        same = (was.valid_metric, was.metrics) == (result.valid_metric, result.metrics)
        output.say(f"The metrics are {'the same as' if same else 'other than'} in {old.path}.")
        told["same"] = same
    if json:
        summary = {"folder": str(folder.path), **numbers(result, dataset.fingerprint())}
        output.print_json({**summary, **told})
    else:
        output.print_result(result, folder.path)


def use_threads(threads: int | None) -> None:
    """Use so many threads, all cores when none is named, and say when kernels are compiled."""
    from autosample.kernels import announce  # noqa: PLC0415

    announce.on_first_compilation(lambda: output.say("Compiling kernels, once: some seconds."))
    if threads is not None:
        from autosample.kernels.threads import set_threads  # noqa: PLC0415

        set_threads(threads)


def _new_folder(out: Path | None, stem: str, dataset: Dataset, settings: Settings) -> RunFolder:
    """The folder that was named for a run, else one below ``runs`` that is not there yet.

    Another process may take a name between a look and its use, and then the next one is tried.
    """
    from autosample.errors import StoreError  # noqa: PLC0415
    from autosample.store import RunFolder  # noqa: PLC0415

    if out is not None:
        return RunFolder.create(out, dataset, settings)
    plain = "".join(c if c.isalnum() or c in "-_" else "-" for c in stem).strip("-") or "run"
    base = f"{plain[:40]}-{clock.strftime('%Y%m%d-%H%M%S')}"
    number = 1
    while True:
        path = Path("runs") / (base if number == 1 else f"{base}-{number}")
        number += 1
        if path.exists():
            continue
        try:
            return RunFolder.create(path, dataset, settings)
        except StoreError as error:
            if error.code not in ("AS501", "AS505"):
                raise
