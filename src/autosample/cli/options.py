"""Arguments and options that commands share, each with its place in the help."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

DATA, MODEL, SEARCH, OUTPUT = "Data", "Model", "Search", "Output"  # panels of the help


def among(*words: str) -> Callable[[str], list[str]]:
    """Completes a word from a few."""

    def complete(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    return complete


UNKNOWN = ("error", "skip", "popular")
FORMATS = ("csv", "jsonl", "parquet")
EXPORTS = ("embeddings", "faiss", "onnx", "trec", "recbole")

Events = Annotated[
    Path,
    typer.Argument(
        help="Interactions: csv, tsv, parquet, .inter or LightGCN text.", metavar="EVENTS"
    ),
]
Run = Annotated[Path, typer.Argument(help="Folder of a run that is over.", metavar="RUN")]

Seed = Annotated[
    int,
    typer.Option(min=0, help="Of the split and the training.", metavar="N", rich_help_panel=MODEL),
]
Threads = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="They change the time, not the result.",
        metavar="N",
        show_default="all cores",
        rich_help_panel=MODEL,
    ),
]

Fork = Annotated[
    Path | None,
    typer.Option(
        help="New folder to go on in, needed for other settings.",
        metavar="FOLDER",
        rich_help_panel=OUTPUT,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        help="Empty folder for the run.",
        metavar="FOLDER",
        show_default="runs/NAME-TIME",
        rich_help_panel=OUTPUT,
    ),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Print one JSON object on standard output, errors too.",
        rich_help_panel=OUTPUT,
    ),
]
