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


MODELS = ("mf", "lightgcn", "ngcf")
METRICS = ("ndcg@20", "recall@20", "hit@20", "precision@20", "mrr@20", "map@20")
SPLITS = ("ratio", "leave-last", "temporal")
LOSSES = ("bpr", "softmax")
STRATEGIES = ("adaptive", "weighted", "fixed", "uniform-mixture", "exhaustive", "random", "halving",
              "tpe")  # fmt: skip
RETRAINING = ("continue", "rewind", "scratch", "replay")
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

Test = Annotated[
    Path | None,
    typer.Option(
        help="Test interactions, if given apart.",
        metavar="FILE",
        show_default="a share of EVENTS",
        rich_help_panel=DATA,
    ),
]
Valid = Annotated[
    Path | None,
    typer.Option(
        help="Validation interactions, with --test.",
        metavar="FILE",
        show_default="a share of EVENTS",
        rich_help_panel=DATA,
    ),
]
User = Annotated[
    str, typer.Option(help="Column of user ids.", metavar="NAME", rich_help_panel=DATA)
]
Item = Annotated[
    str, typer.Option(help="Column of item ids.", metavar="NAME", rich_help_panel=DATA)
]
Rating = Annotated[
    str | None,
    typer.Option(help="Column of ratings; see --min-rating.", metavar="NAME", rich_help_panel=DATA),
]
MinRating = Annotated[
    float | None,
    typer.Option(help="Lowest positive rating.", metavar="NUMBER", rich_help_panel=DATA),
]
Time = Annotated[
    str | None,
    typer.Option(help="Column of times, to split by.", metavar="NAME", rich_help_panel=DATA),
]
Split = Annotated[
    str,
    typer.Option(
        help=f"How to set test and validation apart: {', '.join(SPLITS)}.",
        metavar="HOW",
        autocompletion=among(*SPLITS),
        rich_help_panel=DATA,
    ),
]
KCore = Annotated[
    int,
    typer.Option(
        min=0, help="Least items of a user, users of an item.", metavar="N", rich_help_panel=DATA
    ),
]
Separator = Annotated[
    str | None,
    typer.Option(
        help="Between the columns of a text file.",
        metavar="TEXT",
        show_default="by ending, or guessed",
        rich_help_panel=DATA,
    ),
]
Header = Annotated[
    bool,
    typer.Option(
        " /--no-header", help="The first line is data.", show_default=False, rich_help_panel=DATA
    ),
]
Encoding = Annotated[str, typer.Option(help="Of text files.", metavar="NAME", rich_help_panel=DATA)]
SkipBadLines = Annotated[
    bool,
    typer.Option("--skip-bad-lines", help="Drop and count bad rows.", rich_help_panel=DATA),
]
NormalizeIds = Annotated[
    str | None,
    typer.Option(help="nfc: one form for accents in ids.", metavar="FORM", rich_help_panel=DATA),
]
Exposed = Annotated[
    Path | None,
    typer.Option(help="What users were shown, for `exposure`.", rich_help_panel=DATA),
]
AllowOverlap = Annotated[
    bool,
    typer.Option("--allow-overlap", help="Take parts with common pairs.", rich_help_panel=DATA),
]
ColdUsers = Annotated[
    str,
    typer.Option(help="Users without training: keep or drop.", metavar="HOW", rich_help_panel=DATA),
]

Model = Annotated[
    str | None,
    typer.Option(
        help="See `autosample models`.",
        metavar="NAME",
        show_default="mf",
        autocompletion=among(*MODELS),
        rich_help_panel=MODEL,
    ),
]
Dim = Annotated[
    int | None,
    typer.Option(
        help="Numbers per user and item.", metavar="N", show_default="64", rich_help_panel=MODEL
    ),
]
Depth = Annotated[
    int | None,
    typer.Option(
        help="Layers of a graph model.", metavar="N", show_default="3", rich_help_panel=MODEL
    ),
]
Loss = Annotated[
    str | None,
    typer.Option(
        help=f"One of {', '.join(LOSSES)}.",
        metavar="NAME",
        show_default="bpr",
        autocompletion=among(*LOSSES),
        rich_help_panel=MODEL,
    ),
]
Lr = Annotated[
    float | None,
    typer.Option(
        help="Learning rate of Adam.",
        metavar="NUMBER",
        show_default="the model's",
        rich_help_panel=MODEL,
    ),
]
L2 = Annotated[
    float | None,
    typer.Option(
        help="Weight of the L2 term.",
        metavar="NUMBER",
        show_default="the model's",
        rich_help_panel=MODEL,
    ),
]
BatchSize = Annotated[
    int | None,
    typer.Option(
        help="Positives per step.", metavar="N", show_default="the model's", rich_help_panel=MODEL
    ),
]
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

Strategy = Annotated[
    str | None,
    typer.Option(
        help=f"How to search: {', '.join(STRATEGIES)}.",
        metavar="NAME",
        show_default="adaptive",
        autocompletion=among(*STRATEGIES),
        rich_help_panel=SEARCH,
    ),
]
Candidate = Annotated[
    list[str] | None,
    typer.Option(
        help="A sampler to try, such as dns:pool=16; repeat it for more. See "
        "`autosample samplers`.",
        metavar="SAMPLER",
        show_default="dns:pool=1, 4, 16, 64 and mixgcf:pool=16",
        rich_help_panel=SEARCH,
    ),
]
Epochs = Annotated[
    int | None,
    typer.Option(
        help="Length of one training; the search takes about two of them.",
        metavar="N",
        show_default="100",
        rich_help_panel=SEARCH,
    ),
]
Window = Annotated[
    int | None,
    typer.Option(
        help="Epochs between two decisions.",
        metavar="N",
        show_default="epochs / 20",
        rich_help_panel=SEARCH,
    ),
]
Patience = Annotated[
    int | None,
    typer.Option(
        help="Stop after so many epochs without a better model.",
        metavar="N",
        show_default="50",
        rich_help_panel=SEARCH,
    ),
]
Budget = Annotated[
    float | None,
    typer.Option(
        help="Most trainings that random, halving, tpe or exhaustive may take.",
        metavar="NUMBER",
        show_default="3, exhaustive: one per candidate",
        rich_help_panel=SEARCH,
    ),
]
Metric = Annotated[
    str | None,
    typer.Option(
        help="Decides on the validation users: ndcg, recall, hit, precision, mrr or map, @K.",
        metavar="NAME@K",
        show_default="ndcg@20",
        autocompletion=among(*METRICS),
        rich_help_panel=SEARCH,
    ),
]
Retrain = Annotated[
    str | None,
    typer.Option(
        help=f"What becomes of the model found: {', '.join(RETRAINING)}.",
        metavar="HOW",
        show_default="continue",
        autocompletion=among(*RETRAINING),
        rich_help_panel=SEARCH,
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
        "--json", help="Print one JSON object on standard output.", rich_help_panel=OUTPUT
    ),
]
