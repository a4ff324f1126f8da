"""The figures of the report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from autosample.metrics import Ranks
from autosample.report.bands import Interval, Lane, intervals, lanes
from autosample.report.bars import Bars, bar_chart
from autosample.report.lines import Line, line_chart
from autosample.report.measure import Difference, Mean, curve
from autosample.report.numbers import metric_name, percent, score, short, signed
from autosample.report.story import kept_path, samplers_of, series, spans, stretches
from autosample.report.svg import HUES, SHADES
from autosample.report.words import POPULAR
from autosample.run import RunResult


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


def schedule_figure(result: RunResult) -> Figure:
    """Who trained when: a lane for every sampler."""
    parts, labels = stretches(result.schedule), samplers_of(result.history)
    rows = [
        Lane(
            short(label),
            style,
            spans(result.history, label),
            [(part.first - 1, part.last) for part in parts if label in part.labels],
        )
        for label, style in styles_of(labels).items()
    ]
    end = max([part.last for part in parts] + [b for row in rows for _, b in row.tried], default=1)
    note = (
        "Thick: epochs that the final model comes from. Thin: trained to compare, not kept. "
        "Shades of one colour: one family. "
    )
    if any(len(part.labels) > 1 for part in parts):
        note += "Where several lanes are thick at once, copies trained side by side were averaged. "
    if parts and parts[-1].last < end:
        note += (
            f"The best model was found after epoch {parts[-1].last}; later epochs are not in it."
        )
    told = "; ".join(f"{', '.join(p.labels)}: epochs {p.first} to {p.last}" for p in parts)
    svg = lanes(rows, end=end, title="Schedule of samplers", desc=told)
    return Figure("Which sampler trained when", note, svg)


def learning_figures(result: RunResult) -> list[Figure]:
    """Held-out metric, hardness of negatives and loss by epoch, for every sampler."""
    name = metric_name(result.settings.metric)
    path = kept_path(result.history, result.schedule)
    kept = [Line("kept", "ink", [path], strong=True)] if path else []
    told = f"From {score(path[0][1])} to {score(path[-1][1])}." if path else ""
    return [
        _by_sampler(
            result,
            ("evaluation", "value"),
            f"{name} on validation users",
            "Thick: the training that the final model comes from. Thin: each sampler after its "
            "trials.",
            f"{name} along the kept training. {told}",
            kept,
        ),
        _by_sampler(
            result,
            ("epoch", "hardness"),
            "Hardness of negatives",
            "Mean chance, by the model's own scores, that a negative beats the positive. At 0.5 "
            "the two look alike; near 0 there is little left to learn from it.",
            "Mean hardness of each sampler's negatives by epoch.",
        ),
        _by_sampler(
            result,
            ("epoch", "loss"),
            "Training loss",
            "Harder negatives have a higher loss, so compare a sampler with itself only.",
            "Mean training loss of each sampler by epoch.",
        ),
        _work_figure(result, name),
    ]


def _work_figure(result: RunResult, name: str) -> Figure:
    """The best held-out value so far, by work."""
    best, points = -math.inf, []
    epoch = next((r["positives"] for r in result.history if r["kind"] == "epoch"), 1)
    for record in result.history:
        if record["kind"] == "evaluation" and math.isfinite(record["value"]):
            work = record["positives_so_far"] / epoch
            points += [(work, best)] * (record["value"] > best > -math.inf)
            best = max(best, record["value"])
            points.append((work, best))
    title = f"Best {name} so far, by work"
    told = f"{score(best)} after {points[-1][0]:.0f} epochs of all copies." if points else ""
    svg = line_chart(
        [Line("best so far", "c0", [points], strong=True)],
        title=title,
        desc=told,
        x_name="epochs trained, all copies together",
    )
    return Figure(title, "On validation users; what the search had found by when.", svg)


def _by_sampler(
    result: RunResult,
    what: tuple[str, str],
    title: str,
    note: str,
    desc: str,
    above: Sequence[Line] = (),
) -> Figure:
    styles = styles_of(samplers_of(result.history))
    runs = series(result.history, *what)
    lines = [
        Line(label, styles[label], runs[label], dots=what[0] == "evaluation")
        for label in styles
        if label in runs
    ]
    zero = what[0] == "epoch"
    svg = line_chart([*lines, *above], title=title, desc=desc, x_name="epoch", zero=zero)
    return Figure(title, note, svg, [(line.style, short(line.label)) for line in (*above, *lines)])


def curve_figures(ranks: Mapping[str, Ranks]) -> list[Figure]:
    """NDCG and recall by length of the list, for this run and others."""
    figures = []
    for metric in ("ndcg", "recall"):
        lines = [
            Line(label, _style(place, label), [curve(one, metric)], strong=place == 0)
            for place, (label, one) in enumerate(ranks.items())
        ]
        title = metric_name(f"{metric}@1").removesuffix("1") + "K"
        told = "; ".join(f"{ln.label}: {score(ln.pieces[0][-1][1])}" for ln in lines)
        desc = f"At K = {lines[0].pieces[0][-1][0]}: {told}"
        svg = line_chart(lines[::-1], title=title, desc=desc, x_name="K", zero=True)
        legend = [(line.style, short(line.label)) for line in lines]
        note = "Mean over test users by K, the length of the list."
        figures.append(Figure(title, note, svg, legend))
    return figures


def _style(place: int, label: str) -> str:
    """This run has the first colour, popularity the last, others those between."""
    hue = HUES - 1 if label == POPULAR else place and (place - 1) % (HUES - 2) + 1
    return f"c{hue}"


def difference_figure(differences: Mapping[str, Difference], metric: str) -> Figure:
    """This run minus others, user by user."""
    name = metric_name(metric)
    rows = [
        Interval(f"against {short(label, 40)}", d.mean.value, d.mean.low, d.mean.high)
        for label, d in differences.items()
    ]
    told = "; ".join(
        f"{row.label}: {signed(row.mean)} ({signed(row.low)} to {signed(row.high)})" for row in rows
    )
    note = (
        "Mean difference over the same test users and its 95% interval; right of the line this "
        "run is better. The interval says how far other users could change the picture, not how "
        "far other seeds could."
    )
    title = f"{name}: this run minus others"
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
    svg = bar_chart(groups, bars, title=title, desc=told, x_name=x_name, show=lambda v: f"{v:.0%}")
    return Figure(title, note, svg, [(one.style, one.label) for one in bars])
