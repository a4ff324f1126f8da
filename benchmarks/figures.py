"""The figures of the page "How the search works", from the JSON files in results.

    python -m benchmarks.figures

Every figure becomes one SVG file in docs/figures that needs nothing else, light or dark as its
reader likes. ``curves.py``, ``false_negatives.py``, and ``quality.py`` or ``autosample bench
results`` leave what is drawn here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

from benchmarks.framed import framed

from autosample.report.bands import Interval, intervals
from autosample.report.figures import (
    SEEDS,
    Figure,
    legend,
    party_style,
    schedule_figure,
    seed_line,
    styles_of,
)
from autosample.report.lines import Line, line_chart
from autosample.report.numbers import change, metric_name, percent, score
from autosample.report.story import Record, choices, kept_path, sampler_order
from autosample.search.engine import Schedule
from autosample.settings import Settings

RESULTS = Path(__file__).parent / "results"
FIGURES = Path(__file__).parent.parent / "docs" / "figures"
MODELS = {"mf": "MF", "ngcf": "NGCF", "lightgcn": "LightGCN"}
LEVEL = 0.2  # of a fork's one-sided test


@dataclass(frozen=True)
class Story:
    """A run as ``curves.py`` keeps it."""

    settings: Settings
    schedule: Schedule
    history: Sequence[Record]

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Story:
        schedule = tuple((label, epochs) for label, epochs in found["schedule"])
        return cls(Settings.of(**found["settings"]), schedule, found["history"])


@dataclass(frozen=True)
class Gain:
    """What a strategy, or a sampler alone, gains over the best fixed sampler of a cell."""

    cell: str
    label: str
    fixed: bool
    by_seed: Sequence[float]
    trainings: float

    @property
    def mean(self) -> float:
        return sum(self.by_seed) / len(self.by_seed)


def learning_curves(model: str, found: Mapping[str, Any]) -> Figure:
    """Held-out metric by epoch: every sampler alone, and the kept path of the search."""
    story, fixed = Story.of(found["search"]), found["fixed"]
    styles = styles_of(list(fixed))
    lines = [Line(label, styles[label], [fixed[label]]) for label in fixed]
    path = kept_path(story.history, story.schedule)
    lines.append(Line("search", "ink", [path], strong=True))
    name = metric_name(story.settings.metric)
    best = {line.label: max(value for _, value in line.pieces[0]) for line in lines}
    told = "; ".join(f"{label}: {score(value)}" for label, value in best.items())
    title = f"{MODELS[model]}: {name} on validation users"
    svg = line_chart(lines, title=title, desc=f"Best values: {told}.", x_name="epoch", zero=True)
    return Figure(title, "", svg, legend(lines))


def schedule(model: str, found: Mapping[str, Any]) -> Figure:
    """Which sampler trained when."""
    drawn = schedule_figure(Story.of(found["search"]))
    return Figure(f"{MODELS[model]}: {drawn.title.lower()}", "", drawn.svg)


def evidence(model: str, found: Mapping[str, Any]) -> Figure:
    """How far every fork was behind the leader of its trial, and from where on it is out."""
    points: dict[str, list[tuple[float, float]]] = {}
    for choice in choices(found["search"]["history"]):
        for seen in choice.evidence:
            if "behind_leader_z" in seen.others:
                place = (choice.last, seen.others["behind_leader_z"])
                points.setdefault(seen.label, []).append(place)
    order = sampler_order(points)
    styles = styles_of(order)
    lines = [Line(one, styles[one], [[p] for p in points[one]], dots=True) for one in order]
    bound = NormalDist().inv_cdf(1 - LEVEL)
    ends = [at for label in order for at, _ in points[label]]
    limit = Line("out from here", "ink", [[(min(ends), bound), (max(ends), bound)]])
    title = f"{MODELS[model]}: standard errors behind the leader"
    told = (f"{one} at most {max(z for _, z in points[one]):.1f}" for one in order)
    desc = f"An arm is out from {bound:.2f} on. {'; '.join(told)}."
    svg = line_chart([limit, *lines], title=title, desc=desc, x_name="epoch", zero=True)
    return Figure(title, "", svg, legend([limit, *lines]))


def gains_of(report: Mapping[str, Any]) -> list[Gain]:
    """The rows of ``autosample bench results``, or of ``quality.py``."""
    if "summary" in report:
        return [
            Gain(
                f"{cell['dataset']}, {MODELS.get(cell['model'], cell['model'])}",
                row["label"],
                row["fixed"],
                list(row["gains"].values()),
                row["trainings"],
            )
            for cell in report["cells"]
            for row in cell["rows"]
            if "gains" in row
        ]
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for row in (row for cell in report["cells"] for row in cell["runs"]):
        rows.setdefault(row["strategy"], []).append(row)
    return [
        Gain(
            f"{report['dataset']}, {MODELS.get(report['model'], report['model'])}",
            strategy.removeprefix("fixed "),
            strategy.startswith("fixed "),
            [row["gain"] for row in seeds],
            sum(row["trainings"] for row in seeds) / len(seeds),
        )
        for strategy, seeds in rows.items()
    ]


def cost(gains: Sequence[Gain]) -> Figure:
    """A dot for every cell and way to train: trainings across, gain up."""
    alone = Line("one sampler", "c7", _dots(gain for gain in gains if gain.fixed), dots=True)
    labels = dict.fromkeys(gain.label for gain in gains if not gain.fixed)
    searches = [
        Line(
            label,
            party_style(place, label),
            _dots(gain for gain in gains if gain.label == label),
            dots=True,
            strong=True,
        )
        for place, label in enumerate(labels)
    ]
    lines = [alone, *searches[::-1]]
    told = "; ".join(
        f"{gain.cell}, {gain.label}: {change(gain.mean)} for {gain.trainings:.1f}"
        for gain in gains
        if not gain.fixed
    )
    title = "Gain in test NDCG@20 over the best fixed sampler (%)"
    svg = line_chart(
        lines, title=title, desc=told, x_name="cost in trainings", x_zero=True, zero=True
    )
    return Figure(title, "", svg, legend(lines[::-1]))


def _dots(gains: Iterable[Gain]) -> list[list[tuple[float, float]]]:
    return [[(gain.trainings, 100 * gain.mean)] for gain in gains]


def gain_by_cell(gains: Sequence[Gain]) -> Figure:
    """The adaptive search, dataset by dataset and model by model, from worst to best seed."""
    rows = [
        Interval(
            gain.cell,
            100 * gain.mean,
            *((100 * end(gain.by_seed) if len(gain.by_seed) > 1 else math.nan)
              for end in (min, max)),
            f"{change(gain.mean)} for {gain.trainings:.1f} trainings",
        )
        for gain in gains
        if gain.label == "adaptive"
    ]  # fmt: skip
    title = "Gain of adaptive over the best fixed sampler (%)"
    told = "; ".join(f"{row.label}: {row.word}" for row in rows)
    return Figure(title, "", intervals(rows, title=title, desc=told))


def by_hardness(
    rows: Sequence[Mapping[str, Any]], title: str, value: Callable[[Mapping[str, Any]], float]
) -> Figure:
    """A number by how many candidates the hardest is taken from, a line for every family."""
    curves: dict[str, dict[int, list[tuple[float, float]]]] = {}
    for row in rows:
        family, _, setting = row["name"].partition(":")
        if setting:
            point = (math.log2(int(setting.partition("=")[2])), value(row))
            curves.setdefault(family, {}).setdefault(row["seed"], []).append(point)
    lines = [
        seed_line(family, f"c{place}", list(seeds.values()), strong=place == 0)
        for place, (family, seeds) in enumerate(curves.items())
    ]
    told = "; ".join(
        f"{line.label}: {', '.join(f'{y:.3g} with {2**x:.0f}' for x, y in line.pieces[0])}"
        for line in lines
    )
    x_name = "candidates per positive, as a power of two"
    svg = line_chart(lines, title=title, desc=told + "." + SEEDS, x_name=x_name, zero=True)
    return Figure(title, "", svg, legend(lines))


def false_share(row: Mapping[str, Any]) -> float:
    """In percent."""
    return 100 * float(row["false_negatives"])


def trade(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """False negatives across, NDCG up; a dot per seed."""
    groups: dict[str, list[list[tuple[float, float]]]] = {}
    for row in rows:
        family = row["name"].partition(":")[0]
        groups.setdefault(family, []).append([(false_share(row), row["ndcg"])])
    lines = [
        Line(family, party_style(place, family), dots, dots=True)
        for place, (family, dots) in enumerate(groups.items())
    ]
    best = max(rows, key=lambda row: row["ndcg"])
    desc = (
        f"Best: {best['name']}, {score(best['ndcg'])} with {percent(best['false_negatives'])} "
        "false negatives."
    )
    title = "Test NDCG@20 by share of false negatives"
    svg = line_chart(lines, title=title, desc=desc, x_name="false negatives (%)", zero=True)
    return Figure(title, "", svg, legend(lines))


def drawn(results: Path) -> dict[str, Figure]:
    """Every figure by the name of its file; gains from benches, and without them from trials."""
    curves = json.loads((results / "curves-lastfm.json").read_text("utf-8"))
    figures = {}
    for model in (model for model in MODELS if model in curves):
        figures[f"curves-{model}"] = learning_curves(model, curves[model])
        figures[f"schedule-{model}"] = schedule(model, curves[model])
        figures[f"evidence-{model}"] = evidence(model, curves[model])
    reports = sorted(results.glob("matrix*.json")) or sorted(results.glob("quality-*.json"))
    gains = [gain for path in reports for gain in gains_of(json.loads(path.read_text("utf-8")))]
    figures["gain-by-cost"], figures["gain-by-cell"] = cost(gains), gain_by_cell(gains)
    rows = json.loads((results / "false-negatives.json").read_text("utf-8"))["rows"]
    figures["false-by-hardness"] = by_hardness(rows, "False negatives (%)", false_share)
    figures["ndcg-by-hardness"] = by_hardness(rows, "Test NDCG@20", lambda row: row["ndcg"])
    figures["ndcg-by-false"] = trade(rows)
    return figures


def main() -> None:
    FIGURES.mkdir(exist_ok=True)
    for name, figure in drawn(RESULTS).items():
        (FIGURES / f"{name}.svg").write_text(framed(figure), "utf-8")
        print(name)


if __name__ == "__main__":
    main()
