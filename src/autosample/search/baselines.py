"""Searches to be measured against: one sampler for all epochs, and ways to pick that one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from autosample.errors import SettingsError
from autosample.samplers.base import Sampler
from autosample.search.base import INITIAL, Arm, Decision, Outcome, Search, Trial
from autosample.search.mixture import Mixture
from autosample.search.stopping import Stopping


class Exhaustive(Search):
    """Train every candidate from the initial parameters, each with early stopping; keep the best.

    Args:
        candidates: Samplers to train; one makes this the fixed-sampler baseline.
        epochs: Most epochs per candidate.
        window: Epochs between evaluations.
        patience: Epochs without improvement after which a candidate is given up.
        start: Name of the state that every candidate starts from.

    Raises:
        SettingsError: AS251 without candidates, AS250 for numbers below 1.

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
        start: str = INITIAL,
    ) -> None:
        if not candidates:
            raise SettingsError("AS251", "A search needs candidates.", "Name some samplers.")
        self.candidates, self.start = list(candidates), start
        self._limits = (epochs, window, patience)
        self._place, self._stopping = 0, self._new_stopping()
        self.best: dict[str, float] = {}

    def ask(self) -> Trial | None:
        """The next window of the current candidate, or the first of the next one."""
        window = self._stopping.next_window()
        if window == 0:
            self._place, self._stopping = self._place + 1, self._new_stopping()
            window = self._stopping.next_window()
        if self._place == len(self.candidates):
            return None
        sampler = self.candidates[self._place]
        start = Arm(sampler, start=self.start) if self._stopping.done == 0 else Arm(sampler)
        return Trial((start,), window, f"train with {sampler.label}")

    def tell(self, outcomes: list[Outcome]) -> Decision:
        """Note the candidate's value."""
        outcome = outcomes[0]
        self._stopping.note(self._stopping.next_window(), outcome.mean)
        best = self.best[outcome.label] = self._stopping.best
        reason = f"{outcome.label} stands at {outcome.mean:.4f}, its best is {best:.4f}"
        return Decision(None, outcome.label, reason)

    def _new_stopping(self) -> Stopping:
        epochs, window, patience = self._limits
        return Stopping(epochs=epochs, window=window, patience=patience)


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
        super().__init__(Mixture(candidates), epochs=epochs, window=window, patience=patience)


class Halving(Search):
    """Successive halving (Jamieson and Talwalkar 2016): train all, drop the worse half, go on.

    Each candidate goes on from its own state. The first rung has epochs / 2^r epochs for r rounds
    of halving, every later one doubles the epochs trained so far.

    Args:
        candidates: Samplers to start with.
        epochs: Epochs of the last one standing.

    Raises:
        SettingsError: AS251 without candidates.

    Cost: about log2(candidates) trainings.
    """

    name: ClassVar[str] = "halving"

    def __init__(self, candidates: Sequence[Sampler], *, epochs: int = 100) -> None:
        if not candidates:
            raise SettingsError("AS251", "A search needs candidates.", "Name some samplers.")
        self._alive = list(candidates)
        self._epochs, self._done = epochs, 0
        rounds = max(len(candidates) - 1, 0).bit_length()
        self._next = max(1, epochs >> rounds)

    def ask(self) -> Trial | None:
        """All that are alive, up to the end of the rung."""
        window = min(self._next, self._epochs) - self._done
        if window <= 0:
            return None
        arms = [
            Arm(sampler, start=sampler.label if self._done else INITIAL, save=sampler.label)
            for sampler in self._alive
        ]
        return Trial(tuple(arms), window, f"{len(arms)} candidates to epoch {self._done + window}")

    def tell(self, outcomes: list[Outcome]) -> Decision:
        """Keep the better half."""
        self._done = min(self._next, self._epochs)
        self._next = self._done * 2
        order = sorted(range(len(outcomes)), key=lambda place: -outcomes[place].mean)
        kept = sorted(order[: max(1, (len(order) + 1) // 2)])
        self._alive = [self._alive[place] for place in kept]
        leader = outcomes[order[0]]
        if len(self._alive) == 1 and self._next < self._epochs:
            self._next = self._epochs
        reason = f"{len(self._alive)} of {len(outcomes)} stay, {leader.label} leads"
        return Decision(None, leader.label, reason, {o.label: o.mean for o in outcomes})
