"""Tree-structured Parzen estimator (Bergstra et al. 2011) by Optuna (Akiba et al. 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from autosample.extras import require
from autosample.samplers.base import Sampler
from autosample.search.base import named
from autosample.search.one_by_one import BUDGET, OneByOne
from autosample.search.space import families

if TYPE_CHECKING:
    import optuna

_DRAWS = 100  # for a sampler that has not been trained, before the search gives up
_RANDOM = 4  # first trials, drawn at random
_WHOLE = 1  # trials that end before others are given up


class TPE(OneByOne):
    """Optuna's TPE over families of samplers and, within the chosen one, its hardness.

    A trial is the training of one sampler. All but the first are given up when their best value so
    far is below the median, at the same epoch, of those that were not, though not in the first
    tenth of the epochs (Optuna's median pruner). So three trainings see more than three samplers. A
    proposal that was trained before is told its value again and costs nothing.

    Args:
        candidates: Samplers that span the space, see :func:`autosample.search.space.families`.
        epochs: Most epochs per sampler.
        window: Epochs between evaluations.
        patience: Epochs without improvement after which a sampler is given up.
        budget: Trainings at most.
        seed: Of the proposals.

    Raises:
        SettingsError: AS251 without candidates, AS250 for numbers below 1, AS253 for a budget that
            is not positive, AS270 without Optuna, which the extra ``tune`` brings.

    Cost: ``budget`` trainings, less where the space has fewer samplers.
    """

    name: ClassVar[str] = "tpe"

    def __init__(
        self,
        candidates: Sequence[Sampler],
        *,
        epochs: int = 100,
        window: int = 5,
        patience: int = 50,
        budget: float = BUDGET,
        seed: int = 0,
    ) -> None:
        super().__init__(epochs=epochs, window=window, patience=patience, budget=budget)
        self._families = {family.name: family for family in families(named(candidates))}
        self._study = _study(seed, warmup=epochs // 10)
        self._trial: optuna.Trial | None = None

    def propose(self) -> Sampler | None:
        """Optuna's next proposal; None when a hundred bring nothing new."""
        import optuna  # noqa: PLC0415

        for _ in range(_DRAWS):
            trial = self._study.ask()
            name = trial.suggest_categorical("sampler", list(self._families))
            family = self._families[name]
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
