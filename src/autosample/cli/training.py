"""The settings of a run as options that commands share; None is what was not given."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import Annotated, Any

import typer

from autosample.cli.options import MODEL, SEARCH, among

model_option = partial(typer.Option, rich_help_panel=MODEL)
search_option = partial(typer.Option, rich_help_panel=SEARCH)

MODELS = ("mf", "lightgcn", "ngcf")
METRICS = ("ndcg@20", "recall@20", "hit@20", "precision@20", "mrr@20", "map@20")
LOSSES = ("bpr", "softmax")
STRATEGIES = ("adaptive", "weighted", "fixed", "uniform-mixture", "exhaustive", "random", "halving",
              "tpe")  # fmt: skip
DEVICES = ("cpu", "cuda", "auto")
RETRAINING = ("continue", "rewind", "scratch", "replay")


@dataclass(frozen=True)
class ModelOptions:
    """What is trained, and how."""

    model: Annotated[
        str | None,
        model_option(
            help="See `autosample models`.",
            metavar="NAME",
            show_default="mf",
            autocompletion=among(*MODELS),
        ),
    ] = None
    dim: Annotated[
        int | None,
        model_option(help="Numbers per user and item.", metavar="N", show_default="64"),
    ] = None
    depth: Annotated[
        int | None,
        model_option(help="Layers of a graph model.", metavar="N", show_default="3"),
    ] = None
    loss: Annotated[
        str | None,
        model_option(
            help=f"One of {', '.join(LOSSES)}.",
            metavar="NAME",
            show_default="bpr",
            autocompletion=among(*LOSSES),
        ),
    ] = None
    lr: Annotated[
        float | None,
        model_option(help="Learning rate of Adam.", metavar="NUMBER", show_default="the model's"),
    ] = None
    l2: Annotated[
        float | None,
        model_option(help="Weight of the L2 term.", metavar="NUMBER", show_default="the model's"),
    ] = None
    batch_size: Annotated[
        int | None,
        model_option(help="Positives per step.", metavar="N", show_default="the model's"),
    ] = None
    device: Annotated[
        str | None,
        model_option(
            help="Where training takes place: cpu, cuda, cuda:1, or auto, a GPU if there is one.",
            metavar="NAME",
            show_default="cpu",
            autocompletion=among(*DEVICES),
        ),
    ] = None


@dataclass(frozen=True)
class SearchOptions:
    """How samplers are searched for."""

    strategy: Annotated[
        str | None,
        search_option(
            help=f"How to search: {', '.join(STRATEGIES)}. fixed: the first candidate alone.",
            metavar="NAME",
            show_default="adaptive",
            autocompletion=among(*STRATEGIES),
        ),
    ] = None
    candidates: Annotated[
        list[str] | None,
        search_option(
            "--candidate",
            help="A sampler to try, such as dns:pool=16; repeat it for more. See "
            "`autosample samplers`.",
            metavar="SAMPLER",
            show_default="dns:pool=1, 4, 16, 64 and mixgcf:pool=16",
        ),
    ] = None
    budget: Annotated[
        float | None,
        search_option(
            help="Most trainings that a search may take; adaptive needs what its race and the "
            "training after it take, 1.4 by default.",
            metavar="NUMBER",
            show_default="3, exhaustive: one per candidate",
        ),
    ] = None
    retrain: Annotated[
        str | None,
        search_option(
            help=f"What becomes of the model found: {', '.join(RETRAINING)}.",
            metavar="HOW",
            show_default="continue",
            autocompletion=among(*RETRAINING),
        ),
    ] = None


@dataclass(frozen=True)
class LengthOptions:
    """How long is trained, and what decides."""

    epochs: Annotated[
        int | None,
        search_option(
            help="Length of one training; the search takes two to three of them.",
            metavar="N",
            show_default="100",
        ),
    ] = None
    window: Annotated[
        int | None,
        search_option(
            help="Epochs between two decisions.", metavar="N", show_default="epochs / 20"
        ),
    ] = None
    patience: Annotated[
        int | None,
        search_option(
            help="Stop after so many epochs without a better model.", metavar="N", show_default="50"
        ),
    ] = None
    metric: Annotated[
        str | None,
        search_option(
            help="Decides on the validation users: ndcg, recall, hit, precision, mrr or map, @K.",
            metavar="NAME@K",
            show_default="ndcg@20",
            autocompletion=among(*METRICS),
        ),
    ] = None


def given(*options: ModelOptions | SearchOptions | LengthOptions) -> dict[str, Any]:
    """The settings that were given, by their names."""
    return {
        name: value for one in options for name, value in asdict(one).items() if value is not None
    }
