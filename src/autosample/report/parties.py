"""Who is compared: this run and others, runs that differ in their seed alone taken together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from autosample.data import Dataset
from autosample.metrics import Ranks, per_user
from autosample.report.measure import (
    Difference,
    FloatArray,
    check_same_test,
    holm,
    other_test,
    paired,
)
from autosample.run import RunResult

THIS = "this run"
_UNIFORM_LABELS = {"uniform", "dns:pool=1"}  # the hardest of one uniform draw is that draw


@dataclass(frozen=True)
class Party:
    """Runs of equal settings but for the seed.

    Attributes:
        label: What it is called.
        runs: One per seed.
        best_fixed: Whether it is the best fixed sampler, see :func:`gather`.
    """

    label: str
    runs: Sequence[RunResult]
    best_fixed: bool = False

    @property
    def name(self) -> str:
        """The label, and that it is the best fixed sampler where it is."""
        if self.best_fixed:
            return f"the best fixed sampler, {self.label}"
        return self.label

    @property
    def ranks(self) -> list[Ranks]:
        """Ranks of the test items, by seed."""
        return [run.ranks for run in self.runs if run.ranks is not None]

    @property
    def trainings(self) -> float:
        """Mean cost in trainings."""
        return float(np.mean([run.trainings for run in self.runs]))

    @property
    def seconds(self) -> float:
        """Mean time."""
        return float(np.mean([run.seconds for run in self.runs]))

    def per_user(self, metric: str) -> FloatArray:
        """(n,) a metric of every test user, mean over seeds."""
        values: FloatArray = np.mean([per_user(one, metric) for one in self.ranks], axis=0)
        return values


def gather(result: RunResult, against: Mapping[str, RunResult], name: str = THIS) -> list[Party]:
    """This run, by its name, with its other seeds, then the others in the order given.

    Of the others with a fixed sampler, the one with the best mean on validation users is the best
    fixed sampler; none is when there is no other beside uniform sampling.

    Raises:
        DataError: AS145 when a run is not of the same test split.
    """
    groups: list[dict[str, RunResult]] = [{name: result}]
    for given, run in against.items():
        if result.ranks is not None and run.ranks is not None:
            check_same_test(result.ranks, run.ranks)
        if run.ranks is not None or result.ranks is None:
            _place(groups, given, run)
    fixed = [group for group in groups[1:] if _is_fixed(group)]
    best = max(fixed, key=_validation, default=None)
    if best is not None and all(_label(group) in _UNIFORM_LABELS for group in fixed):
        best = None
    labels = [name, *(_label(group) for group in groups[1:])]
    return [
        Party(
            label if labels.count(label) == 1 else next(iter(group)),
            list(group.values()),
            group is best,
        )
        for label, group in zip(labels, groups, strict=True)
    ]


def in_numbers_of(dataset: Dataset, result: RunResult, own: Dataset) -> RunResult:
    """A result whose ranks go by the numbers of another dataset with the same test.

    Ids are numbered as they come in training, so that users of one test have other numbers where
    another seed has drawn another validation.

    Args:
        dataset: Whose numbers are wanted.
        result: A run's.
        own: The dataset of that run.

    Raises:
        DataError: AS145 when the two have other users, or other items of a user, in the test.
    """
    ranks, test, wanted = result.ranks, own.test, dataset.test
    same = own is dataset or own.fingerprint() == dataset.fingerprint()
    if same or ranks is None or not len(wanted):
        return result
    users = dataset.users.numbers(own.users.names)
    items = dataset.items.numbers(own.items.names)[test.items]
    order = np.lexsort((items, users[test.users]))
    theirs = users[test.users][order], items[order]
    if not (np.array_equal(theirs[0], wanted.users) and np.array_equal(theirs[1], wanted.items)):
        raise other_test(len(np.flatnonzero(wanted.user_counts)), len(ranks))
    place = np.argsort(users[ranks.users])
    there = users[ranks.users][place]
    indptr = np.concatenate([[0], np.cumsum(wanted.user_counts[there])]).astype(np.int64)
    moved = Ranks(there, indptr, ranks.ranks[order], ranks.n_candidates[place])
    return replace(result, ranks=moved)


def _place(groups: list[dict[str, RunResult]], name: str, run: RunResult) -> None:
    """Beside runs of equal settings and other seeds, or in a group of its own."""
    for group in groups:
        settings = [one.settings for one in group.values()]
        alike = settings[0].model_copy(update={"seed": run.settings.seed}) == run.settings
        if alike and run.settings.seed not in [one.seed for one in settings]:
            group[name] = run
            return
    groups.append({name: run})


def _first(group: Mapping[str, RunResult]) -> RunResult:
    return next(iter(group.values()))


def _is_fixed(group: Mapping[str, RunResult]) -> bool:
    return _first(group).settings.strategy == "fixed"


def _validation(group: Mapping[str, RunResult]) -> float:
    return float(np.mean([run.valid_metric for run in group.values()]))


def _label(group: Mapping[str, RunResult]) -> str:
    """The sampler of fixed ones, the strategy of several seeds, else the name given."""
    settings = _first(group).settings
    if settings.strategy == "fixed":
        return settings.candidates[0]
    return settings.strategy if len(group) > 1 else next(iter(group))


def named(parties: Sequence[Party], changes: Mapping[str, Difference]) -> dict[str, Difference]:
    """Differences by the names of parties instead of their labels."""
    names = {party.label: party.name for party in parties}
    return {names.get(label, label): one for label, one in changes.items()}


def differences(parties: Sequence[Party], metric: str) -> list[Difference]:
    """The first party minus each of the others, p-values adjusted for their number (Holm 1979)."""
    own, *others = [party.per_user(metric) for party in parties]
    return holm([paired(own, values) for values in others])
