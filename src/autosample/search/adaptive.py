"""The adaptive search: follow the best sampler through training.

In each window a local trial is held around the incumbent: the same sampler, an easier and a harder
one along its hardness, and now and then a challenger from another family. Held-out scores decide
which sampler goes on and from which parameters. So a schedule of samplers is found while the model
trains, usually from hard to easy, and the final model starts from the search's parameters (after
AutoSample, Lyu et al. 2023; the design of the trials is ours).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from autosample.errors import SettingsError
from autosample.samplers.base import Sampler
from autosample.search.base import INITIAL, MAIN, Arm, Decision, Outcome, Search, Trial
from autosample.search.decide import Comparison, cheapest_not_worse, paired
from autosample.search.stopping import Stopping
from autosample.search.users_split import UsersSplit

Design = Literal["auto", "forks", "split"]

#: Validation users per arm from which one shared training is split among users. The per-user
#: standard deviation of NDCG is about twice its mean, so this sees differences of about 5 %.
USERS_PER_ARM = 3000


class Adaptive(Search):
    """Local trials around an incumbent sampler, decided by one-sided tests on held-out scores.

    *Paired forks*: every arm trains its own copy of the main state, with the same positives in the
    same order and the same random numbers, and arms are compared on the same users. Of the arms,
    cheapest first, the first that the leader does not beat at ``level`` is adopted with its
    parameters; the others' are discarded. Ties thus go to the cheaper arm, and an equally good
    costlier one is preferred with probability ``level`` at most per comparison.

    *Users split*: the first trial trains one model with a sampler per user and starts over with
    the winner; see :class:`autosample.search.users_split.UsersSplit`. It costs one training however
    many candidates there are, and needs many users.

    An arm that loses sits out the next windows, one more each time it loses again.

    Args:
        candidates: Samplers of the first trial, cheapest first.
        epochs: Length of the searched training, in epochs.
        window: Epochs per trial.
        level: Level of each one-sided test.
        factor: Step along hardness.
        patience: Epochs without a better held-out value after which the search ends.
        challenge_every: Trials between two visits of a challenger from another family; 0: never.
        design: "forks", "split", or "auto": split the first trial where every arm gets at least
            3000 validation users.
        valid_users: Users with held-out items; needed for "auto" and "split".
        n_users: All users U; needed for "split".
        seed: Key of the assignment of users.

    Raises:
        SettingsError: AS251 without candidates, AS252 for a level or factor out of range, AS250
            for numbers below 1.

    Cost: three times ``epochs`` at most, plus the first window of further candidates; less by as
    much as arms sit out.
    """

    name: ClassVar[str] = "adaptive"

    def __init__(
        self,
        candidates: Sequence[Sampler],
        *,
        epochs: int = 100,
        window: int = 5,
        level: float = 0.1,
        factor: float = 4.0,
        patience: int = 30,
        challenge_every: int = 4,
        design: Design = "auto",
        valid_users: int = 0,
        n_users: int = 0,
        seed: int = 0,
    ) -> None:
        if not candidates:
            raise SettingsError("AS251", "A search needs candidates.", "Name some samplers.")
        if not 0 < level < 1 or not factor > 1:
            raise SettingsError(
                "AS252",
                f"level must lie in (0, 1) and factor above 1, got {level} and {factor}.",
                "Common values are 0.1 and 4.",
            )
        self.candidates = list(candidates)
        self.level, self.factor, self.challenge_every = level, factor, challenge_every
        if design == "auto":
            design = "split" if valid_users >= USERS_PER_ARM * len(candidates) else "forks"
        self.split = UsersSplit(n_users, seed=seed) if design == "split" else None
        self.incumbent: Sampler | None = None
        self._stopping = Stopping(epochs=epochs, window=window, patience=patience)
        self._arms: list[Sampler] = []
        self._trials = 0
        self._resting: dict[str, int] = {}  # label -> trials left to sit out
        self._lost: dict[str, int] = {}  # label -> losses in a row

    def ask(self) -> Trial | None:
        """The next window around the incumbent; the first one tries all candidates."""
        window = self._stopping.next_window()
        if window == 0:
            return None
        if self.incumbent is None:
            self._arms = self.candidates
            if self.split is not None:
                arm = Arm(self.split.sampler(self._arms), start=INITIAL, save="split")
                return Trial((arm,), window, f"{len(self._arms)} candidates, users split")
            return self._forks(INITIAL, window, f"{len(self._arms)} candidates, forked")
        self._arms = [arm for arm in self._around(self.incumbent) if not self._rests(arm)]
        others = len(self._arms) - 1
        purpose = f"{self.incumbent.label} against {others} other{'s' * (others != 1)}"
        return self._forks(MAIN, window, purpose)

    def tell(self, outcomes: list[Outcome]) -> Decision:
        """Choose the arm that goes on."""
        self._trials += 1
        if self.incumbent is None and self.split is not None:
            return self._start_over(outcomes[0])
        leader = max(outcomes, key=lambda outcome: outcome.mean)
        comparisons = [
            None if outcome is leader else paired(leader.scores, outcome.scores)
            for outcome in outcomes
        ]
        choice, z = cheapest_not_worse(comparisons, self.level)
        self._book_losses(comparisons, choice)
        self.incumbent = self._arms[choice]
        self._stopping.note(self._stopping.next_window(), outcomes[choice].mean)
        reason = _reason(outcomes, choice, leader, z)
        evidence = {
            outcome.label: {"mean": outcome.mean, "behind_leader_z": z[place]}
            for place, outcome in enumerate(outcomes)
        }
        return Decision(f"arm{choice}", self.incumbent.label, reason, evidence)

    def _forks(self, start: str, window: int, purpose: str) -> Trial:
        arms = [Arm(arm, start=start, save=f"arm{i}") for i, arm in enumerate(self._arms)]
        return Trial(tuple(arms), window, purpose)

    def _around(self, incumbent: Sampler) -> list[Sampler]:
        """Easier, same, harder, and the challenger whose turn it is."""
        arms = [incumbent.scaled(1 / self.factor), incumbent, incumbent.scaled(self.factor)]
        others = [c for c in self.candidates if type(c) is not type(incumbent)]
        if others and self.challenge_every and self._trials % self.challenge_every == 0:
            arms.append(others[self._trials // self.challenge_every % len(others)])
        return [arm for arm in arms if arm is not None]

    def _rests(self, arm: Sampler) -> bool:
        """Whether an arm sits this trial out; counts the trial."""
        left = self._resting.get(arm.label, 0)
        if arm is self.incumbent or left == 0:
            return False
        self._resting[arm.label] = left - 1
        return True

    def _book_losses(self, comparisons: list[Comparison | None], choice: int) -> None:
        """Let losers rest: costlier arms that did not win, cheaper ones that the leader beat."""
        for place, arm in enumerate(self._arms):
            if place == choice:
                self._lost[arm.label] = 0
            elif place < choice or comparisons[place] is not None:
                self._lost[arm.label] = self._lost.get(arm.label, 0) + 1
                self._resting[arm.label] = min(self._lost[arm.label], 4)

    def _start_over(self, outcome: Outcome) -> Decision:
        """Decide a users-split trial and go back to the initial parameters with the winner."""
        assert self.split is not None  # noqa: S101  for the type checker; ask() made it
        choice, evidence = self.split.decide(outcome, self._arms, self.level)
        self.incumbent = self._arms[choice]
        reason = f"{self.incumbent.label} is the cheapest that its users do not speak against"
        return Decision(INITIAL, self.incumbent.label, reason, evidence)


def _reason(outcomes: list[Outcome], choice: int, leader: Outcome, z: list[float]) -> str:
    chosen = outcomes[choice]
    if len(outcomes) == 1:
        return f"{chosen.label} trains on, {chosen.mean:.4f}"
    if chosen is leader:
        return f"{chosen.label} leads with {chosen.mean:.4f}"
    return (
        f"{chosen.label} ({chosen.mean:.4f}) is cheaper than the leader {leader.label} "
        f"({leader.mean:.4f}) and not worse beyond chance, z = {z[choice]:.1f}"
    )
