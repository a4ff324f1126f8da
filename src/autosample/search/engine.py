"""Carries out trials: trains arms, measures them on held-out users, keeps states and the books."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from statistics import NormalDist
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autosample.data.interactions import Interactions
from autosample.evaluate import rank_held_out
from autosample.metrics import per_user
from autosample.samplers.base import Sampler
from autosample.search.base import INITIAL, MAIN, TRAIL, Arm, Decision, Outcome, Search, Trial
from autosample.search.decide import paired
from autosample.train import Epoch, Learner

LEVEL = 0.1  # of the one-sided test of the last state against the running mean

State = dict[str, Tensor]
Schedule = tuple[tuple[str, int], ...]  # labels of samplers and their epochs, in order


@dataclass(frozen=True)
class Progress:
    """What the search does now, for people watching."""

    trial: int
    purpose: str
    arm: int
    arms: int
    label: str
    epoch: int
    epochs: int
    best: float | None


@dataclass
class SearchResult:
    """What a search found.

    Attributes:
        state: Snapshot with the best held-out metric.
        metric: That metric's mean over validation users.
        schedule: Samplers and epochs that led to ``state``, from the initial parameters.
        positives: Positives processed by all arms together.
        seconds: Wall time.
        history: One JSON-ready record per epoch, evaluation and decision, in order.
        averaged: Whether ``state`` is of the trail, the running mean of the main states.
        mean_from: Epochs of the schedule after which that mean began.
    """

    state: State
    metric: float = -np.inf
    schedule: Schedule = ()
    positives: int = 0
    seconds: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)
    averaged: bool = False
    mean_from: int = 0

    @property
    def epochs(self) -> int:
        """Length of the schedule."""
        return sum(epochs for _, epochs in self.schedule)


@dataclass
class Within:
    """How far a trial is.

    Attributes:
        outcomes: Of its arms that are done.
        epochs: Of the next arm that are done; None: it has not begun.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    epochs: int | None = None


class Engine:
    """Runs a search with one learner.

    Args:
        learner: Model in training; its present state is the initial one.
        valid: Held-out interactions that decide; never used for gradients by the engine. None:
            nothing is measured, and the last state is the result.
        metric: Name of the deciding metric, such as ``ndcg@20``.
        on_progress: Called after every epoch.
        on_record: Called with every new history record.

    Attributes:
        states, schedules: By name, what trials start from, and what led there.
        within: How far the present trial is; None between trials.
        mean_from: Epochs after which the trail last began anew.
        on_step: Called after every batch, with False, and after every epoch and trial, with True.
            All attributes and the learner's snapshot then say together where the search stands.
    """

    def __init__(
        self,
        learner: Learner,
        valid: Interactions | None,
        *,
        metric: str = "ndcg@20",
        on_progress: Callable[[Progress], None] | None = None,
        on_record: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self.learner, self.valid, self.metric = learner, valid, metric
        self.on_progress, self.on_record = on_progress, on_record
        initial = learner.snapshot()
        self.states: dict[str, State] = {INITIAL: initial, MAIN: initial}
        self.schedules: dict[str, Schedule] = {INITIAL: (), MAIN: ()}
        self.samplers: dict[str, Sampler] = {}  # by label, all that took part
        self.result = SearchResult(state=initial)
        self.trials = self.mean_from = 0
        self.within: Within | None = None
        self.on_step: Callable[[bool], None] | None = None
        self._counted = time.perf_counter()  # until when time is in the result

    def run(self, search: Search) -> SearchResult:
        """Ask, train, tell until the search is over; the learner ends in the best state.

        Cost: the epochs of all arms, and one full ranking of the validation users per arm, one per
        trial of the mean where there is one, and two at the end.
        """
        self._counted = time.perf_counter()
        while (trial := search.ask()) is not None:
            self.advance(search, trial)
        if TRAIL in self.states and self.valid is not None:
            self._last_word(self.valid)
            self._count()
        self.learner.restore(self.result.state)
        return self.result

    def advance(self, search: Search, trial: Trial) -> None:
        """Carry out one trial, or the rest of the one that ``within`` is about."""
        if self.within is None:
            self.trials, self.within = self.trials + 1, Within()
        self.samplers |= {arm.sampler.label: arm.sampler for arm in trial.arms}
        outcomes = self.within.outcomes
        for place in range(len(outcomes), len(trial.arms)):
            outcomes.append(self._train(place, trial, self.within))
        decision = search.tell(outcomes)
        self.apply(decision, search.keeps)
        if decision.trail is not None:
            self._follow(decision.trail)
        self.within = None
        self._record("decision", **asdict(decision), purpose=trial.purpose)
        self._step(over=True)

    def apply(self, decision: Decision, keeps: frozenset[str]) -> None:
        """Adopt a state as the main one and drop those that no later trial can name."""
        for new, old in decision.keep.items():
            self.states[new], self.schedules[new] = self.states[old], self.schedules[old]
        if decision.adopt is not None:
            self.states[MAIN] = self.states[decision.adopt]
            self.schedules[MAIN] = self.schedules[decision.adopt]
            for name in set(self.states) - {INITIAL, MAIN, TRAIL} - keeps:
                del self.states[name], self.schedules[name]

    def _follow(self, weight: float) -> None:
        """Move the trail towards the main state and measure it.

        The mean of a path is less noisy than any point of it (after Polyak and Juditsky 1992), so
        that the best of many held-out values is less of a lucky one.
        """
        main = self.states[MAIN]
        self.states[TRAIL] = blend(self.states.get(TRAIL, main), main, weight)
        self.schedules[TRAIL] = self.schedules[MAIN]
        self.learner.restore(self.states[TRAIL])
        if weight == 1:
            self.mean_from = self.learner.epoch
        self._measure(TRAIL, TRAIL)

    def _last_word(self, valid: Interactions) -> None:
        """Take the last main state where it beats the result so far at :data:`LEVEL`.

        A mean lags behind a training that still rises when its epochs are over.
        """
        label, outcomes = self.schedules[MAIN][-1][0], []
        for state in (self.states[MAIN], self.result.state):
            self.learner.restore(state)
            outcomes.append(self._ranked(label, valid))
        last, best = outcomes
        if paired(last.scores, best.scores).z >= NormalDist().inv_cdf(1 - LEVEL):
            self._take(MAIN, last.mean)
            epochs = self.result.epochs
            self._record("evaluation", sampler=label, epochs=epochs, value=last.mean, counts=True)

    def _train(self, place: int, trial: Trial, within: Within) -> Outcome:
        arm = trial.arms[place]
        if within.epochs is None:
            self.learner.restore(self.states[arm.start])
            within.epochs = 0
        while within.epochs < trial.epochs:
            done = self.learner.run_epoch(arm.sampler, lambda _: self._step(over=False))
            self.result.positives += done.positives
            self._say(place, arm, trial, within.epochs, done)
            within.epochs += 1
            self._step(over=True)
        self.states[arm.save] = self.learner.snapshot()
        label = arm.sampler.label
        self.schedules[arm.save] = extend(self.schedules[arm.start], label, trial.epochs)
        within.epochs = None
        return self._measure(arm.save, label)

    def _count(self) -> None:
        """Enter the time that has passed in the result."""
        now = time.perf_counter()
        self.result.seconds += now - self._counted
        self._counted = now

    def _step(self, *, over: bool) -> None:
        self._count()
        if self.on_step is not None:
            self.on_step(over)

    def _measure(self, state: str, label: str) -> Outcome:
        """Rank the validation users with the learner's present state, saved as ``state``."""
        if self.valid is None:
            self._take(state, self.result.metric)
            return Outcome(label, np.empty(0, np.int64), np.empty(0))
        outcome = self._ranked(label, self.valid)
        counts = state == TRAIL or TRAIL not in self.states
        if counts and outcome.mean > self.result.metric:
            self._take(state, outcome.mean)
        epochs = self.learner.epoch
        self._record("evaluation", sampler=label, epochs=epochs, value=outcome.mean, counts=counts)
        return outcome

    def _ranked(self, label: str, valid: Interactions) -> Outcome:
        """Held-out scores of the learner's present state."""
        ranks = rank_held_out(*self.learner.model.tables(), self.learner.interactions, valid)
        return Outcome(label, ranks.users, per_user(ranks, self.metric))

    def _take(self, state: str, metric: float) -> None:
        """Make a saved state the result."""
        self.result.state, self.result.metric = self.states[state], metric
        self.result.schedule, self.result.averaged = self.schedules[state], state == TRAIL
        self.result.mean_from = self.mean_from

    def _say(self, place: int, arm: Arm, trial: Trial, epoch: int, done: Epoch) -> None:
        label = arm.sampler.label
        self._record("epoch", sampler=label, **asdict(done))
        if self.on_progress is not None:
            best = self.result.metric if np.isfinite(self.result.metric) else None
            now = (self.trials, trial.purpose, place + 1, len(trial.arms), label)
            self.on_progress(Progress(*now, epoch + 1, trial.epochs, best))

    def _record(self, kind: str, **values: Any) -> None:
        record = {"kind": kind, "trial": self.trials, **values}
        record["positives_so_far"] = self.result.positives
        self.result.history.append(record)
        if self.on_record is not None:
            self.on_record(record)


def extend(schedule: Schedule, label: str, epochs: int) -> Schedule:
    """The schedule with some more epochs of a sampler; equal neighbours are merged."""
    if schedule and schedule[-1][0] == label:
        return (*schedule[:-1], (label, schedule[-1][1] + epochs))
    return (*schedule, (label, epochs))


def blend(old: State, new: State, weight: float) -> State:
    """``new`` with the model's parameters (1 - weight) * old + weight * new."""
    return {
        name: torch.lerp(old[name], value, weight)
        if name.startswith("model/") and value.is_floating_point()
        else value
        for name, value in new.items()
    }
