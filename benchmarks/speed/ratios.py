"""Medians, spreads and ratios of rates that were measured in alternating rounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log
from statistics import median
from typing import Any, NamedTuple


class Ratio(NamedTuple):
    """Of two contenders, round by round."""

    median: float
    low: float
    high: float
    rival: str


def spread(rates: Sequence[float]) -> float:
    """(largest - smallest) / median."""
    return (max(rates) - min(rates)) / median(rates)


def fastest(row: Mapping[str, Any], labels: Sequence[str]) -> str | None:
    """The label with the largest median rate among those that were measured; None without any."""
    measured = [label for label in labels if row.get(label, {}).get("rates")]
    return max(measured, key=lambda label: median(row[label]["rates"]), default=None)


def compare(row: Mapping[str, Any], ours: Sequence[str], rivals: Sequence[str]) -> Ratio | None:
    """Median, lowest and highest over the rounds of our rate by the fastest rival's.

    Rounds are paired, so that what slows the machine for a while cancels out. None when one side
    was not measured.
    """
    us, them = fastest(row, ours), fastest(row, rivals)
    if us is None or them is None:
        return None
    pairs = zip(row[us]["rates"], row[them]["rates"], strict=False)
    quotients = [mine / theirs for mine, theirs in pairs]
    return Ratio(median(quotients), min(quotients), max(quotients), them)


def growth(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Exponent a of seconds = c * size^a, by least squares on logarithms."""
    x, y = [log(size) for size in sizes], [log(second) for second in seconds]
    middle_x, middle_y = sum(x) / len(x), sum(y) / len(y)
    above = sum((a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True))
    return above / sum((a - middle_x) ** 2 for a in x)
