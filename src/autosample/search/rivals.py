"""Samplers that train on from parameters of their own, beside the forks of the main state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, NamedTuple

from autosample.samplers.base import Sampler
from autosample.search.base import Arm, Outcome
from autosample.search.decide import paired

LOSSES = 3  # not on course to be made up, after which a rival is given up
TRIALS = 8  # after which it is given up in any case


@dataclass
class Rival:
    """One of them.

    Attributes:
        sampler: What it trains with.
        state: Name of its parameters.
        instead_of: Label of the harder sampler that was preferred to it, if that is why it is one.
        gap: How far it was behind when last compared (:func:`behind`); None: never compared.
        losses: Trials in which it was worse and not on course to catch up, since it was last level.
        trials: Trials it has taken part in.
    """

    sampler: Sampler
    state: str
    instead_of: str | None = None
    gap: float | None = None
    losses: int = 0
    trials: int = 0


class Meeting(NamedTuple):
    """What became of the rivals in a trial.

    Attributes:
        winner: The one that takes over, if any.
        given_up: Those that do not train on.
        evidence: Numbers behind it, JSON-ready.
    """

    winner: Rival | None
    given_up: list[Rival]
    evidence: dict[str, Any]


class Rivals:
    """Keeps alive what a short trial cannot judge.

    Forks compare samplers one window ahead, from the same parameters. Three things only show later:
    where another family of samplers would have ended, which may start slowly; whether a harder
    sampler, which learns faster, goes wrong soon after; and what an easier one is worth, whose
    first window costs more than it brings. So the best of another family, a sampler that was left
    for a harder one, and an easier one that lost its fork each train on from parameters of their
    own. A rival takes over when it is better than what the forks have come to, at half the level of
    a fork's test since it has several trials to be lucky in. It is given up after eight trials, or
    three in which it was worse at the full level and had not come so much closer that, at this
    pace, it would catch up before the search ends. Closeness is relative: while both rise steeply,
    a lag of some epochs grows in absolute terms though it is being made up.

    Args:
        level: Level of a one-sided test.
    """

    def __init__(self, level: float) -> None:
        self._loses = NormalDist().inv_cdf(1 - level)
        self._wins = NormalDist().inv_cdf(1 - level / 2)
        self._all: list[Rival] = []

    def __iter__(self) -> Iterator[Rival]:
        return iter(self._all)

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

    def add(
        self, sampler: Sampler, *, instead_of: str | None = None, gap: float | None = None
    ) -> str:
        """A new rival; returns the name under which its parameters must be kept.

        Args:
            sampler: What it trains with.
            instead_of: Label of the harder sampler that was preferred to it, if one was.
            gap: How far it is behind already (:func:`behind`); None: not known, and no loss
                counts before it is.
        """
        name = rival_state(sampler)
        self._all = [rival for rival in self._all if rival.state != name]
        self._all.append(Rival(sampler, name, instead_of, gap))
        return name

    def cut(self, n: int) -> None:
        """Give up all but the first ``n``, those that have trained the longest."""
        del self._all[n:]

    def meet(self, outcomes: Sequence[Outcome], chosen: Outcome, later: int) -> Meeting:
        """Settle their fates after a trial.

        Args:
            outcomes: Theirs, in the order of :attr:`arms`.
            chosen: What the forks have come to.
            later: Trials that will follow.
        """
        winner, most, evidence = None, self._wins, {}
        for rival, outcome in zip(self._all, outcomes, strict=True):
            ahead = paired(outcome.scores, chosen.scores)
            evidence[rival.state] = {"mean": outcome.mean, "ahead_z": ahead.z}
            rival.trials += 1
            before, rival.gap = rival.gap, behind(outcome, chosen)
            if ahead.z > -self._loses:
                rival.losses = 0
            elif before is not None and (before - rival.gap) * later < rival.gap:
                rival.losses += 1
            if ahead.z >= most:
                winner, most = rival, ahead.z
        others = [rival for rival in self._all if rival is not winner]
        self._all = [r for r in others if r.losses < LOSSES and r.trials < TRIALS]
        return Meeting(winner, [r for r in others if r not in self._all], evidence)


def behind(outcome: Outcome, chosen: Outcome) -> float:
    """By which share of the chosen one's mean another's is lower; 0 where that mean is 0."""
    return 1 - outcome.mean / chosen.mean if chosen.mean > 0 else 0.0


def rival_state(sampler: Sampler) -> str:
    """Name under which a rival's parameters are kept."""
    return f"rival {sampler.label}"
