"""The tables of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autosample.data import Dataset
from autosample.errors import shortened
from autosample.metrics import Ranks, parse_metric, per_user
from autosample.report.measure import Difference, mean
from autosample.report.numbers import (
    change,
    duration,
    metric_name,
    p_value,
    percent,
    plural,
    score,
    whole,
)
from autosample.report.parties import Party
from autosample.report.story import Choice, efforts
from autosample.report.words import EXPLAINED
from autosample.run import RunResult
from autosample.search.decide import MOST
from autosample.settings import Settings


@dataclass(frozen=True)
class Table:
    """Cells as text; those of the first column name their row."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def metric_table(settings: Settings, ranks: Mapping[str, Sequence[Ranks]]) -> Table:
    """Every metric of this run with its interval, and of the others; means over seeds."""
    this, *others = ranks
    rows = []
    for metric in dict.fromkeys((settings.metric, *settings.metrics)):
        values = {
            label: np.mean([per_user(one, metric) for one in seeds], axis=0)
            for label, seeds in ranks.items()
        }
        own = mean(values[this])
        interval = f"{score(own.low)} to {score(own.high)}"
        theirs = [score(float(values[label].mean())) for label in others]
        explained = EXPLAINED.get(parse_metric(metric)[0], "")
        rows.append([metric_name(metric), score(own.value), interval, *theirs, explained])
    others = [shortened(label, 40) for label in others]
    return Table(["Measure", shortened(this, 40), "95% interval", *others, "Meaning"], rows)


def comparison_table(
    parties: Sequence[Party], changes: Mapping[str, Difference], metric: str
) -> Table:
    """What every party reached and cost, and how far this run is from it."""
    head = [
        "Run",
        metric_name(metric),
        f"{shortened(parties[0].label, 40)} is",
        "Test",
        "Better for",
        "Worse for",
    ]
    rows = []
    for party, one in zip(parties, (None, *changes.values()), strict=True):
        values = ["", "", "", ""]
        if one is not None:
            p = p_value(one.p)
            values = [change(one.relative), p, percent(one.better), percent(one.worse)]
        reached = score(float(party.per_user(metric).mean()))
        seeds = f" ({len(party.runs)} seeds)" if len(party.runs) > 1 else ""
        cost = [f"{party.trainings:.1f}", duration(party.seconds)]
        best = ", best fixed" if party.best_fixed else ""
        rows.append([f"{shortened(party.label)}{best}{seeds}", reached, *values, *cost])
    return Table([*head, "Trainings", "Time"], rows)


def effort_table(result: RunResult) -> Table:
    """What every sampler did and took."""
    head = [
        "Sampler",
        "Epochs",
        "Kept",
        "Training time",
        "Per epoch",
        "Mean hardness",
        "Best value",
    ]
    rows = [
        [
            shortened(one.label),
            whole(one.epochs),
            whole(one.kept),
            duration(one.seconds),
            duration(one.seconds / one.epochs),
            f"{one.hardness:.2f}",
            score(one.best),
        ]
        for one in efforts(result.history, result.schedule)
    ]
    return Table(head, rows)


def cost_table(result: RunResult) -> Table:
    """Work and time of the whole run."""
    epochs = [record for record in result.history if record["kind"] == "epoch"]
    evaluations = sum(record["kind"] == "evaluation" for record in result.history)
    training = sum(record["seconds"] for record in epochs)
    kept = sum(count for _, count in result.schedule)
    return Table(
        ["", ""],
        [
            ["Total time", duration(result.seconds)],
            ["of it training in trials", duration(training)],
            ["Positives processed", whole(result.positives)],
            [
                "The same as",
                f"{result.trainings:.2f} trainings of {plural(result.settings.epochs, 'epoch')}",
            ],
            ["Epochs trained, all copies", whole(len(epochs))],
            ["Epochs of the final model", whole(kept)],
            ["Rankings of the validation users", whole(evaluations)],
        ],
    )


def data_table(dataset: Dataset) -> Table:
    """Sizes of the dataset."""
    facts = dataset.summary()
    told = {
        "Users": whole(facts["users"]),
        "Items": whole(facts["items"]),
        "Interactions to train on": whole(facts["train"]),
        "for validation": f"{whole(facts['valid'])} of {plural(facts['valid_users'], 'user')}",
        "for the test": f"{whole(facts['test'])} of {plural(facts['test_users'], 'user')}",
        "Share of all pairs": percent(facts["density"]),
        "Users with nothing to train on": whole(facts["users_without_train"]),
        "Test items with nothing to train on": whole(facts["cold_test_items"]),
        "Fingerprint": facts["fingerprint"][:16],
    }
    return Table(["", ""], [list(pair) for pair in told.items()])


def note_table(dataset: Dataset) -> Table:
    """What was read, dropped and is worth knowing."""
    rows = [[whole(note.count), note.message, note.code] for note in dataset.notes]
    return Table(["How many", "What", "Code"], rows)


def settings_table(settings: Settings) -> Table:
    """All settings, defaults included."""
    values = settings.model_dump(mode="json")
    return Table(["", ""], [[name, _plain(value)] for name, value in values.items()])


def environment_table(environment: Mapping[str, object]) -> Table:
    """What the run was made with."""
    return Table(["", ""], [[str(name), _plain(value)] for name, value in environment.items()])


def _plain(value: Any) -> str:
    if value is None:
        return "default"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def evidence_words(choice: Choice) -> list[tuple[str, str, str, bool]]:
    """(sampler, held-out value, other numbers, whether chosen) for a decision."""
    told = []
    for one in choice.evidence:
        others = [_named(name, number) for name, number in one.others.items()]
        told.append((shortened(one.label), score(one.value), ", ".join(others), one.chosen))
    return told


def _named(name: str, number: float) -> str:
    if name in {"z", "behind_leader_z"}:
        return "leads" if number == 0 else _z(number)
    if name == "ahead_z":
        return f"{_z(abs(number))} {'behind' if number < 0 else 'ahead'}"
    return f"{number:,g} {name}" if isinstance(number, int | float) else f"{name} {number}"


def _z(number: float) -> str:
    return f"z {number:.1f}" if number < MOST else "z beyond measure"
