"""The adaptive search: follow the best sampler through training.

In each window a local trial is held around the incumbent: the same sampler, an easier and a harder
one along its hardness, and now and then a challenger from another family. Held-out scores decide
which sampler goes on and from which parameters. So a schedule of samplers is found while the model
trains, usually from hard to easy, and the final model starts from the search's parameters (after
AutoSample, Lyu et al. 2023; the design of the trials is ours).
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import ClassVar, Literal

from autosample.errors import SettingsError
from autosample.samplers.base import Sampler
from autosample.search.base import AVERAGE, INITIAL, Arm, Decision, Outcome, Search, Trial
from autosample.search.decide import cheapest_not_worse, paired
from autosample.search.stopping import Stopping
from autosample.search.users_split import UsersSplit

Design = Literal["auto", "forks", "split"]

#: Validation users per arm from which one shared training is split among users. The per-user
#: standard deviation of NDCG is about twice its mean, so this sees differences of about 5 %.
USERS_PER_ARM = 3000


class Adaptive(Search):
    """A race of all candidates, then local trials around the winner, decided by one-sided tests.

    *Race*: every candidate trains from the initial parameters, window by window; those that the
    leader beats at ``level`` drop out, until one is left or ``race`` windows are over. Where there
    are enough users, the race is held inside one training instead, with a sampler per user, and
    training starts over with the winner (:class:`autosample.search.users_split.UsersSplit`).

    *Forks*: every arm trains its own copy of the main state, with the same positives in the same
    order and the same random numbers, and arms are compared on the same users.

    Of the arms, in order of preference (easier, same, harder; other families as the candidates are
    ordered), the first that the leader does not beat at ``level`` goes on, from its parameters or
    from the mean of all forks' where that is better. Ties thus go to the easier arm, and an equally
    good harder one is preferred with probability ``level`` at most per comparison. An arm that
    loses sits out the next trials, one more each time it loses again.

    Args:
        candidates: Samplers of the first trial, cheapest first.
        epochs: Length of the searched training, in epochs.
        window: Epochs per trial.
        level: Level of each one-sided test.
        factor: Step along hardness.
        patience: Epochs without a better held-out value after which the search ends.
        race: Most windows of the race.
        challenge_every: Trials between two visits of a challenger from another family, at the
            incumbent's hardness where it has the same argument; 0: never.
        average: Whether the mean of the forks' parameters competes as one more arm.
        design: "forks", "split", or "auto": split the race where every arm gets at least 3000
            validation users.
        valid_users: Users with held-out items; needed for "auto" and "split".
        n_users: All users U; needed for "split".
        seed: Key of the assignment of users.

    Raises:
        SettingsError: AS251 without candidates, AS252 for a level or factor out of range, AS250
            for numbers below 1.

    Cost: the race, at most ``race`` windows per candidate (one in all when users are split), and
    at most three times ``epochs``; less by as much as arms sit out.
    """

    name: ClassVar[str] = "adaptive"

    def __init__(
        self,
        candidates: Sequence[Sampler],
        *,
        epochs: int = 100,
        window: int = 5,
        level: float = 0.2,
        factor: float = 4.0,
        patience: int = 50,
        race: int = 4,
        challenge_every: int = 4,
        average: bool = True,
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
                "Common values are 0.2 and 4.",
            )
        self.candidates = list(candidates)
        self.level, self.factor = level, factor
        self.race, self.challenge_every, self.average = race, challenge_every, average
        if design == "auto":
            design = "split" if valid_users >= USERS_PER_ARM * len(candidates) else "forks"
        self.split = UsersSplit(n_users, seed=seed) if design == "split" else None
        self.incumbent: Sampler | None = None
        self._stopping = Stopping(epochs=epochs, window=window, patience=patience)
        self._arms = self.candidates
        self._trial = 0
        self._rests_until: dict[str, int] = {}  # label -> first trial it takes part in again
        self._lost: dict[str, int] = {}  # label -> losses in a row

    def ask(self) -> Trial | None:
        """The next window."""
        window = self._stopping.next_window()
        if window == 0:
            return None
        if self.incumbent is not None:
            self._arms = self._around(self.incumbent)
            others = len(self._arms) - 1
            purpose = f"{self.incumbent.label} against {others} other{'s' * (others != 1)}"
            forks = [Arm(arm, save=f"arm {arm.label}") for arm in self._arms]
            return Trial(tuple(forks), window, purpose, average=self.average)
        if self.split is not None:
            arm = Arm(self.split.sampler(self._arms), start=INITIAL, save="split")
            return Trial((arm,), self.race * window, f"{len(self._arms)} candidates, users split")
        starts = [f"arm {arm.label}" if self._trial else INITIAL for arm in self._arms]
        racers = [
            Arm(arm, start=start, save=f"arm {arm.label}")
            for arm, start in zip(self._arms, starts, strict=True)
        ]
        return Trial(tuple(racers), window, f"race of {len(racers)} candidates")

    def tell(self, outcomes: list[Outcome]) -> Decision:
        """Choose the arm that goes on, or who stays in the race."""
        self._trial += 1
        outcomes, averages = outcomes[: len(self._arms)], outcomes[len(self._arms) :]
        if self.incumbent is None and self.split is not None:
            return self._start_over(outcomes[0])
        leader = max(outcomes, key=lambda outcome: outcome.mean)
        comparisons = [
            None if outcome is leader else paired(leader.scores, outcome.scores)
            for outcome in outcomes
        ]
        choice, z = cheapest_not_worse(comparisons, self.level)
        best = max(outcome.mean for outcome in (outcomes[choice], *averages))
        self._stopping.note(self._stopping.next_window(), best)
        evidence = {
            outcome.label: {"mean": outcome.mean, "behind_leader_z": z[place]}
            for place, outcome in enumerate(outcomes)
        }
        if self.incumbent is None:
            bound = NormalDist().inv_cdf(1 - self.level)
            staying = [arm for arm, behind in zip(self._arms, z, strict=True) if behind < bound]
            if len(staying) > 1 and self._trial < self.race and self._stopping.next_window():
                self._arms = staying
                reason = f"{len(staying)} stay in the race, {leader.label} leads"
                return Decision(None, leader.label, reason, evidence)
        else:
            self._book_losses(choice)
        self.incumbent = self._arms[choice]
        reason = _reason(outcomes, choice, leader, z)
        adopt = f"arm {self.incumbent.label}"
        for mean in averages:
            evidence[mean.label] = {"mean": mean.mean}
            if mean.mean > outcomes[choice].mean:
                adopt, reason = AVERAGE, f"{reason}; the arms' average is better, {mean.mean:.4f}"
        return Decision(adopt, self.incumbent.label, reason, evidence)

    def _around(self, incumbent: Sampler) -> list[Sampler]:
        """Easier, same, harder, and the challenger whose turn it is; without those that rest."""
        arms = [incumbent.scaled(1 / self.factor), incumbent, incumbent.scaled(self.factor)]
        families = {type(c): place for place, c in reversed(list(enumerate(self.candidates)))}
        others = [self.candidates[p] for f, p in families.items() if f is not type(incumbent)]
        if others and self.challenge_every and self._trial % self.challenge_every == 0:
            challenger = others[self._trial // self.challenge_every % len(others)]
            if challenger.hardness is not None and challenger.hardness == incumbent.hardness:
                hardness = getattr(incumbent, challenger.hardness)
                challenger = challenger.with_settings(**{challenger.hardness: hardness})
            preferred = families[type(challenger)] < families.get(type(incumbent), len(families))
            arms.insert(0 if preferred else len(arms), challenger)
        return [
            arm
            for arm in arms
            if arm is not None
            and (arm is incumbent or self._rests_until.get(arm.label, 0) <= self._trial)
        ]

    def _book_losses(self, choice: int) -> None:
        """Let every arm that was not chosen rest."""
        for place, arm in enumerate(self._arms):
            lost = 0 if place == choice else self._lost.get(arm.label, 0) + 1
            self._lost[arm.label] = lost
            self._rests_until[arm.label] = self._trial + min(lost, 4)

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
