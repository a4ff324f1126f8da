"""The adaptive search: follow the best sampler through training.

In each window a local trial is held around the incumbent: the same sampler, an easier and a harder
one along its hardness, and now and then a challenger from another family. Held-out scores decide
which sampler goes on and from which parameters. So a schedule of samplers is found while the model
trains, usually from hard to easy, and the final model starts from the search's parameters (after
AutoSample, Lyu et al. 2023; the design of the trials is ours).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

from autosample.errors import SettingsError
from autosample.samplers.base import Sampler
from autosample.search.base import INITIAL, Arm, Decision, Outcome, Search, Trial, named
from autosample.search.decide import FloatArray, cheapest_not_worse, paired
from autosample.search.race import Race, best_of_another_family, state
from autosample.search.rivals import LOSSES, Rivals, behind
from autosample.search.stopping import BUDGET, Stopping, epochs_of
from autosample.search.users_split import UsersSplit

Design = Literal["auto", "forks", "split"]

#: Validation users per arm from which one shared training is split among users. The per-user
#: standard deviation of NDCG is about twice its mean, of which covariates explain about a fifth of
#: the variance, so that the standard error of a difference is about 5 %.
USERS_PER_ARM = 2400


class Adaptive(Search):
    """A race of all candidates, then local trials around the winner, decided by one-sided tests.

    *Race*: every candidate trains from the initial parameters, and ever fewer go on
    (:class:`autosample.search.race.Race`). Where there are enough users, the race is held inside
    one training instead, with a sampler per user, and training starts over with the winner
    (:class:`autosample.search.users_split.UsersSplit`).

    *Forks*: every arm trains its own copy of the main state, with the same positives in the same
    order and the same random numbers, and arms are compared on the same users.

    Of the arms, in order of preference (easier, same, harder; other families as the candidates are
    ordered), the first that the leader does not beat at ``level`` goes on. Ties thus go to the
    easier arm, and an equally good harder one is preferred with probability ``level`` at most per
    comparison. An arm that loses sits out the next trials, one more each time it loses again.

    *Rivals* train on from parameters of their own: the best of another family, a sampler that was
    left for a harder one, and an easier one that lost its fork, because what easier negatives are
    worth shows later than what harder ones are (:class:`autosample.search.rivals.Rivals`). One that
    is given up sits out as many trials as it took part in, times the forks it has lost. A harder
    sampler that a rival beats later is not tried again.

    *Budget*: forks, then rivals, take part as far as what is left of it pays for them and for the
    rest of the incumbent's training.

    *Result*: the best of a running mean of the main states, which is less of a lucky draw than the
    best of the states themselves; the last state where it is better than that beyond chance.

    Args:
        candidates: Samplers of the race, easiest first.
        epochs: Length of the searched training, in epochs.
        window: Epochs per trial.
        level: Level of each one-sided test.
        factor: Step along hardness.
        patience: Epochs without a better held-out value after which the search ends.
        budget: Trainings of ``epochs`` epochs that all arms together may take. The race, and the
            incumbent's epochs after it, are not cut short for it.
        challenge_every: Trials between two visits of a challenger from another family, at the
            incumbent's hardness where it has the same argument and takes the value; 0: never.
        trail: Weight of the newest main state in their running mean, from which the result is
            taken; 1: from the main states themselves.
        design: "forks", "split", or "auto": split the race where every arm gets at least 2400
            validation users.
        valid_users: Users with held-out items; needed for "auto" and "split".
        n_users: All users U; needed for "split".
        covariates: (U, C) what is known of users beforehand, for less noise when they are split.
        seed: Key of the assignment of users.

    Raises:
        SettingsError: AS251 without candidates, AS252 for a level or factor out of range, AS250
            for numbers below 1, AS253 for a budget that is not positive.

    Cost: ``budget`` trainings at most, or the race and the incumbent's epochs where these alone are
    more. Without that bound, for n candidates the race takes about n log2(n) / 2 windows, less for
    more than six of them (n / 2 windows in all when users are split), the rest its epochs once for
    the incumbent and once for every window in which a fork or a rival takes part: two forks, three
    when a challenger has its turn, and up to three rivals where it was measured, less those that
    sit out.
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
        budget: float = BUDGET,
        challenge_every: int = 4,
        trail: float = 1 / 3,
        design: Design = "auto",
        valid_users: int = 0,
        n_users: int = 0,
        covariates: FloatArray | None = None,
        seed: int = 0,
    ) -> None:
        if not 0 < level < 1 or not factor > 1 or not 0 < trail <= 1:
            raise SettingsError(
                "AS252",
                f"level must lie in (0, 1), factor above 1 and trail in (0, 1], got {level}, "
                f"{factor} and {trail}.",
                "Common values are 0.2, 4 and 1/3.",
            )
        self.candidates = named(candidates)
        self.level, self.factor = level, factor
        self.challenge_every, self.trail = challenge_every, trail
        if design == "auto":
            enough = valid_users >= USERS_PER_ARM * len(self.candidates)
            design = "split" if enough and len(self.candidates) > 1 else "forks"
        self.split = (
            UsersSplit(n_users, seed=seed, covariates=covariates) if design == "split" else None
        )
        self.incumbent: Sampler | None = None
        self._stopping = Stopping(epochs=epochs, window=window, patience=patience)
        self._race = Race(self.candidates, self._stopping)
        self._left = epochs_of(budget, epochs)  # of all arms together
        self._trial_epochs = 0  # of all arms of the present trial
        self._arms: list[Sampler] = []  # of the present trial, without the rivals
        self._rivals = Rivals(level)
        self._barred: set[str] = set()  # labels that led astray
        self._trial = 0
        self._rests_until: dict[str, int] = {}  # label -> first trial it takes part in again
        self._lost: dict[str, int] = {}  # label -> losses in a row

    @property
    def keeps(self) -> frozenset[str]:
        """The states of the rivals."""
        return frozenset(self._rivals.states)

    @property
    def uncut(self) -> int:
        """Epochs at most, before it begins, of what no budget cuts short."""
        if self.split is None:
            return self._race.whole()
        return self._split_epochs + self._stopping.epochs

    def ask(self) -> Trial | None:
        """The next trial."""
        window = self._stopping.next_window()
        if window == 0:
            return None
        if self.incumbent is not None:
            trial = self._local(self.incumbent, window)
        else:
            trial = self._race.ask() if self.split is None else self._split_race()
        self._trial_epochs = len(trial.arms) * trial.epochs
        return trial

    def _local(self, incumbent: Sampler, window: int) -> Trial:
        """The incumbent against forks and rivals, as many as the budget pays for."""
        forks, most = self._around(incumbent), self._spare // window
        others = [arm for arm in forks if arm is not incumbent][:most]
        self._arms = [arm for arm in forks if arm is incumbent or arm in others]
        self._rivals.cut(most - len(others))
        arms = [*(Arm(arm, save=state(arm)) for arm in self._arms), *self._rivals.arms]
        n = len(arms) - 1
        purpose = f"{incumbent.label} against {n} other{'s' * (n != 1)}"
        return Trial(tuple(arms), window, purpose)

    @property
    def _spare(self) -> int:
        """Epochs left beside those that the incumbent needs to the end."""
        return max(0, self._left - self._stopping.epochs_left)

    def tell(self, outcomes: list[Outcome]) -> Decision:
        """Choose the arm that goes on, or who stays in the race."""
        self._trial += 1
        self._left -= self._trial_epochs
        if self.incumbent is None:
            return self._after_race(outcomes)
        n = len(self._arms)
        forks, rest = outcomes[:n], outcomes[n:]
        leader = max(forks, key=lambda outcome: outcome.mean)
        comparisons = [
            None if fork is leader else paired(leader.scores, fork.scores) for fork in forks
        ]
        choice, z = cheapest_not_worse(comparisons, self.level)
        self._book_losses(choice)
        left, self.incumbent, chosen = self.incumbent, self._arms[choice], forks[choice]
        adopt, reason = state(self.incumbent), _reason(forks, choice, leader, z)
        evidence: dict[str, Any] = {
            fork.label: {"mean": fork.mean, "behind_leader_z": z[place]}
            for place, fork in enumerate(forks)
        }
        theirs = dict(zip(self._rivals.states, rest, strict=True))
        later = self._stopping.windows_left - 1
        winner, given_up, numbers = self._rivals.meet(rest, chosen, later)
        for rival in given_up:
            label = rival.sampler.label
            self._rests_until[label] = self._trial + rival.trials * self._lost.get(label, 1)
        keep = {}
        if winner is not None:
            adopt, chosen = winner.state, theirs[winner.state]
            reason = f"{chosen.label}, a rival, takes over with {chosen.mean:.4f}"
            self.incumbent = winner.sampler
            self._barred |= set() if winner.instead_of is None else {winner.instead_of}
        elif later >= LOSSES:
            keep = self._new_rivals(left, forks, chosen)
        self._stopping.note(self._stopping.next_window(), chosen.mean)
        trail = self.trail if winner is None else 1.0
        return Decision(adopt, self.incumbent.label, reason, evidence | numbers, keep, trail)

    def _new_rivals(self, left: Sampler, forks: list[Outcome], chosen: Outcome) -> dict[str, str]:
        """States to keep for what was left for a harder sampler, or is easier and lost."""
        assert self.incumbent is not None  # noqa: S101  for the type checker
        keep = {}
        for arm, fork in zip(self._arms, forks, strict=True):
            gap = behind(fork, chosen)
            if arm is left and self.incumbent.harder_than(left):
                name = self._rivals.add(arm, instead_of=self.incumbent.label, gap=gap)
                keep[name] = state(arm)
            elif self.incumbent is left and left.harder_than(arm):
                keep[self._rivals.add(arm, gap=gap)] = state(arm)
        return keep

    def _split_race(self) -> Trial:
        assert self.split is not None  # noqa: S101  for the type checker
        n = len(self.candidates)
        arm = Arm(self.split.sampler(self.candidates), start=INITIAL, save="split")
        return Trial((arm,), self._split_epochs, f"{n} candidates, users split")

    @property
    def _split_epochs(self) -> int:
        return max(1, self._stopping.clip(self._stopping.window * len(self.candidates) // 2))

    def _after_race(self, outcomes: list[Outcome]) -> Decision:
        """Settle a round of the race, or a users-split one, after which training starts over."""
        if self.split is None:
            decision = self._race.tell(outcomes)
            self.incumbent, rival = self._race.winner, self._race.rival
            if self.incumbent is None:
                return decision
            keep = {}
            if rival is not None:
                found = {outcome.label: outcome for outcome in outcomes}
                gap = behind(found[rival.label], found[self.incumbent.label])
                keep[self._rivals.add(rival, gap=gap)] = state(rival)
            return replace(decision, keep=keep, trail=1.0)
        order, evidence = self.split.decide(outcomes[0], self.candidates)
        ranked = [self.candidates[place] for place in order]
        self.incumbent, rival = ranked[0], best_of_another_family(ranked)
        reason = f"{self.incumbent.label} leads among its users"
        keep = {} if rival is None else {self._rivals.add(rival): INITIAL}
        return Decision(INITIAL, self.incumbent.label, reason, evidence, keep)

    def _around(self, incumbent: Sampler) -> list[Sampler]:
        """Easier, same, harder, and the challenger whose turn it is; without those that rest.

        Rivals need no fork: they train already.
        """
        arms = [incumbent.scaled(1 / self.factor), incumbent, incumbent.scaled(self.factor)]
        families = {type(c): place for place, c in reversed(list(enumerate(self.candidates)))}
        own = {type(incumbent), *self._rivals.families}
        others = [self.candidates[place] for kind, place in families.items() if kind not in own]
        if others and self.challenge_every and self._trial % self.challenge_every == 0:
            challenger = others[self._trial // self.challenge_every % len(others)]
            if challenger.hardness is not None and challenger.hardness == incumbent.hardness:
                hardness = getattr(incumbent, challenger.hardness)
                challenger = challenger.with_hardness(hardness) or challenger
            preferred = families[type(challenger)] < families.get(type(incumbent), len(families))
            arms.insert(0 if preferred else len(arms), challenger)
        out = self._barred | {rival.sampler.label for rival in self._rivals}
        out |= {label for label, until in self._rests_until.items() if until > self._trial}
        return [arm for arm in arms if arm is incumbent or (arm and arm.label not in out)]

    def _book_losses(self, choice: int) -> None:
        """Let every arm that was not chosen rest."""
        for place, arm in enumerate(self._arms):
            lost = 0 if place == choice else self._lost.get(arm.label, 0) + 1
            self._lost[arm.label] = lost
            self._rests_until[arm.label] = self._trial + min(lost, 4)


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
