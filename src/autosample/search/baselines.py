"""Searches to be measured against: one sampler for all epochs, and the best of several such."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from autosample.samplers.base import Sampler
from autosample.search.base import INITIAL, named
from autosample.search.mixture import Mixture
from autosample.search.one_by_one import OneByOne


class Exhaustive(OneByOne):
    """Train every candidate from the initial parameters, each with early stopping; keep the best.

    Args:
        candidates: Samplers to train; one makes this the fixed-sampler baseline.
        epochs: Most epochs per candidate.
        window: Epochs between evaluations.
        patience: Epochs without improvement after which a candidate is given up.
        budget: Trainings at most; None: one per candidate.
        start: Name of the state that every candidate starts from.

    Raises:
        SettingsError: AS251 without candidates, AS250 for numbers below 1, AS253 for a budget that
            is not positive.

    Cost: one training per candidate.
    """

    name: ClassVar[str] = "exhaustive"

    def __init__(
        self,
        candidates: Sequence[Sampler],
        *,
        epochs: int = 100,
        window: int = 5,
        patience: int = 50,
        budget: float | None = None,
        start: str = INITIAL,
    ) -> None:
        super().__init__(
            epochs=epochs, window=window, patience=patience, budget=budget, start=start
        )
        self.candidates = named(candidates)
        self._waiting = iter(self.candidates)

    def propose(self) -> Sampler | None:
        """The candidates in turn."""
        return next(self._waiting, None)


class Fixed(Exhaustive):
    """One sampler from beginning to end: what libraries do today."""

    name: ClassVar[str] = "fixed"

    def __init__(
        self,
        sampler: Sampler,
        *,
        epochs: int = 100,
        window: int = 5,
        patience: int = 50,
        start: str = INITIAL,
    ) -> None:
        super().__init__([sampler], epochs=epochs, window=window, patience=patience, start=start)


class UniformMixture(Fixed):
    """Equal weights on all candidates, by instance mixing."""

    name: ClassVar[str] = "uniform-mixture"

    def __init__(
        self,
        candidates: Sequence[Sampler],
        *,
        epochs: int = 100,
        window: int = 5,
        patience: int = 50,
    ) -> None:
        super().__init__(
            Mixture(named(candidates)), epochs=epochs, window=window, patience=patience
        )
