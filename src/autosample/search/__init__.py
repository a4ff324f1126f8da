"""Searches for a negative sampler, by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypedDict

from autosample.data.interactions import Interactions
from autosample.errors import SettingsError
from autosample.samplers.base import Sampler
from autosample.search.adaptive import Adaptive
from autosample.search.base import Arm, Decision, Outcome, Search, Trial, named
from autosample.search.baselines import Exhaustive, Fixed, UniformMixture
from autosample.search.engine import Engine, Progress, Schedule, SearchResult
from autosample.search.gradient import LearnedMixture
from autosample.search.halving import Halving
from autosample.search.mixture import Mixture, Split
from autosample.search.random_search import RandomSearch
from autosample.search.stopping import BUDGET, epochs_of
from autosample.search.tpe import TPE
from autosample.search.users_split import user_covariates


class Limits(TypedDict):
    """How long a search may train."""

    epochs: int
    window: int
    patience: int


@dataclass(frozen=True)
class Brief:
    """What every search is made from."""

    candidates: Sequence[Sampler]
    train: Interactions
    valid: Interactions
    epochs: int
    window: int
    patience: int
    seed: int
    budget: float | None = None  # in trainings; None: the strategy's own

    @property
    def limits(self) -> Limits:
        """Epochs, window and patience as keyword arguments."""
        return {"epochs": self.epochs, "window": self.window, "patience": self.patience}

    @property
    def trainings(self) -> float:
        """The budget, or the usual one."""
        return BUDGET if self.budget is None else self.budget


def _adaptive(brief: Brief) -> Search:
    valid_users = int((brief.valid.user_counts > 0).sum())
    search = Adaptive(
        brief.candidates,
        **brief.limits,
        budget=brief.trainings,
        valid_users=valid_users,
        n_users=brief.train.n_users,
        covariates=user_covariates(brief.train, brief.valid),
        seed=brief.seed,
    )
    _require(brief, search.uncut, "the race of the candidates and the training after it")
    return search


def _require(brief: Brief, epochs: int, what: str) -> None:
    """Refuse a budget that was given and is less than what is not cut short for it."""
    if brief.budget is not None and epochs_of(brief.budget, brief.epochs) < epochs:
        least = math.ceil(100 * epochs / brief.epochs) / 100
        raise SettingsError(
            "AS253",
            f"A budget must pay for {what}, {least:g} trainings here, got {brief.budget:g}.",
            "Raise it, name fewer candidates, or take another strategy, such as random.",
        )


def _weighted(brief: Brief) -> Search:
    return Fixed(LearnedMixture(named(brief.candidates), held=brief.valid), **brief.limits)


def _random(brief: Brief) -> Search:
    return RandomSearch(brief.candidates, **brief.limits, budget=brief.trainings, seed=brief.seed)


def _halving(brief: Brief) -> Search:
    search = Halving(brief.candidates, **brief.limits, budget=brief.trainings)
    _require(brief, search.uncut, "an epoch of every candidate in every rung")
    return search


def _tpe(brief: Brief) -> Search:
    return TPE(brief.candidates, **brief.limits, budget=brief.trainings, seed=brief.seed)


def _exhaustive(brief: Brief) -> Search:
    return Exhaustive(brief.candidates, **brief.limits, budget=brief.budget)


STRATEGIES: dict[str, Callable[[Brief], Search]] = {
    "adaptive": _adaptive,
    "weighted": _weighted,
    "fixed": lambda brief: Fixed(brief.candidates[0], **brief.limits),
    "uniform-mixture": lambda brief: UniformMixture(brief.candidates, **brief.limits),
    "exhaustive": _exhaustive,
    "random": _random,
    "halving": _halving,
    "tpe": _tpe,
}

__all__ = [
    "BUDGET",
    "STRATEGIES",
    "TPE",
    "Adaptive",
    "Arm",
    "Brief",
    "Decision",
    "Engine",
    "Exhaustive",
    "Fixed",
    "Halving",
    "LearnedMixture",
    "Mixture",
    "Outcome",
    "Progress",
    "RandomSearch",
    "Schedule",
    "Search",
    "SearchResult",
    "Split",
    "Trial",
    "UniformMixture",
]
