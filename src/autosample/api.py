"""AutoSample: the whole job as one object, with scikit-learn's manners."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from autosample.border import checked
from autosample.data import Dataset, Events, Interactions, Note, load_dataset, read_events
from autosample.errors import DataError, SettingsError
from autosample.evaluate import rank_held_out
from autosample.integrations import Estimator, FrameKind, as_frame
from autosample.lists import Lists, Unknown
from autosample.metrics import summarise
from autosample.report import write_report
from autosample.report.parties import in_numbers_of
from autosample.run import RunResult, advice, check, chosen_device, run
from autosample.search import Progress
from autosample.settings import DEFAULT_CANDIDATES, DEFAULT_METRICS, Settings
from autosample.store import RunFolder


class AutoSample(Estimator):
    """Find the negative sampler of a recommender while it trains, and keep the trained recommender.

    The constructor stores its arguments, :meth:`fit` checks them; see
    :class:`autosample.settings.Settings` for their ranges.

    Args:
        model: "mf", "lightgcn" or "ngcf".
        dim: Width of the embedding.
        depth: Propagations of a graph model.
        loss: "bpr" or "softmax".
        lr: Learning rate; None: the model's own.
        l2: Weight of the embedding's squared length; None: the model's own.
        batch_size: Positives per step; None: the model's own.
        strategy: "adaptive", "weighted", "fixed", "uniform-mixture", "exhaustive", "random",
            "halving" or "tpe"; "fixed" trains the first candidate alone.
        candidates: Samplers such as ``"dns:pool=16"``, cheapest first.
        epochs: Length of a training.
        window: Epochs per trial; None: a twentieth of ``epochs``.
        patience: Epochs without a better validation value after which training ends.
        budget: Trainings that "adaptive", "random", "halving", "tpe" or "exhaustive" may take, at
            least those of its race and the training after it for "adaptive"; None: its own.
        metric: What decides on validation users.
        metrics: What is computed on test users, beside ``metric``.
        retrain: "continue", "rewind", "scratch" or "replay".
        seed: Seed of everything random in search and training; that of the split is an argument
            of :meth:`fit`.
        device: Where training takes place: "cpu", "cuda", "cuda:1" or "auto".

    Attributes:
        schedule_: Samplers and epochs that led to the model.
        metrics_: Means over test users.
        valid_metric_: Best value of ``metric`` on validation users.
        history_: Records of epochs, evaluations and decisions.
        dataset_: The data in numbers, with notes on what was read and dropped.
        notes_: These notes, and what is worth knowing about the run.
        result_: All of it, and the tables.

    Example:
        >>> import polars as pl
        >>> from autosample import AutoSample
        >>> pairs = [(f"u{u}", f"i{(u * 5 + n * n) % 23}") for u in range(30) for n in range(9)]
        >>> events = pl.DataFrame(pairs, schema=["user_id", "item_id"], orient="row")
        >>> auto = AutoSample(dim=4, epochs=2, candidates=["uniform", "dns:pool=4"]).fit(events)
        >>> sorted(auto.metrics_)[:3]
        ['hit@20', 'map@20', 'mrr@20']
        >>> auto.recommend(["u1", "u2"], k=3)["user"].to_list()
        ['u1', 'u1', 'u1', 'u2', 'u2', 'u2']
    """

    schedule_: tuple[tuple[str, int], ...]
    metrics_: dict[str, float]
    valid_metric_: float
    history_: list[dict[str, Any]]
    dataset_: Dataset
    notes_: tuple[Note, ...]
    result_: RunResult

    def __init__(
        self,
        *,
        model: str = "mf",
        dim: int = 64,
        depth: int = 3,
        loss: str = "bpr",
        lr: float | None = None,
        l2: float | None = None,
        batch_size: int | None = None,
        strategy: str = "adaptive",
        candidates: Sequence[str] = DEFAULT_CANDIDATES,
        epochs: int = 100,
        window: int | None = None,
        patience: int = 50,
        budget: float | None = None,
        metric: str = "ndcg@20",
        metrics: Sequence[str] = DEFAULT_METRICS,
        retrain: str = "continue",
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        self.model = model
        self.dim = dim
        self.depth = depth
        self.loss = loss
        self.lr = lr
        self.l2 = l2
        self.batch_size = batch_size
        self.strategy = strategy
        self.candidates = candidates
        self.epochs = epochs
        self.window = window
        self.patience = patience
        self.budget = budget
        self.metric = metric
        self.metrics = metrics
        self.retrain = retrain
        self.seed = seed
        self.device = device

    @checked
    def fit(
        self,
        data: Any,
        y: Any = None,
        *,
        folder: str | Path | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        on_record: Callable[[dict[str, Any]], None] | None = None,
        **reading: Any,
    ) -> Self:
        """Search, train and test.

        Args:
            data: A :class:`Dataset`, or what :func:`autosample.data.load_dataset` reads: a file, a
                frame, a matrix.
            y: Not used; there for pipelines.
            folder: An empty folder to keep the run in; a run that was cut off there is gone on
                with by ``autosample resume``.
            on_progress: Called after every epoch.
            on_record: Called with every record of the history; see
                :mod:`autosample.integrations.track`.
            **reading: Arguments of :func:`autosample.data.load_dataset`, such as ``user``,
                ``item``, ``rating``, ``time``, ``valid_file``, ``test_file`` and, of the split,
                ``seed``. None with a :class:`Dataset`.

        Raises:
            DataError: when the data cannot be used.
            SettingsError: when an argument is unknown or out of range; AS208 for ``reading`` with
                a dataset.
        """
        settings = Settings.of(**self.get_params())
        check(settings)
        if isinstance(data, Dataset) and reading:
            problem = f"A dataset is read and split already, and takes no {', '.join(reading)}."
            raise SettingsError("AS208", problem, "Give that to load_dataset.")
        dataset = data if isinstance(data, Dataset) else load_dataset(data, **reading)
        if folder is None:
            told = run(dataset, settings, on_progress=on_progress, on_record=on_record)
            return self._take(dataset, told)
        run_folder = RunFolder.create(folder, dataset, settings)
        told = run_folder.run(dataset, on_progress=on_progress, on_record=on_record)
        return self._take(dataset, told)

    @checked
    def recommend(
        self,
        users: str | float | np.number[Any] | Iterable[str | float],
        k: int = 10,
        *,
        unknown: Unknown = "error",
        frame: FrameKind = "polars",
    ) -> Any:
        """The ``k`` best items that each user has not seen in training or validation.

        Args:
            users: Ids of users; whole numbers stand for their decimal text, 1.0 for that of 1 as
                in reading.
            k: Items per user; fewer come where fewer are left.
            unknown: What to do about users without training items: refuse them, skip them, or
                recommend the items with the most interactions, with null scores.
            frame: What to return: a "polars" or "pandas" frame or an "arrow" table.

        Returns:
            Columns ``user``, ``item`` (text), ``rank`` (from 1) and ``score``, ordered by the users
            as given and by rank.

        Raises:
            DataError: AS133 for unknown users.
            SettingsError: AS231 for ``k`` below 1, AS204 for another ``unknown``, AS205 when
                nothing was fitted, AS281 for another ``frame``, AS270 without its package.
        """
        named = [users] if isinstance(users, str | float | int | np.number) else users
        names = [_text(name) for name in named]
        lists = Lists.of(self._fitted(), self.dataset_)
        return as_frame(lists.recommend(names, k, unknown=unknown), frame)

    def score(self, data: Any, y: Any = None, **reading: Any) -> float:
        """Mean of ``metric`` when all items are ranked for the users of other interactions.

        Left out are users and items without training interactions and pairs that training or
        validation had.

        Args:
            data: Interactions, as for :meth:`fit`.
            y: Not used; there for cross-validation.
            **reading: Arguments of :func:`autosample.data.read_events`.

        Raises:
            DataError: AS141 when nobody is left to rank for, and as for :meth:`fit`.
            SettingsError: AS205 when nothing was fitted.
        """
        result = self._fitted()
        held = _held_out(self.dataset_, read_events(data, **reading), result)
        ranks = rank_held_out(result.user_table, result.item_table, result.seen, held)
        return summarise(ranks, [self.metric])[self.metric]

    @checked
    def save(self, path: str | Path) -> None:
        """Write settings, data and result to a new folder.

        Raises:
            StoreError: AS501 when something is there already.
        """
        result = self._fitted()
        RunFolder.create(path, self.dataset_, result.settings).finish(result, self.dataset_)

    def report(
        self, path: str | Path, *, against: Mapping[str, Any] | None = None, **options: Any
    ) -> Path:
        """Write what was found as one HTML file; see :func:`autosample.report.write_report`.

        ``against`` are others on the same test by a label: fitted objects, or results on this
        dataset (AS145 for those on another, which number users in their own way).
        """
        result, others = self._fitted(), {}
        for name, other in (against or {}).items():
            others[name] = other
            if isinstance(other, AutoSample):
                others[name] = in_numbers_of(self.dataset_, other._fitted(), other.dataset_)
            elif result.seen.fingerprint() != other.seen.fingerprint():
                raise DataError(
                    "AS145",
                    f"A result must be on the same dataset, and that of {name!r} is on another.",
                    "Give the fitted object itself: its users are then found by their ids.",
                )
        return write_report(result, self.dataset_, path, against=others, **options)

    @classmethod
    @checked
    def load(cls, path: str | Path) -> Self:
        """Read a folder written by :meth:`save`, :meth:`fit` or the command line.

        Raises:
            StoreError: AS506, AS507, AS508, AS509 when there is no whole result.
        """
        folder = RunFolder.open(path)
        dataset = folder.dataset()
        result = folder.result(dataset)
        return cls(**dict(result.settings))._take(dataset, result)

    def _fitted(self) -> RunResult:
        if not hasattr(self, "result_"):
            raise SettingsError("AS205", "Nothing has been fitted yet.", "Call fit first, or load.")
        return self.result_

    def _take(self, dataset: Dataset, result: RunResult) -> Self:
        self.dataset_, self.result_ = dataset, result
        self.schedule_, self.history_ = result.schedule, result.history
        self.metrics_, self.valid_metric_ = result.metrics, result.valid_metric
        settings = result.settings
        told = [*chosen_device(self.device, settings), *advice(settings, dataset, result.history)]
        self.notes_ = (*dataset.notes, *told)
        return self


def _text(name: str | float | np.number[Any]) -> str:
    """An id as it is in a dataset whose source had it as a number."""
    whole = isinstance(name, float | np.floating) and float(name).is_integer()
    return str(int(name) if whole else name)


def _held_out(dataset: Dataset, events: Events, result: RunResult) -> Interactions:
    """Events by the dataset's numbers, without what is unknown or seen."""
    users = dataset.users.numbers(events.frame["user"])
    items = dataset.items.numbers(events.frame["item"])
    known = (users >= 0) & (items >= 0)
    users, items = users[known], items[known]
    train, seen = result.trained_on(dataset), result.seen
    warm = (train.user_counts[users] > 0) & (train.item_counts[items] > 0)
    fresh = warm & ~np.isin(
        users * dataset.n_items + items, seen.users * dataset.n_items + seen.items
    )
    return Interactions.from_pairs(users[fresh], items[fresh], dataset.n_users, dataset.n_items)
