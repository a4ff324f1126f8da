"""Who won a comparison, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autosample.report.numbers import change, duration, metric_name, p_value, score
from autosample.report.words import trainings


def verdict(cell: Mapping[str, Any]) -> str:
    """Who is best on the test users, by how much, whether beyond chance, and at what cost.

    Args:
        cell: Of :func:`autosample.bench.cells.compare_cells`.
    """
    tested = (row for row in cell["rows"] if row["test"] is not None)
    rows = sorted(tested, key=_test, reverse=True)
    if not rows:
        return "Nothing was tested, since there is no test split."
    best, *others = rows
    name = metric_name(cell["metric"])
    told = f"{best['label']} won: {name} {score(best['test'])} on the test users"
    cost = f"It cost {trainings(best['trainings'])} and {duration(best['seconds'])}"
    if best.get("users"):
        fixed = " or ".join(dict.fromkeys(cell["best_fixed"].values()))
        return (
            f"{told}, {change(best['gain'])} against {fixed}, the best sampler alone by validation "
            f"({_chance(best)}). {cost}, {best['share_of_exhaustive']:.0%} of training each "
            "sampler alone."
        )
    after = next((row for row in others if row.get("users")), None)
    if after is None:
        return f"{told}. {cost}."
    return (
        f"{told}; no other is above it. {cost}. Next is {after['label']}, "
        f"{change(after['gain'])} against it ({_chance(after)}), for "
        f"{trainings(after['trainings'])}."
    )


def winner(cell: Mapping[str, Any]) -> str:
    """Label of the best on the test users; of the first where nothing was tested."""
    tested = [row for row in cell["rows"] if row["test"] is not None]
    best = max(tested, key=_test, default=cell["rows"][0])
    return str(best["label"])


def _test(row: Mapping[str, Any]) -> float:
    return float(row["test"])


def _chance(row: Mapping[str, Any]) -> str:
    """Whether the difference to the best fixed sampler can be chance."""
    p = row["users"]["p_holm"]
    if p is None:
        return "too few users to tell from chance"
    return f"{'significant' if p < 0.05 else 'not significant'}, {p_value(p)}"
