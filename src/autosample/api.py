"""AutoSample: the whole job as one object, with scikit-learn's manners."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import polars as pl

from autosample.data import Dataset, load_dataset
from autosample.errors import SettingsError
from autosample.lists import Lists, Unknown
from autosample.report import write_report
from autosample.run import RunResult, run
from autosample.search import Progress
from autosample.settings import DEFAULT_CANDIDATES, DEFAULT_METRICS, Settings
from autosample.store import RunFolder


class AutoSample:
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
        batch_size: Positives per step.
        strategy: "adaptive", "weighted", "fixed", "uniform-mixture", "exhaustive" or "halving".
        candidates: Samplers such as ``"dns:pool=16"``, cheapest first.
        epochs: Length of a training.
        window: Epochs per trial; None: a twentieth of ``epochs``.
        patience: Epochs without a better validation value after which training ends.
        metric: What decides on validation users.
        metrics: What is computed on test users.
        retrain: "continue", "rewind", "scratch" or "replay".
        seed: Seed of everything random.

    Attributes:
        schedule_: Samplers and epochs that led to the model.
        metrics_: Means over test users.
        valid_metric_: Best value of ``metric`` on validation users.
        history_: Records of epochs, evaluations and decisions.
        dataset_: The data in numbers, with notes on what was read and dropped.
        result_: All of it, and the tables.
    """

    schedule_: tuple[tuple[str, int], ...]
    metrics_: dict[str, float]
    valid_metric_: float
    history_: list[dict[str, Any]]
    dataset_: Dataset
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
        batch_size: int = 2048,
        strategy: str = "adaptive",
        candidates: Sequence[str] = DEFAULT_CANDIDATES,
        epochs: int = 100,
        window: int | None = None,
        patience: int = 50,
        metric: str = "ndcg@20",
        metrics: Sequence[str] = DEFAULT_METRICS,
        retrain: str = "continue",
        seed: int = 0,
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
        self.metric = metric
        self.metrics = metrics
        self.retrain = retrain
        self.seed = seed

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002, RUF100
        """Constructor arguments by name; ``deep`` changes nothing."""
        names = inspect.signature(type(self).__init__).parameters
        return {name: getattr(self, name) for name in names if name != "self"}

    def set_params(self, **params: Any) -> Self:
        """Change constructor arguments.

        Raises:
            SettingsError: AS202 for an unknown name or a value out of range.
        """
        Settings.of(**params)
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def fit(
        self,
        data: Any,
        y: None = None,
        *,
        folder: str | Path | None = None,
        on_progress: Callable[[Progress], None] | None = None,
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
            **reading: Arguments of :func:`autosample.data.load_dataset`, such as ``user``,
                ``item``, ``rating``, ``time``, ``valid_file`` and ``test_file``.

        Raises:
            DataError: when the data cannot be used.
            SettingsError: when an argument is unknown or out of range.
        """
        settings = Settings.of(**self.get_params())
        dataset = data if isinstance(data, Dataset) else load_dataset(data, **reading)
        if folder is None:
            return self._take(dataset, run(dataset, settings, on_progress=on_progress))
        run_folder = RunFolder.create(folder, dataset, settings)
        return self._take(dataset, run_folder.run(dataset, on_progress=on_progress))

    def recommend(
        self, users: str | int | Iterable[str | int], k: int = 10, *, unknown: Unknown = "error"
    ) -> pl.DataFrame:
        """The ``k`` best items that each user has not seen in training or validation.

        Args:
            users: Ids of users; whole numbers stand for their decimal text.
            k: Items per user; fewer come where fewer are left.
            unknown: What to do about users without training items: refuse them, skip them, or
                recommend the items with the most interactions, with null scores.

        Returns:
            Columns ``user``, ``item`` (text), ``rank`` (from 1) and ``score``, ordered by the users
            as given and by rank.

        Raises:
            DataError: AS133 for unknown users.
            SettingsError: AS231 for ``k`` below 1, AS204 for another ``unknown``, AS205 when
                nothing was fitted.
        """
        names = [str(name) for name in ([users] if isinstance(users, str | int) else users)]
        lists = Lists.of(self._fitted(), self.dataset_)
        return lists.recommend(names, k, unknown=unknown)

    def save(self, path: str | Path) -> None:
        """Write settings, data and result to a new folder.

        Raises:
            StoreError: AS501 when something is there already.
        """
        result = self._fitted()
        RunFolder.create(path, self.dataset_, result.settings).finish(result, self.dataset_)

    def report(self, path: str | Path, **options: Any) -> Path:
        """Write what was found as one HTML file; see :func:`autosample.report.write_report`."""
        return write_report(self._fitted(), self.dataset_, path, **options)

    @classmethod
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
        return self

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        params = self.get_params().items()
        shown = ", ".join(f"{k}={v!r}" for k, v in params if v != defaults[k].default)
        return f"{type(self).__name__}({shown})"
