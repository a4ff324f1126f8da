"""A race of candidates from the initial parameters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from autosample.samplers.base import Sampler
from autosample.search.base import INITIAL, Arm, Decision, Outcome, Trial
from autosample.search.stopping import Stopping

MANY = 6  # candidates, above which two thirds of them leave at once


class Race:
    """Successive halving that keeps the best of two families to the last round.

    The better half stays after one window (of more than six a third), half of those after two, and
    so on by doubling. Significance plays no part: what leads early by far may only be fast. The
    best of the two best families (classes of samplers) stay, because families differ more in where
    they end than in how fast they start.

    Args:
        candidates: Samplers that start.
        stopping: Counts the epochs of the search.
    """

    def __init__(self, candidates: Sequence[Sampler], stopping: Stopping) -> None:
        self.arms = list(candidates)
        self.epochs = 0  # behind every arm that is still in
        self.winner: Sampler | None = None
        self.rival: Sampler | None = None  # the best of another family
        self._stopping = stopping

    @property
    def round_epochs(self) -> int:
        """Epochs of the next round: as many as there have been, one window at first."""
        return self._stopping.clip(self.epochs or self._stopping.window)

    def whole(self) -> int:
        """Epochs of all arms at most, before it begins, with those of the winner after it."""
        n, done, total, limit = len(self.arms), 0, 0, self._stopping.epochs
        largest = max(Counter(map(type, self.arms)).values())  # family
        while True:
            epochs = min(done or self._stopping.window, limit - done)
            done, total = done + epochs, total + n * epochs
            better = _better(n)
            kept = better + (better <= largest < n)  # where one family fills the better half
            if not 1 < kept < n or done == limit:
                return total + limit - done
            n, largest = kept, min(largest, better)

    def ask(self) -> Trial:
        """The next round."""
        arms = [
            Arm(arm, start=state(arm) if self.epochs else INITIAL, save=state(arm))
            for arm in self.arms
        ]
        return Trial(tuple(arms), self.round_epochs, f"race of {len(arms)} candidates")

    def tell(self, outcomes: list[Outcome]) -> Decision:
        """Keep the better half; name the winner and the rival when no more can be left out."""
        epochs = self.round_epochs
        self.epochs += epochs
        order = sorted(range(len(outcomes)), key=lambda place: -outcomes[place].mean)
        leader = outcomes[order[0]]
        self._stopping.note(epochs, leader.mean)
        evidence = {outcome.label: {"mean": outcome.mean} for outcome in outcomes}
        ranked = [self.arms[place] for place in order]
        rival = best_of_another_family(ranked)
        stay = {*ranked[: _better(len(ranked))], rival}
        kept = [arm for arm in self.arms if arm in stay]
        if 1 < len(kept) < len(ranked) and self._stopping.next_window():
            self.arms = kept
            reason = f"{len(kept)} stay in the race, {leader.label} leads with {leader.mean:.4f}"
            return Decision(None, leader.label, reason, evidence)
        self.winner, self.rival = ranked[0], rival
        reason = f"{leader.label} wins the race with {leader.mean:.4f}"
        return Decision(state(self.winner), leader.label, reason, evidence)


def _better(n: int) -> int:
    """How many of ``n`` stay for their values alone."""
    return max(1, n // (2 if n <= MANY else 3))


def best_of_another_family(ranked: Sequence[Sampler]) -> Sampler | None:
    """The first that is not of the first one's class."""
    return next((arm for arm in ranked if type(arm) is not type(ranked[0])), None)


def state(arm: Sampler) -> str:
    """Name under which an arm's state is saved."""
    return f"arm {arm.label}"
