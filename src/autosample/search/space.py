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
        name = _name(sampler) if _moves(sampler) else sampler.label
        members.setdefault(name, []).append(sampler)
    return [_family(name, own) for name, own in members.items()]


def _moves(sampler: Sampler) -> bool:
    """Whether its hardness is there and has a logarithm."""
    return sampler.hardness is not None and 0 < getattr(sampler, sampler.hardness) < math.inf


def _name(sampler: Sampler) -> str:
    rest = {key: value for key, value in sampler.settings.items() if key != sampler.hardness}
    return ":".join([sampler.name, *(f"{key}={value}" for key, value in rest.items())])


def _family(name: str, members: Sequence[Sampler]) -> Family:
    first = members[0]
    if first.hardness is None or not _moves(first):
        return Family(name, first, 1.0, 1.0)
    values = [float(getattr(sampler, first.hardness)) for sampler in members]
    least, most = first.hardness_range
    low, high = max(least, min(values) / REACH), min(most, max(values) * REACH)
    return Family(name, first, min(low, *values), max(high, *values))
