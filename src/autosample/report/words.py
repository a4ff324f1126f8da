"""The run in a few sentences."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from autosample.errors import shortened
from autosample.report.measure import Difference, Mean
from autosample.report.numbers import (
    duration,
    epochs,
    metric_name,
    p_value,
    percent,
    plural,
    score,
)
from autosample.report.parties import Party
from autosample.report.story import Stretch, Told, kept_epochs, stretches
from autosample.run import RunResult
from autosample.samplers import SAMPLERS, sampler_classes

POPULAR = "most popular items"

EXPLAINED = {
    "ndcg": "how high the held-out items stand in the list; 1: all at the top",
    "recall": "share of a user's held-out items that are in the list",
    "precision": "share of the list that is held-out items",
    "hit": "share of users with at least one held-out item in the list",
    "mrr": "1 / place of the first held-out item, 0 when it is not in the list",
    "map": "mean precision at the places of the held-out items",
    "smooth_dcg": "mean gain of the held-out items at any place",
}


def who(result: RunResult) -> str:
    """Which samplers trained when, on the way to the final parameters."""
    parts = stretches(result.schedule)
    if not parts:
        return "No training was better than the initial parameters."
    if len(parts) == 1:
        label, length = shortened(parts[0].label), plural(parts[0].last, "epoch")
        return f"{label} trained all {length} of the final model."
    if len(parts) <= 4:
        told = [
            f"{shortened(part.label)} trained {epochs(part.first, part.last)}" for part in parts
        ]
        return "On the way to the final model, " + ", then ".join(told) + "."
    return _long(parts)


def _long(parts: list[Stretch]) -> str:
    first, last = parts[0], parts[-1]
    return (
        f"The final model's training began with {shortened(first.label)} "
        f"({epochs(first.first, first.last)}) and ended with {shortened(last.label)} "
        f"({epochs(last.first, last.last)})."
    )


def winner(result: Told, others: Mapping[str, Difference] = MappingProxyType({})) -> str:
    """Who won, in a sentence.

    Args:
        result: The run, over or not.
        others: By the names of others, how far the run is above them on the test users.
    """
    counts = kept_epochs(result.schedule)
    if not counts:
        return "No training was better than the initial parameters."
    most, total = max(counts, key=lambda label: counts[label]), stretches(result.schedule)[-1].last
    who, share = shortened(most), f"for all {plural(total, 'epoch')}"
    if result.settings.strategy == "fixed":
        share = f"trained alone for {plural(total, 'epoch')}"
    elif len(counts) > 1:
        who = f"a schedule of {len(counts)} samplers"
        part = "all" if counts[most] == total else f"{counts[most]} of"
        share = f"with {shortened(most)} in {part} {plural(total, 'epoch')}"
    ahead = min(others, key=lambda name: others[name].mean.value, default="")
    if ahead and others[ahead].mean.value < 0:
        return f"{shortened(ahead, 80)} won. This is {who}, {share}."
    if not others:
        return f"Found: {who}, {share}."
    return f"{who.replace('a schedule', 'A schedule')} won, {share}."


def quality(
    result: RunResult, own: Mean | None, others: Mapping[str, Difference], seeds: int = 1
) -> str:
    """The deciding metric on the test users, and how far it is from others by their names."""
    name = metric_name(result.settings.metric)
    if own is None or result.ranks is None:
        return (
            f"On the validation users it reaches {name} = {score(result.valid_metric)}. They also "
            "decided on the samplers, so new data will likely give less; there is no test split."
        )
    told = [
        f"{_distance(one)} {shortened(label, 80)} ({verdict(one)})" for label, one in others.items()
    ]
    mean = f", mean of {seeds} seeds" if seeds > 1 else ""
    words = f"On {plural(len(result.ranks), 'test user')} its {name} is {score(own.value)}{mean}"
    return f"{words}: {_listed(told)}." if told else f"{words}."


def _distance(one: Difference) -> str:
    if one.mean.value == 0:
        return "the same as"
    side = "above" if one.mean.value > 0 else "below"
    if not math.isfinite(one.relative):
        return f"{score(abs(one.mean.value))} {side}"
    return f"{percent(abs(one.relative))} {side}"


def verdict(one: Difference) -> str:
    """Whether a difference is significant, with its p-value."""
    return f"{'significant' if one.significant else 'not significant'}, {p_value(one.p)}"


def glossary(labels: Sequence[str]) -> list[tuple[str, str]]:
    """(family, the first line of its description) of the samplers that have one."""
    families = dict.fromkeys(label.partition(":")[0] for label in labels)
    known = SAMPLERS if families.keys() <= SAMPLERS.keys() else sampler_classes()
    return [
        (name, (inspect.getdoc(known[name]) or "").partition("\n")[0].replace("``", ""))
        for name in families
        if name in known
    ]


def _listed(labels: Sequence[str]) -> str:
    """Labels in a sentence: "a", "a and b", "a, b and c"."""
    *most, last = labels
    return f"{', '.join(most)} and {last}" if most else last


def cost(parties: Sequence[Party]) -> str:
    """What it took, beside what others took in trainings; means over seeds."""
    own, *others = parties
    length = plural(own.runs[0].settings.epochs, "epoch")
    told = f"It cost as much as {trainings(own.trainings)} of {length}, {duration(own.seconds)}"
    theirs = [f"{shortened(other.label)} {other.trainings:.1f}" for other in others]
    return f"{told} (trainings of others: {', '.join(theirs)})." if theirs else f"{told}."


def trainings(number: float) -> str:
    """A cost such as "1 training" or "2.6 trainings"."""
    work = f"{number:.1f}".removesuffix(".0")
    return f"{work} training{'s' * (work != '1')}"
