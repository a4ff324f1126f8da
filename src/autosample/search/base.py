"""What a search is: it asks for trials and is told their outcomes.

A search never trains. It names arms, each a sampler that trains some saved state for a window of
epochs, and decides from held-out scores per user which state goes on. The same engine serves all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from autosample.errors import SettingsError
from autosample.samplers.base import Sampler
from autosample.search.decide import FloatArray, IntArray

INITIAL = "initial"  # the state before any training
MAIN = "main"  # the state a search builds on
TRAIL = "trail"  # the running mean of the states that were the main one


@dataclass(frozen=True)
class Arm:
    """Train the state ``start`` with ``sampler`` and save the result as ``save``."""

    sampler: Sampler
    start: str = MAIN
    save: str = MAIN


@dataclass(frozen=True)
class Trial:
    """Arms to train for the same number of epochs, and a word on what for."""

    arms: tuple[Arm, ...]
    epochs: int
    purpose: str


@dataclass(frozen=True)
class Outcome:
    """Held-out metric of every validation user after an arm's window."""

    label: str  # of the arm's sampler
    users: IntArray  # (n,)
    scores: FloatArray  # (n,)

    @property
    def mean(self) -> float:
        """Mean over users."""
        return float(self.scores.mean())


@dataclass(frozen=True)
class Decision:
    """What became of a trial.

    Attributes:
        adopt: Name of the saved state that becomes the main one; None: the main state stays.
        label: The sampler that the decision stands for.
        reason: One sentence for people.
        evidence: Numbers behind it, JSON-ready.
        keep: Saved states to be kept under another name, which the search's ``keeps`` has: new name
            to saved name.
        trail: Weight of the adopted state in the running mean of the main states, the trail, which
            from then on stands for the measured states in the contest for the result; 1 begins the
            mean anew; None: there is no mean.
    """

    adopt: str | None
    label: str
    reason: str
    evidence: dict[str, Any] = field(default_factory=dict)
    keep: dict[str, str] = field(default_factory=dict)
    trail: float | None = None


class Search(ABC):
    """Policy that finds a sampler, or a schedule of samplers.

    A search is a deterministic function of what it was told, so that a run is resumed by telling a
    new one the recorded outcomes.
    """

    name: ClassVar[str]
    #: Weight of the newest main state in the mean that the result is taken from; 1: in none.
    trail: float = 1.0

    @property
    def keeps(self) -> frozenset[str]:
        """Names of saved states that outlive an adoption, beside the initial and the main one."""
        return frozenset()

    @abstractmethod
    def ask(self) -> Trial | None:
        """The next trial; None when the search is over."""

    @abstractmethod
    def tell(self, outcomes: list[Outcome]) -> Decision:
        """Take the outcomes of the last trial, in the order of its arms."""


def named(candidates: Sequence[Sampler]) -> list[Sampler]:
    """What a search chooses from, as a list; candidates with equal labels are one.

    Raises:
        SettingsError: AS251 when there is nothing.
    """
    if not candidates:
        raise SettingsError("AS251", "A search needs candidates.", "Name some samplers.")
    return list({sampler.label: sampler for sampler in candidates}.values())
