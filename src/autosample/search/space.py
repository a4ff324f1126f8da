"""The space that random search and TPE draw samplers from: the candidates and their hardness."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from autosample.samplers.base import Sampler

#: How far the space reaches beyond the candidates' hardness: the adaptive search's step.
REACH = 4.0


@dataclass(frozen=True)
class Family:
    """Candidates that differ in hardness only.

    Attributes:
        name: The sampler's name and its settings but for hardness.
        sampler: One of them.
        low, high: Ends of the values that its hardness argument may take; equal where it has none.
    """

    name: str
    sampler: Sampler
    low: float
    high: float

    def at(self, share: float) -> Sampler | None:
        """The member ``share``, in [0, 1), of the way from ``low`` to ``high`` in logarithms.

        Whole-numbered arguments are rounded. None where the class refuses the value.
        """
        if self.low == self.high:
            return self.sampler
        return self.sampler.with_hardness(float(self.low * (self.high / self.low) ** share))


def families(candidates: Sequence[Sampler]) -> list[Family]:
    """The families of some candidates, in their order.

    A family's hardness reaches from its easiest to its hardest member and :data:`REACH` times as
    far on both sides, within ``hardness_range``. A candidate whose hardness has no logarithm, such
    as 0, is a family of its own.
    """
    members: dict[str, list[Sampler]] = {}
    for sampler in candidates:
        name = sampler.label if _hardness(sampler) is None else _name(sampler)
        members.setdefault(name, []).append(sampler)
    return [_family(name, own) for name, own in members.items()]


def _hardness(sampler: Sampler) -> float | None:
    """The value of its hardness, if it has one and that has a logarithm."""
    value = 0.0 if sampler.hardness is None else float(getattr(sampler, sampler.hardness))
    return value if 0 < value < math.inf else None


def _name(sampler: Sampler) -> str:
    rest = {key: value for key, value in sampler.settings.items() if key != sampler.hardness}
    return ":".join([sampler.name, *(f"{key}={value}" for key, value in rest.items())])


def _family(name: str, members: Sequence[Sampler]) -> Family:
    first = members[0]
    values = [value for sampler in members if (value := _hardness(sampler)) is not None]
    if not values:
        return Family(name, first, 1.0, 1.0)
    least, most = first.hardness_range
    low, high = max(least, min(values) / REACH), min(most, max(values) * REACH)
    return Family(name, first, min(low, *values), max(high, *values))
