"""Commands that train: demo, run, resume, repeat."""

from __future__ import annotations

import time as clock
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autosample.cli import options, output
from autosample.cli.options import Json, Out, Threads

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

    output.say("Compiling kernels, once; simulating who likes what and who saw what.")
    rows = []
    for row in story.compare(seed=seed):
        output.say(f"{row.name}: {row.seconds:.0f} s")
        rows.append(row)
    if json:
        output.print_json({"rows": [row.as_dict() for row in rows], "says": story.sentence(rows)})
        return
    output.print_table(story.COLUMNS, [row.cells() for row in rows])
    typer.echo(story.sentence(rows))


def start(
    events: options.Events,
    test: options.Test = None,
    valid: options.Valid = None,
    user: options.User = "user_id",
    item: options.Item = "item_id",
    rating: options.Rating = None,
    min_rating: options.MinRating = None,
    time: options.Time = None,
    split: options.Split = "ratio",
    k_core: options.KCore = 0,
    separator: options.Separator = None,
    header: options.Header = True,
    encoding: options.Encoding = "utf-8",
    skip_bad_lines: options.SkipBadLines = False,
    normalize_ids: options.NormalizeIds = None,
    exposed: options.Exposed = None,
    allow_overlap: options.AllowOverlap = False,
    cold_users: options.ColdUsers = "keep",
    model: options.Model = None,
    dim: options.Dim = None,
    depth: options.Depth = None,
    loss: options.Loss = None,
    lr: options.Lr = None,
    l2: options.L2 = None,
    batch_size: options.BatchSize = None,
    seed: options.Seed = 0,
    threads: Threads = None,
    strategy: options.Strategy = None,
    candidate: options.Candidate = None,
    epochs: options.Epochs = None,
    window: options.Window = None,
    patience: options.Patience = None,
    budget: options.Budget = None,
    metric: options.Metric = None,
    retrain: options.Retrain = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Find the sampler of EVENTS while the model trains, and keep everything in a folder.

    Ctrl-C stops after a batch and a checkpoint, twice at once; `autosample resume` goes on.
    """
    use_threads(threads)
    from autosample.data import load_dataset  # noqa: PLC0415
    from autosample.run import check  # noqa: PLC0415
    from autosample.settings import Settings  # noqa: PLC0415
    from autosample.store import RunFolder  # noqa: PLC0415

    settings = Settings.of(
        model=model,
        dim=dim,
        depth=depth,
        loss=loss,
        lr=lr,
        l2=l2,
        batch_size=batch_size,
        strategy=strategy,
        candidates=tuple(candidate) if candidate else None,
        epochs=epochs,
        window=window,
        patience=patience,
        budget=budget,
        metric=metric,
        retrain=retrain,
        seed=seed,
    )
    check(settings)
    dataset = load_dataset(
        events,
        test_file=test,
        valid_file=valid,
        exposed=exposed,
        user=user,
        item=item,
        rating=rating,
        time=time,
        minimum_rating=min_rating,
        k_core=k_core,
        split=split,  # type: ignore[arg-type]  # checked there
        seed=seed,
        separator=separator,
        header=header,
        encoding=encoding,
        skip_bad_lines=skip_bad_lines,
        normalize_ids=normalize_ids,
        allow_overlap=allow_overlap,
        cold_users=cold_users,
    )
    output.say_notes(dataset.notes)
    _go(RunFolder.create(out or _new_name(events.stem), dataset, settings), json)


def resume(
    run: Annotated[Path, typer.Argument(help="Folder of a run that was cut off.", metavar="RUN")],
    model: options.Model = None,
    dim: options.Dim = None,
    depth: options.Depth = None,
    loss: options.Loss = None,
    lr: options.Lr = None,
    l2: options.L2 = None,
    batch_size: options.BatchSize = None,
    threads: Threads = None,
    strategy: options.Strategy = None,
    candidate: options.Candidate = None,
    epochs: options.Epochs = None,
    window: options.Window = None,
    patience: options.Patience = None,
    metric: options.Metric = None,
    retrain: options.Retrain = None,
    fork: options.Fork = None,
    json: Json = False,
) -> None:
    """Go on with a run that was cut off; the result is that of an uninterrupted run.

    A run keeps the settings it began with. Other ones need --fork and a new folder: there it goes
    on from the checkpoint where that changes nothing that lies behind, and else starts anew.
    """
    given = {name: value for name, value in locals().items() if value is not None}
    use_threads(threads)
    from autosample.settings import Settings  # noqa: PLC0415
    from autosample.store import RunFolder, changes, refuse  # noqa: PLC0415
    from autosample.store import fork as fork_to  # noqa: PLC0415

    folder = RunFolder.open(run)
    old = folder.settings()
    if candidate:
        given["candidates"] = tuple(candidate)
    new = Settings.of(**dict(old) | {k: v for k, v in given.items() if k in Settings.model_fields})
    if fork is not None:
        folder = fork_to(folder, fork, new)
    else:
        refuse(folder, changes(old, new))
    if folder.finished:
        output.say("This run is over; here is what it found.")
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
    dataset = old.dataset()
    new = RunFolder.create(out or _new_name(old.path.name), dataset, old.settings())
    _go(new, json)
    if old.finished:
        same = old.result(dataset).metrics == new.result(dataset).metrics
        output.say(f"The metrics are {'the same as' if same else 'other than'} in {old.path}.")


def _go(folder: RunFolder, json: bool) -> None:
    """Run in a folder, with a bar, and print what was found."""
    from autosample.run import advice  # noqa: PLC0415
    from autosample.store import numbers  # noqa: PLC0415

    settings, dataset = folder.settings(), folder.dataset()
    output.say(f"Running in {folder.path}.")
    _say_memory(settings, dataset)
    with output.interruptible(folder.path) as stop, output.progress(settings) as on_progress:
        result = folder.run(dataset, on_progress=on_progress, should_stop=stop)
    output.say_notes([*folder.notes, *advice(settings, dataset, result.history)])
    if json:
        summary = {"folder": str(folder.path), **numbers(result, dataset.fingerprint())}
        output.print_json({**summary, "dataset": dataset.summary()})
    else:
        output.print_result(result, folder.path)


def _say_memory(settings: Settings, dataset: Dataset) -> None:
    """What the run will need, and whether there is as much."""
    from autosample import memory  # noqa: PLC0415

    needs = memory.estimate(settings, dataset).total
    output.say(f"It needs about {memory.in_words(needs)} of memory beside what is loaded.")
    if (told := memory.warning(needs, memory.free())) is not None:
        output.say(told)


def use_threads(threads: int | None) -> None:
    """Use so many threads; all cores when none is named."""
    if threads is not None:
        from autosample.kernels.threads import set_threads  # noqa: PLC0415

        set_threads(threads)


def _new_name(stem: str) -> Path:
    """A folder below ``runs`` that is not there yet."""
    plain = "".join(c if c.isalnum() or c in "-_" else "-" for c in stem).strip("-") or "run"
    base = f"{plain[:40]}-{clock.strftime('%Y%m%d-%H%M%S')}"
    for number in range(1, 1000):
        path = Path("runs") / (base if number == 1 else f"{base}-{number}")
        if not path.exists():
            break
    return path
