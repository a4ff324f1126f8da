"""One run: data, search, final training, and the test split once."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor

from autosample import memory
from autosample.data import Dataset, Note
from autosample.data.batches import Batches
from autosample.data.interactions import Interactions
from autosample.errors import DataError
from autosample.evaluate import rank_held_out
from autosample.extras import require
from autosample.kernels import device
from autosample.losses import LOSSES
from autosample.metrics import Ranks, parse_metric, summarise
from autosample.models import Recommender, model_class
from autosample.models.graph import GraphRecommender
from autosample.models.guard import named
from autosample.retrain import CarryOut, Replay, final_training
from autosample.samplers import make_sampler
from autosample.samplers.base import check_exposed
from autosample.search import STRATEGIES, Brief, Engine, Progress, Schedule, Search, SearchResult
from autosample.search.base import INITIAL
from autosample.settings import Settings
from autosample.train import Learner

_LONG = 100.0  # trained rows are a few units long


@dataclass(frozen=True)
class RunResult:
    """What a run found; printed without tables, ranks and history.

    Attributes:
        settings: What it was asked.
        schedule: Samplers and epochs that led to the final parameters.
        valid_metric: Best value of ``settings.metric`` on the validation users.
        metrics: Means over test users, of the deciding metric too; empty when there is no test
            split.
        ranks: Ranks of the test items by user, for paired comparisons; None likewise.
        positives: Positives processed by search and final training together.
        trainings: The same in units of one training of ``settings.epochs`` epochs on the training
            part, also where a replay takes validation as well.
        seconds: Wall time of search, training and evaluation.
        user_table, item_table: Final rows, (U, .) and (I, .), on the CPU.
        seen: What was known when testing: training and validation.
        history: JSON-ready records of epochs, evaluations and decisions.
        state: Snapshot of the final learner.
    """

    settings: Settings
    schedule: Schedule
    valid_metric: float
    metrics: dict[str, float]
    ranks: Ranks | None = field(repr=False)
    positives: int
    trainings: float
    seconds: float
    user_table: Tensor = field(repr=False)
    item_table: Tensor = field(repr=False)
    seen: Interactions = field(repr=False)
    history: list[dict[str, Any]] = field(repr=False)
    state: dict[str, Tensor] = field(repr=False)

    def trained_on(self, dataset: Dataset) -> Interactions:
        """What the final rows were learned from: training, after a replay validation too."""
        return self.seen if self.settings.retrain == "replay" else dataset.train


def check(settings: Settings, dataset: Dataset | None = None) -> None:
    """Refuse, before any work, what cannot be done.

    Args:
        settings: Names of models, samplers and metrics must exist.
        dataset: Must have something to learn from and to decide by, and fit in memory.

    Raises:
        SettingsError: AS203 for an unknown model, AS216 for a device that is not there, AS253 for a
            budget that would be exceeded, AS270 when an extra is needed and not installed; see also
            ``make_sampler`` and ``parse_metric``.
        SamplerError: AS306 when a candidate needs what users were shown, and it is not known.
        DataError: AS144 without validation interactions.
        TrainingError: AS401 when nobody has both an item and a lack of one, AS404 when the run
            needs more memory than there is.
    """
    model_class(settings.model)
    device.require(settings.device)
    for metric in (settings.metric, *settings.metrics):
        parse_metric(metric)
    candidates = [make_sampler(text) for text in settings.candidates]
    if settings.strategy == "tpe":
        require("tune", "optuna")
    if dataset is None:
        return
    for candidate in candidates:
        if "exposed" in candidate.needs:
            check_exposed(candidate, dataset.train)
    if not len(dataset.valid):
        raise DataError(
            "AS144",
            "A search decides on validation interactions, and there are none.",
            "Set aside a share of the data for validation: it takes users with two items or more.",
        )
    check_budget(settings, dataset)
    Batches(dataset.train, batch_size=memory.batch_size(settings, dataset), seed=settings.seed)
    memory.require(settings, dataset)


def check_budget(settings: Settings, dataset: Dataset) -> None:
    """Refuse a budget that would be exceeded.

    Raises:
        SettingsError: AS253 when it is less than what the search does not cut short for it.
    """
    if settings.budget is not None:
        make_search(settings, dataset)


def advice(
    settings: Settings, dataset: Dataset, history: Sequence[Mapping[str, Any]] = ()
) -> list[Note]:
    """What a person should know about a run: a needlessly large batch, rows that grow too long."""
    notes = []
    if (size := memory.batch_size(settings, dataset)) > len(dataset.train):
        text = f"A batch of {size} takes all training pairs: an epoch is one step."
        notes.append(Note("AS405", text, len(dataset.train)))
    lengths = [record["longest_row"] for record in history if "longest_row" in record]
    if lengths and max(lengths) > _LONG:
        text = f"Embedding rows grew to a length of {max(lengths):.0f}: lower --lr or raise --l2."
        notes.append(Note("AS403", text, sum(length > _LONG for length in lengths)))
    return notes


def chosen_device(asked: str | None, settings: Settings) -> list[Note]:
    """What ``auto`` has chosen, where that was asked."""
    if asked != device.AUTO:
        return []
    text = f"The device auto is {device.described(settings.device)}: name it to have it again."
    return [Note("AS217", text, 1)]


def make_model(settings: Settings, interactions: Interactions) -> Recommender:
    """The model that the settings name, on their device; its initial values are the CPU's.

    Raises:
        TrainingError: AS406 when the model of another package cannot be made.
    """
    model = model_class(settings.model)
    there = device.require(settings.device)
    takes = inspect.signature(model).parameters
    passes_on = any(one.kind is one.VAR_KEYWORD for one in takes.values())
    deep = "depth" in takes or (passes_on and issubclass(model, GraphRecommender))
    extra = {"depth": settings.depth} if deep else {}
    with named(model.__name__, "be made from interactions, dim= and seed="):
        made = model(interactions, dim=settings.dim, seed=settings.seed, **extra)
    return made.to(there)


def make_learner(settings: Settings, interactions: Interactions) -> Learner:
    """A fresh learner on ``interactions``; what is not set defaults to the model's."""
    model = make_model(settings, interactions)
    return Learner(
        model,
        interactions,
        loss=LOSSES[settings.loss],
        lr=model.default_lr if settings.lr is None else settings.lr,
        l2=model.default_l2 if settings.l2 is None else settings.l2,
        batch_size=settings.batch_size or model.default_batch_size(len(interactions)),
        epochs=settings.epochs,
        seed=settings.seed,
    )


def make_search(settings: Settings, dataset: Dataset) -> Search:
    """The search that the settings name."""
    return STRATEGIES[settings.strategy](
        Brief(
            candidates=[make_sampler(text) for text in settings.candidates],
            train=dataset.train,
            valid=dataset.valid,
            epochs=settings.epochs,
            window=settings.trial_window,
            patience=settings.patience,
            seed=settings.seed,
            budget=settings.budget,
        )
    )


def run(
    dataset: Dataset,
    settings: Settings,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    on_record: Callable[[dict[str, Any]], None] | None = None,
    carry_out: CarryOut = Engine.run,
) -> RunResult:
    """Search, train and test.

    Args:
        dataset: Training, validation and test interactions.
        settings: What to do.
        on_progress: Called after every epoch.
        on_record: Called with every history record.
        carry_out: How the search, and the trainings after it, are carried out; a run folder makes
            checkpoints on the way.

    Raises:
        SettingsError: for names that do not exist.
        TrainingError: AS401, AS402, AS404 when training cannot start or go on.
    """
    started = time.perf_counter()
    check(settings, dataset)
    search = make_search(settings, dataset)
    learner = make_learner(settings, dataset.train)
    training = settings.epochs * len(learner.batches)
    engine = Engine(
        learner,
        dataset.valid,
        metric=settings.metric,
        on_progress=on_progress,
        on_record=on_record,
    )
    carry_out(engine, search)
    found = final_training(
        settings.retrain,
        engine,
        epochs=settings.epochs,
        window=settings.trial_window,
        patience=settings.patience,
        carry_out=carry_out,
    )
    if settings.retrain == "replay":
        learner = make_learner(settings, dataset.train.union(dataset.valid))
        again = Replay(
            found.schedule,
            engine.samplers,
            window=settings.trial_window,
            trail=search.trail if found.averaged else 1.0,
            mean_from=found.mean_from,
        )
        found = carry_out(_replaying(engine, learner), again)
    seconds = time.perf_counter() - started
    return _finish(dataset, settings, learner, found, seconds, training)


def _replaying(engine: Engine, learner: Learner) -> Engine:
    """An engine for another learner, with nothing held out, that goes on with the books."""
    again = Engine(learner, None, on_progress=engine.on_progress, on_record=engine.on_record)
    again.trials = engine.trials
    again.result = replace(engine.result, state=again.states[INITIAL])
    return again


def _finish(
    dataset: Dataset,
    settings: Settings,
    learner: Learner,
    found: SearchResult,
    seconds: float,
    training: int,
) -> RunResult:
    """Rank the test split, once."""
    seen = dataset.train.union(dataset.valid)
    user_table, item_table = learner.model.tables()
    ranks, metrics = None, {}
    if len(dataset.test):
        # common pairs are there only where they were allowed: they are ranked as held out
        ranks = rank_held_out(user_table, item_table, seen.without(dataset.test), dataset.test)
        metrics = summarise(ranks, dict.fromkeys((*settings.metrics, settings.metric)))
    return RunResult(
        settings=settings,
        schedule=found.schedule,
        valid_metric=found.metric,
        metrics=metrics,
        ranks=ranks,
        positives=found.positives,
        trainings=found.positives / training,
        seconds=seconds,
        user_table=user_table.cpu(),
        item_table=item_table.cpu(),
        seen=seen,
        history=found.history,
        state=learner.snapshot(),
    )
