"""Searches that draw one sampler after the other from the space around the candidates."""

from __future__ import annotations

from collections.abc import Sequence

from autosample.samplers.base import Sampler
from autosample.search.base import named
from autosample.search.one_by_one import OneByOne
from autosample.search.space import families
from autosample.search.stopping import BUDGET

DRAWS = 100  # for a sampler that has not been trained, before the search gives up


class FromSpace(OneByOne):
    """Base: proposals come from families of samplers and their hardness, until a budget is spent.

    Args:
        candidates: Samplers that span the space, see :func:`autosample.search.space.families`.
        epochs: Most epochs per sampler.
        window: Epochs between evaluations.
        patience: Epochs without improvement after which a sampler is given up.
        budget: Trainings at most.
        seed: Of the proposals; proposal number n depends on nothing else but what was told.

    Raises:
        SettingsError: AS251 without candidates, AS250 for numbers below 1, AS253 for a budget that
            is not positive.

    Cost: ``budget`` trainings, less where the space has fewer samplers.
    """

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
        self.families, self.epochs, self.seed = families(named(candidates)), epochs, seed
