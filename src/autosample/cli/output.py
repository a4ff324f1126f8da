"""What the command line prints: results on standard output, all else on standard error."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Column, Table
from rich.text import Text

from autosample.errors import StoreError, shortened

if TYPE_CHECKING:
    from pathlib import Path

    from autosample.data import Note
    from autosample.run import RunResult
    from autosample.search import Progress
    from autosample.settings import Settings

_ANY_WIDTH = 10**6  # of a terminal that is as wide as a table wants


def say(text: str) -> None:
    """A line for people, beside the results."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(Text(text))


def say_notes(notes: Sequence[Note]) -> None:
    """What was read, dropped and is worth knowing."""
    for note in notes:
        told = str(note.count) in re.findall(r"\d+", note.message)
        count = "" if told else f" ({note.count})"
        say(f"{note.code}: {note.message}{count}")


def print_json(value: Any) -> None:
    """One JSON object on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table on standard output; lines with tabs and no colours where it is not a terminal.

    Where a terminal is so narrow that words would be broken, each row is a list of its cells.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        for row in (columns, *rows):
            typer.echo("\t".join(map(printable, row)))
        return
    whole = [Column(name, overflow="fold") for name in columns]
    table = Table(*whole, header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    cells = [[Text(shortened(printable(cell), 80)) for cell in row] for row in rows]
    for row in cells:
        table.add_row(*row)
    least = Measurement.get(console, console.options.update_width(_ANY_WIDTH), table).minimum
    console.print(table if least <= console.width else _as_lists(columns, cells))


def _as_lists(columns: Sequence[str], rows: Sequence[Sequence[Text]]) -> Table:
    """Rows below each other, their cells by the names of the columns; empty ones are left out."""
    table = Table.grid(Column(style="bold"), Column(overflow="fold"), padding=(0, 2, 0, 0))
    for row in rows:
        for name, cell in zip(columns, row, strict=True):
            if cell:
                table.add_row(name, cell)
        table.add_row()
    return table


def printable(cell: object) -> str:
    """The cell in one line: tabs, line ends, escape sequences and the like written as escapes."""
    text = str(cell)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def print_result(result: RunResult, folder: Path) -> None:
    """A sentence, the metrics, the schedule, and what to do next."""
    settings = result.settings
    end = f"{settings.metric} = {result.valid_metric:.4f} on validation"
    if settings.metric in result.metrics:
        end = f"{settings.metric} = {result.metrics[settings.metric]:.4f} on the test users, {end}"
    found = _in_words(result.schedule)
    typer.echo(
        f"Found {found}: {end}. The whole took {result.trainings:.1f} trainings of "
        f"{settings.epochs} epochs and {result.seconds:.0f} s."
    )
    if result.metrics:
        values = [(name, f"{value:.4f}") for name, value in result.metrics.items()]
        print_table(("metric", "test users' mean"), values)
    print_table(("sampler", "epochs"), result.schedule)
    typer.echo(f"Everything is in {folder}. To go on:")
    typer.echo(f"  autosample recommend {shlex.quote(str(folder))} --user USER")
    typer.echo(f"  autosample report {shlex.quote(str(folder))}")


def _in_words(schedule: Sequence[tuple[str, int]]) -> str:
    """A schedule in half a sentence, however long it is."""
    if not schedule:
        return "nothing better than no training"
    if len(schedule) > 3:
        epochs = sum(length for _, length in schedule)
        return (
            f"{epochs} epochs in {len(schedule)} steps from {schedule[0][0]} to {schedule[-1][0]}"
        )
    told = [f"{label} for {epochs} epoch{'s' * (epochs != 1)}" for label, epochs in schedule]
    return ", then ".join(told)


def expected_trials(settings: Settings) -> float:
    """How many trials a search has at most, if it is one after the other."""
    windows = -(-settings.epochs // settings.trial_window)
    if settings.strategy == "exhaustive":
        return windows * min(len(settings.candidates), settings.budget or float("inf"))
    if settings.strategy not in ("random", "tpe", "halving"):
        return windows
    from autosample.search import BUDGET  # noqa: PLC0415
    from autosample.search.halving import rungs  # noqa: PLC0415

    budget = settings.budget or BUDGET
    if settings.strategy != "halving":
        return windows * budget
    ends = rungs(len(settings.candidates), settings.epochs, int(budget * settings.epochs))
    lengths = (end - start for start, end in zip([0, *ends], ends, strict=False))
    return sum(-(-length // settings.trial_window) for length in lengths)


@contextlib.contextmanager
def progress(settings: Settings) -> Iterator[Callable[[Progress], None] | None]:
    """A bar with the time left at most, memory, and what the search does; nothing unless watched.

    It stays on one line however narrow the terminal is.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, TextColumn  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    figures = TextColumn("at most {task.fields[left]} left{task.fields[memory]}")
    cut = Column(no_wrap=True, overflow="ellipsis", ratio=1)
    text = TextColumn("{task.description}", markup=False, table_column=cut)
    total, started = expected_trials(settings), time.monotonic()
    begun: float | None = None  # trials that lay behind when this process began
    with Bar(BarColumn(10), figures, text, console=console, transient=True, expand=True) as bar:
        task = bar.add_task("starting", total=total, left="?", memory="")

        def show(now: Progress) -> None:
            done = now.trial - 1 + (now.arm - 1 + now.epoch / now.epochs) / now.arms
            nonlocal begun
            begun = float(now.trial - 1) if begun is None else begun
            share = (done - begun) / max(total - begun, 1e-9)
            seconds = (time.monotonic() - started) * (1 / min(share, 1.0) - 1)
            best = "" if now.best is None else f"{settings.metric} {now.best:.4f}, "
            what = f"{best}{now.label}, epoch {now.epoch} of {now.epochs}, {now.purpose}"
            left = _clock(seconds)
            bar.update(task, completed=done, description=what, left=left, memory=_memory())

        yield show


def _memory() -> str:
    """The most memory this process has had, in words; empty where the system does not say."""
    try:
        import resource  # noqa: PLC0415
    except ImportError:  # Windows
        return ""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB, on macOS bytes
    size = peak / 2**10 if sys.platform != "darwin" else peak / 2**20
    return f", {size:,.0f} MB"


@contextlib.contextmanager
def interruptible(folder: Path) -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C and SIGTERM end a run after its batch and a checkpoint, and say how to go on.

    A second one ends it at once; what came after the last checkpoint is then done again.

    Yields:
        Whether the run is to stop.
    """
    asked: list[int] = []

    def ask(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        if len(asked) > 1:
            raise KeyboardInterrupt
        say("Stopping after this batch and a checkpoint; once more stops at once.")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    except (KeyboardInterrupt, StoreError) as reason:
        if not asked or (isinstance(reason, StoreError) and reason.code != "AS511"):
            raise
        say(f"Stopped. Go on with: autosample resume {shlex.quote(str(folder))}")
        raise typer.Exit(128 + asked[0]) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _clock(seconds: float) -> str:
    if seconds > 100 * 3600:
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
