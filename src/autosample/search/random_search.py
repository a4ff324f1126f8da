"""Random search (Bergstra and Bengio 2012) over samplers and their hardness."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from autosample.samplers.base import Sampler
from autosample.search.base import named
from autosample.search.one_by_one import BUDGET, OneByOne
from autosample.search.space import families

_DRAWS = 100  # for a sampler that has not been trained, before the search gives up


class RandomSearch(OneByOne):
    """Train samplers drawn at random, each with early stopping, until the budget is spent.

    The family is drawn uniformly, its hardness log-uniformly over
    :func:`autosample.search.space.families`. No sampler is trained twice: it would end the same.

    Args:
        candidates: Samplers that span the space.
        epochs: Most epochs per sampler.
        window: Epochs between evaluations.
        patience: Epochs without improvement after which a sampler is given up.
        budget: Trainings at most.
        seed: Key of the draws; draw number n depends on nothing else.

    Raises:
        SettingsError: AS251 without candidates, AS250 for numbers below 1, AS253 for a budget that
            is not positive.

    Cost: ``budget`` trainings, less where the space has fewer samplers.
    """

    name: ClassVar[str] = "random"

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
        self._families, self._seed = families(named(candidates)), seed
        self._draws = 0
        self._tried: set[str] = set()

    def propose(self) -> Sampler | None:
        """A sampler that has not been trained; None when a hundred draws find none."""
        for _ in range(_DRAWS):
            rng = np.random.default_rng([self._seed, self._draws])
            self._draws += 1
            family = self._families[rng.integers(len(self._families))]
            sampler = family.at(rng.random())
            if sampler is not None and sampler.label not in self._tried:
                self._tried.add(sampler.label)
                return sampler
        return None
