"""The run in a few sentences."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence

from autosample.report.measure import Difference, Mean
from autosample.report.numbers import duration, epochs, metric_name, plural, score, short
from autosample.report.story import Stretch, stretches
from autosample.run import RunResult
from autosample.samplers import sampler_classes

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
        return (
            f"{_names(parts[0])} trained all {plural(parts[0].last, 'epoch')} of the final model."
        )
    if len(parts) <= 4:
        told = [f"{_names(part)} trained {epochs(part.first, part.last)}" for part in parts]
        return "On the way to the final model, " + ", then ".join(told) + "."
    return _long(parts)


def _long(parts: list[Stretch]) -> str:
    first, last = parts[0], parts[-1]
    counts: dict[str, int] = {}
    for part in parts:
        for label in part.labels:
            counts[label] = counts.get(label, 0) + part.last - part.first + 1
    most = max(counts, key=lambda label: counts[label])
    words = (
        f"The final model's training began with {_names(first)} "
        f"({epochs(first.first, first.last)}) and ended with {_names(last)} "
        f"({epochs(last.first, last.last)}); {short(most)} took part in most epochs, "
        f"{counts[most]} of {last.last}."
    )
    averaged = sum(part.last - part.first + 1 for part in parts if len(part.labels) > 1)
    if averaged:
        words += f" In {plural(averaged, 'epoch')}, copies trained side by side were averaged."
    return words


def _names(part: Stretch) -> str:
    if len(part.labels) == 1:
        return short(part.labels[0])
    return f"the average of {_listed(part.labels)}"


def how_good(result: RunResult, own: Mean | None, popular: Mean | None) -> str:
    """The deciding metric on the test users, against recommending what is popular."""
    name = metric_name(result.settings.metric)
    if own is None or result.ranks is None:
        return (
            f"On the validation users it reaches {name} = {score(result.valid_metric)}. They also "
            "decided on the samplers, so new data will likely give less; there is no test split."
        )
    words = f"On {plural(len(result.ranks), 'test user')} it reaches {name} = {score(own.value)}"
    if math.isfinite(own.low):
        words += f" (95% interval {score(own.low)} to {score(own.high)})"
    if popular is not None:
        words += f"; giving everybody the most popular items reaches {score(popular.value)}"
    return words + "."


def against(differences: Mapping[str, Difference], metric: str) -> str:
    """How it compares with other runs; empty when there are none."""
    others = {label: d for label, d in differences.items() if label != POPULAR}
    sides = {
        "better than": [label for label, d in others.items() if d.mean.low > 0],
        "worse than": [label for label, d in others.items() if d.mean.high < 0],
    }
    clear = {label for labels in sides.values() for label in labels}
    sides["not clearly different from"] = [label for label in others if label not in clear]
    told = [f"{verdict} {_listed(labels)}" for verdict, labels in sides.items() if labels]
    if not told:
        return ""
    return f"In {metric_name(metric)} on the same users it is {'; '.join(told)}."


def glossary(labels: Sequence[str]) -> list[tuple[str, str]]:
    """(family, the first line of its description) of the samplers that have one."""
    known = sampler_classes()
    families = dict.fromkeys(label.partition(":")[0] for label in labels)
    return [
        (name, (inspect.getdoc(known[name]) or "").partition("\n")[0].replace("``", ""))
        for name in families
        if name in known
    ]


def _listed(labels: Sequence[str]) -> str:
    """Labels in a sentence: "a", "a and b", "a, b and c"."""
    *most, last = [short(label) for label in labels]
    return f"{', '.join(most)} and {last}" if most else last


def cost(result: RunResult) -> str:
    """What it took."""
    work = f"{result.trainings:.1f}".removesuffix(".0")
    return (
        f"It took {duration(result.seconds)}, and as many training steps as "
        f"{work} training{'s' * (work != '1')} of {plural(result.settings.epochs, 'epoch')}."
    )
