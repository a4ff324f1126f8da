"""Tree-structured Parzen estimator (Bergstra et al. 2011) by Optuna (Akiba et al. 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from autosample.extras import require
from autosample.samplers.base import Sampler
from autosample.search.from_space import DRAWS, FromSpace

if TYPE_CHECKING:
    import optuna

_RANDOM = 4  # first trials, drawn at random
_WHOLE = 1  # trials that end before others are given up


class TPE(FromSpace):
    """Optuna's TPE over families of samplers and, within the chosen one, its hardness.

    A trial is the training of one sampler. All but the first are given up when their best value so
    far is below the median, at the same epoch, of those that were not, though not in the first
    tenth of the epochs (Optuna's median pruner). So three trainings see more than three samplers. A
    proposal that was trained before is told its value again and costs nothing.

    Arguments, errors and cost are those of :class:`autosample.search.from_space.FromSpace`.

    Raises:
        SettingsError: AS270 without Optuna, which the extra ``tune`` brings.
    """

    name: ClassVar[str] = "tpe"

    def __init__(self, candidates: Sequence[Sampler], **settings: Any) -> None:
        super().__init__(candidates, **settings)
        self._study = _study(self.seed, warmup=self.epochs // 10)
        self._trial: optuna.Trial | None = None

    def propose(self) -> Sampler | None:
        """Optuna's next proposal; None when a hundred bring nothing new."""
        import optuna  # noqa: PLC0415

        by_name = {family.name: family for family in self.families}
        for _ in range(DRAWS):
            trial = self._study.ask()
            name = trial.suggest_categorical("sampler", list(by_name))
            family = by_name[name]
            moves = family.low < family.high
            sampler = family.at(trial.suggest_float(name, 0.0, 1.0) if moves else 0.0)
            if sampler is None:
                self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
            elif sampler.label in self.best:
                self._study.tell(trial, self.best[sampler.label])
            else:
                self._trial = trial
                return sampler
        return None

    def goes_on(self, done: int, value: float) -> bool:
        """What the pruner says."""
        assert self._trial is not None  # noqa: S101  for the type checker
        self._trial.report(value, done)
        return not self._trial.should_prune()

    def close(self, best: float) -> None:
        """Tell Optuna the best value."""
        import optuna  # noqa: PLC0415

        assert self._trial is not None  # noqa: S101  for the type checker
        if self._trial.should_prune():
            self._study.tell(self._trial, state=optuna.trial.TrialState.PRUNED)
        else:
            self._study.tell(self._trial, best)


def _study(seed: int, warmup: int) -> optuna.Study:
    """A study in memory; nothing is logged."""
    require("tune", "optuna")
    import optuna  # noqa: PLC0415

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        return optuna.create_study(
            direction="maximize",
            sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=_RANDOM),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=_WHOLE, n_warmup_steps=warmup),
        )
    finally:
        optuna.logging.set_verbosity(verbosity)
