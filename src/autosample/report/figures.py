"""The figures of the report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from autosample.errors import shortened
from autosample.metrics import Ranks
from autosample.report.bands import Interval, Lane, intervals, lanes
from autosample.report.bars import Bars, bar_chart
from autosample.report.lines import Line, Point, line_chart
from autosample.report.measure import Difference, Mean, curve
from autosample.report.numbers import (
    change,
    metric_name,
    p_value,
    percent,
    score,
    signed,
)
from autosample.report.story import Told, kept_epochs, sampler_order, samplers_of, spans, stretches
from autosample.report.svg import HUES, SHADES
from autosample.report.words import POPULAR


@dataclass(frozen=True)
class Figure:
    """A drawing with its caption; ``legend`` has (style, label)."""

    title: str
    note: str
    svg: Markup
    legend: Sequence[tuple[str, str]] = ()


def styles_of(labels: Sequence[str]) -> dict[str, str]:
    """A hue for every family of samplers, and a shade for every member, in the order given."""
    families: dict[str, list[str]] = {}
    for label in labels:
        families.setdefault(label.partition(":")[0], []).append(label)
    return {
        label: f"c{hue % HUES} t{int((place + 0.5) * SHADES / len(members))}"
        for hue, members in enumerate(families.values())
        for place, label in enumerate(members)
    }


def schedule_figure(result: Told) -> Figure:
    """Who trained when: a lane for every sampler."""
    parts = stretches(result.schedule)
    labels = sampler_order([*samplers_of(result.history), *kept_epochs(result.schedule)])
    rows = [
        Lane(
            shortened(label, 40),  # what a phone has room for
            style,
            spans(result.history, label),
            [(part.first - 1, part.last) for part in parts if label == part.label],
        )
        for label, style in styles_of(labels).items()
    ]
    end = max([part.last for part in parts] + [b for row in rows for _, b in row.tried], default=1)
    note = (
        "Thick: epochs that the final model comes from. Thin: trained to compare, not kept. "
        "Shades of one colour: one family. "
    )
    if parts and parts[-1].last < end:
        note += (
            f"The best model was found after epoch {parts[-1].last}; later epochs are not in it."
        )
    told = "; ".join(f"{p.label}: epochs {p.first} to {p.last}" for p in parts)
    svg = lanes(rows, end=end, title="Schedule of samplers", desc=told)
    return Figure("Which sampler trained when", note, svg)


def curve_figures(ranks: Mapping[str, Sequence[Ranks]]) -> list[Figure]:
    """NDCG and recall by length of the list, for this run and others, each of one or more seeds."""
    figures = []
    for metric in ("ndcg", "recall"):
        lines = []
        for place, (label, seeds) in enumerate(ranks.items()):
            curves = [curve(one, metric) for one in seeds]
            lines.append(seed_line(label, party_style(place, label), curves, strong=place == 0))
        title = metric_name(f"{metric}@1").removesuffix("1") + "K"
        told = "; ".join(f"{ln.label}: {score(ln.pieces[0][-1][1])}" for ln in lines)
        desc = f"At K = {lines[0].pieces[0][-1][0]:g}: {told}"
        svg = line_chart(lines[::-1], title=title, desc=desc, x_name="K", zero=True)
        note = "Mean over test users by K, the length of the list."
        if any(line.band for line in lines):
            note += SEEDS
        figures.append(Figure(title, note, svg, legend(lines)))
    return figures


SEEDS = " Lines are means over seeds, bands go from the lowest to the highest."


def legend(lines: Sequence[Line]) -> list[tuple[str, str]]:
    """(style, label) of lines."""
    return [(line.style, shortened(line.label)) for line in lines]


def seed_line(
    label: str, style: str, curves: Sequence[Sequence[Point]], *, strong: bool = False
) -> Line:
    """The mean of curves, one per seed, with a band from the lowest to the highest.

    Where they have other places across, straight lines are drawn between those; the mean goes as
    far as all of them do.
    """
    curves = [curve for curve in curves if curve]
    if len(curves) < 2:
        return Line(label, style, curves, strong=strong)
    first, last = max(c[0][0] for c in curves), min(c[-1][0] for c in curves)
    xs = sorted({x for c in curves for x, _ in c if first <= x <= last})
    values = np.array([np.interp(xs, [x for x, _ in c], [y for _, y in c]) for c in curves])
    middle, low, high = (values.mean(0), values.min(0), values.max(0))
    points = list(zip(xs, middle.tolist(), strict=True))
    band = list(zip(xs, low.tolist(), high.tolist(), strict=True))
    return Line(label, style, [points] if points else [], strong=strong, band=band)


def party_style(place: int, label: str) -> str:
    """This run has the first colour, popularity the last, others those between."""
    hue = HUES - 1 if label == POPULAR else place and (place - 1) % (HUES - 2) + 1
    return f"c{hue}"


def reached_figure(means: Mapping[str, Mean], metric: str) -> Figure:
    """What every party reached on the test users, with the interval of each alone."""
    title = f"{metric_name(metric)} on test users"
    rows = [
        Interval(
            shortened(label, 30), m.value, m.low, m.high, score(m.value), party_style(n, label)
        )
        for n, (label, m) in enumerate(means.items())
    ]
    told = "; ".join(f"{row.label}: {row.word}" for row in rows)
    note = "Mean over test users, and seeds, with its 95% interval over users."
    return Figure(title, note, intervals(rows, title=title, desc=told))


def difference_figure(
    differences: Mapping[str, Difference], metric: str, this: str = "this run"
) -> Figure:
    """This run minus others, user by user."""
    name = metric_name(metric)
    rows = [
        Interval(
            f"against {shortened(label, 20)}",
            d.mean.value,
            d.mean.low,
            d.mean.high,
            f"{change(d.relative)}, {p_value(d.p)}",
        )
        for label, d in differences.items()
    ]
    told = "; ".join(
        f"{row.label}: {signed(row.mean)} ({signed(row.low)} to {signed(row.high)}), {row.word}"
        for row in rows
    )
    note = (
        "Mean difference over the same test users and its 95% interval; right of the line "
        f"{this} is better. p: Student's paired test over users"
        + (f", adjusted for these {len(rows)} comparisons (Holm). " if len(rows) > 1 else ". ")
        + "Both say how far other users could change the picture, not how far other seeds could."
    )
    title = f"{name}: {this} minus others"
    return Figure(title, note, intervals(rows, title=title, desc=told))


def group_figure(
    title: str,
    note: str,
    x_name: str,
    groups: Sequence[str],
    means: Sequence[Mean],
    *,
    whiskers: bool = True,
) -> Figure:
    """Bars of a mean by group, with intervals where values are independent."""
    heights = [m.value if math.isfinite(m.value) else 0.0 for m in means]
    ends = [
        (m.low, m.high) if math.isfinite(m.low) else (height, height)
        for m, height in zip(means, heights, strict=True)
    ]
    bars = [Bars(title, "c0", heights, ends if whiskers else None)]
    told = "; ".join(f"{g}: {score(h)}" for g, h in zip(groups, heights, strict=True))
    svg = bar_chart(groups, bars, title=title, desc=told, x_name=x_name, show=lambda v: f"{v:.3f}")
    return Figure(title, note, svg)


def share_figure(
    title: str, note: str, x_name: str, groups: Sequence[str], shares: Mapping[str, Sequence[float]]
) -> Figure:
    """Bars of shares by group, one series per name."""
    bars = [
        Bars(label, f"c{7 * place}", heights)
        for place, (label, heights) in enumerate(shares.items())
    ]
    told = "; ".join(
        f"{label}: {', '.join(f'{g} {percent(h)}' for g, h in zip(groups, heights, strict=True))}"
        for label, heights in shares.items()
    )
    svg = bar_chart(
        groups,
        bars,
        title=title,
        desc=told,
        x_name=x_name,
        show=lambda v: f"{v:.0%}",
        percent=True,
    )
    return Figure(title, note, svg, [(one.style, one.label) for one in bars])
