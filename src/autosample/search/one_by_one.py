"""Searches that train one sampler after the other, each from the same parameters."""

from __future__ import annotations

import math
from abc import abstractmethod

from autosample.samplers.base import Sampler
from autosample.search.base import INITIAL, Arm, Decision, Outcome, Search, Trial
from autosample.search.stopping import Stopping, epochs_of


class OneByOne(Search):
    """Base: :meth:`propose` names the next sampler; each is trained with early stopping.

    Args:
        epochs: Most epochs per sampler.
        window: Epochs between evaluations.
        patience: Epochs without improvement after which a sampler is given up.
        budget: Trainings of ``epochs`` epochs that all samplers together may take; the last one
            is cut off there. None: no bound.
        start: Name of the state that every sampler starts from.

    Raises:
        SettingsError: AS250 for numbers below 1, AS253 for a budget that is not positive.
    """

    def __init__(
        self,
        *,
        epochs: int = 100,
        window: int = 5,
        patience: int = 50,
        budget: float | None = None,
        start: str = INITIAL,
    ) -> None:
        self._limits = (epochs, window, patience)
        self._stopping = self._new_stopping()
        self._left = math.inf if budget is None else epochs_of(budget, epochs)
        self._current: Sampler | None = None
        self._begun = False
        self.start = start
        self.best: dict[str, float] = {}  # held-out value by label

    @abstractmethod
    def propose(self) -> Sampler | None:
        """The next sampler to train; None when there is none. Called once for each."""

    def goes_on(self, done: int, value: float) -> bool:
        """Whether the present sampler, at ``value`` after ``done`` epochs, may train on."""
        return True

    def close(self, best: float) -> None:
        """Take note that the present sampler's training is over, with its best value."""

    def ask(self) -> Trial | None:
        """The next window of the present sampler, or the first of the next one."""
        if not self._begun:
            self._begun, self._current = True, self.propose()
        if self._current is None:
            return None
        sampler = self._current
        start = Arm(sampler, start=self.start) if self._stopping.done == 0 else Arm(sampler)
        return Trial((start,), self._window(), f"train with {sampler.label}")

    def tell(self, outcomes: list[Outcome]) -> Decision:
        """Note the value; go on to the next sampler when this one is through."""
        outcome, epochs = outcomes[0], self._window()
        self._stopping.note(epochs, outcome.mean)
        self._left -= epochs
        best = self.best[outcome.label] = self._stopping.best
        reason = f"{outcome.label} stands at {outcome.mean:.4f}, its best is {best:.4f}"
        goes_on = self.goes_on(self._stopping.done, outcome.mean)
        if not goes_on or self._window() == 0:
            reason += "" if goes_on else ", and it is given up"
            self.close(best)
            self._stopping = self._new_stopping()
            self._current = self.propose() if self._left > 0 else None
        return Decision(None, outcome.label, reason)

    def _window(self) -> int:
        return int(min(self._stopping.next_window(), self._left))

    def _new_stopping(self) -> Stopping:
        epochs, window, patience = self._limits
        return Stopping(epochs=epochs, window=window, patience=patience)
