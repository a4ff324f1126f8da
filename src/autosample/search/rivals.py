"""Samplers that train on from parameters of their own, beside the forks of the main state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from autosample.samplers.base import Sampler
from autosample.search.base import Arm, Outcome
from autosample.search.decide import paired

LOSSES = 3  # in a row, after which a rival is given up
TRIALS = 6  # after which it is given up in any case


@dataclass
class Rival:
    """One of them.

    Attributes:
        sampler: What it trains with.
        state: Name of its parameters.
        instead_of: Label of the harder sampler that was preferred to it, if that is why it is one.
        losses: Trials in a row in which it was worse.
        trials: Trials it has taken part in.
    """

    sampler: Sampler
    state: str
    instead_of: str | None = None
    losses: int = 0
    trials: int = 0


class Rivals:
    """Keeps alive what a short trial cannot judge.

    Forks compare samplers one window ahead, from the same parameters. Two things only show later:
    where another family of samplers would have ended, and whether a harder sampler, which learns
    faster, goes wrong soon after. So the best of another family and a sampler that was left for a
    harder one each train on from parameters of their own. A rival takes over when it is better than
    what the forks have come to, at half the level of a fork's test since it has several trials to
    be lucky in; it is given up after three losses in a row at the full level, or six trials.

    Args:
        level: Level of a one-sided test.
    """

    def __init__(self, level: float) -> None:
        self._loses = NormalDist().inv_cdf(1 - level)
        self._wins = NormalDist().inv_cdf(1 - level / 2)
        self._all: list[Rival] = []

    def __len__(self) -> int:
        return len(self._all)

    @property
    def states(self) -> list[str]:
        """Names of their parameters, in the order of :attr:`arms`."""
        return [rival.state for rival in self._all]

    @property
    def families(self) -> frozenset[type[Sampler]]:
        """Their classes."""
        return frozenset(type(rival.sampler) for rival in self._all)

    @property
    def arms(self) -> list[Arm]:
        """One arm for each: train on from its own parameters."""
        return [Arm(rival.sampler, start=rival.state, save=rival.state) for rival in self._all]

    def add(self, sampler: Sampler, *, instead_of: str | None = None) -> str:
        """A new rival; returns the name under which its parameters must be kept."""
        name = rival_state(sampler)
        self._all = [rival for rival in self._all if rival.state != name]
        self._all.append(Rival(sampler, name, instead_of))
        return name

    def meet(
        self, outcomes: Sequence[Outcome], chosen: Outcome
    ) -> tuple[Rival | None, dict[str, Any]]:
        """Settle their fates after a trial.

        Args:
            outcomes: Theirs, in the order of :attr:`arms`.
            chosen: What the forks have come to.

        Returns:
            The rival that takes over, if any, and the numbers behind it.
        """
        winner, most, evidence = None, self._wins, {}
        for rival, outcome in zip(self._all, outcomes, strict=True):
            ahead = paired(outcome.scores, chosen.scores).z
            evidence[rival.state] = {"mean": outcome.mean, "ahead_z": ahead}
            rival.trials += 1
            rival.losses = rival.losses + 1 if ahead <= -self._loses else 0
            if ahead >= most:
                winner, most = rival, ahead
        self._all = [
            rival
            for rival in self._all
            if rival is not winner and rival.losses < LOSSES and rival.trials < TRIALS
        ]
        return winner, evidence


def rival_state(sampler: Sampler) -> str:
    """Name under which a rival's parameters are kept."""
    return f"rival {sampler.label}"
