"""Random search (Bergstra and Bengio 2012) over samplers and their hardness."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from autosample.samplers.base import Sampler
from autosample.search.from_space import DRAWS, FromSpace


class RandomSearch(FromSpace):
    """Train samplers drawn at random, each with early stopping, until the budget is spent.

    The family is drawn uniformly, its hardness log-uniformly over
    :func:`autosample.search.space.families`. No sampler is trained twice: it would end the same.

    Arguments, errors and cost are those of :class:`autosample.search.from_space.FromSpace`.
    """

    name: ClassVar[str] = "random"

    _draws = 0

    def propose(self) -> Sampler | None:
        """A sampler that has not been trained; None when a hundred draws find none."""
        for _ in range(DRAWS):
            rng = np.random.default_rng([self.seed, self._draws])
            self._draws += 1
            family = self.families[rng.integers(len(self.families))]
            sampler = family.at(rng.random())
            if sampler is not None and sampler.label not in self.best:
                return sampler
        return None
