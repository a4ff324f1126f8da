"""Successive halving (Jamieson and Talwalkar 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from autosample.samplers.base import Sampler
from autosample.search.base import INITIAL, Arm, Decision, Outcome, Search, Trial, named
from autosample.search.stopping import BUDGET, Stopping, epochs_of


class Halving(Search):
    """Train all, drop the worse half, go on; the last one standing trains to the end.

    Each candidate goes on from its own state. Rungs end at epochs that grow by a constant factor,
    the smallest with which the whole stays within the budget. All are evaluated after every window,
    so that the best parameters are kept wherever they come up, and dropped by their value at the
    end of a rung.

    Args:
        candidates: Samplers to start with.
        epochs: Epochs of the last one standing.
        window: Epochs between evaluations.
        patience: Epochs without a better held-out value after which the last one stops.
        budget: Trainings at most.

    Raises:
        SettingsError: AS251 without candidates, AS250 for numbers below 1, AS253 for a budget that
            is not positive.

    Cost: ``budget`` trainings, or an epoch of every candidate in every rung where these are more;
    less by early stopping of the last one.
    """

    name: ClassVar[str] = "halving"

    def __init__(
        self,
        candidates: Sequence[Sampler],
        *,
        epochs: int = 100,
        window: int = 5,
        patience: int = 50,
        budget: float = BUDGET,
    ) -> None:
        self._alive = named(candidates)
        self._stopping = Stopping(epochs=epochs, window=window, patience=patience)
        self._ends = rungs(len(self._alive), epochs, epochs_of(budget, epochs))
        #: Epochs that no budget cuts short: one of every candidate in every rung.
        self.uncut = sum(standing(len(self._alive), epochs))

    def ask(self) -> Trial | None:
        """All that are alive, for a window or to the end of the rung."""
        epochs = self._window()
        if epochs == 0:
            return None
        done = self._stopping.done
        arms = [
            Arm(sampler, start=sampler.label if done else INITIAL, save=sampler.label)
            for sampler in self._alive
        ]
        return Trial(tuple(arms), epochs, f"{len(arms)} candidates to epoch {self._ends[0]}")

    def tell(self, outcomes: list[Outcome]) -> Decision:
        """Note the values; at the end of a rung keep the better half."""
        leader = max(outcomes, key=lambda outcome: outcome.mean)
        evidence = {outcome.label: outcome.mean for outcome in outcomes}
        self._stopping.note(self._window(), leader.mean)
        reason = f"{leader.label} leads"
        if self._stopping.done == self._ends[0] and len(self._ends) > 1:
            self._ends.pop(0)
            order = sorted(range(len(outcomes)), key=lambda place: -outcomes[place].mean)
            kept = sorted(order[: (len(order) + 1) // 2])
            self._alive = [self._alive[place] for place in kept]
            self._stopping.best, self._stopping.best_at = leader.mean, self._stopping.done
            reason = f"{len(kept)} of {len(outcomes)} stay, {leader.label} leads"
        return Decision(None, leader.label, reason, evidence)

    def _window(self) -> int:
        """Epochs of the next trial; 0 when the last rung, or the last one's patience, is over."""
        left = self._ends[0] - self._stopping.done
        stopping = self._stopping.next_window()
        return min(left, stopping if len(self._alive) == 1 else self._stopping.window)


def standing(n: int, epochs: int) -> list[int]:
    """How many of ``n`` candidates train in each rung; there are no more rungs than epochs."""
    alive = [n]
    while alive[-1] > 1 and len(alive) < epochs:
        alive.append((alive[-1] + 1) // 2)
    return alive


def rungs(n: int, epochs: int, budget: int) -> list[int]:
    """Epochs at which the rungs of ``n`` candidates end, within ``budget`` epochs where possible.

    The last is ``epochs``, or as many as the budget leaves it. A rung has at least one epoch.
    """
    alive = standing(n, epochs)
    rounds = len(alive)
    last = max(rounds, min(epochs, budget - sum(alive) + rounds))
    ends: list[int] = []
    for factor in np.geomspace(1, 2 * last, 500):
        ends = []
        for power in range(rounds - 1, -1, -1):
            latest = last - power  # leaves an epoch for every later rung
            ends.append(min(latest, max(len(ends) + 1, round(last / factor**power))))
        if np.diff([0, *ends]) @ alive <= budget and len(set(ends)) == rounds:
            break
    return ends
