"""Figures of how training went, and of what it cost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from autosample.metrics import per_user
from autosample.report.figures import SEEDS, Figure, legend, party_style, seed_line, styles_of
from autosample.report.lines import Line, Point, line_chart
from autosample.report.numbers import metric_name, score
from autosample.report.parties import Party
from autosample.report.story import Record, Told, kept_path, samplers_of, series, stretches


def learning_figures(parties: Sequence[Party]) -> list[Figure]:
    """Held-out metric by epoch of all parties, then the figures of this run."""
    result = parties[0].runs[0]
    alone = len(parties) == len(parties[0].runs) == 1
    name = metric_name(result.settings.metric)
    return [*([] if alone else [_runs_figure(parties, name)]), *own_figures(result)]


def own_figures(result: Told) -> list[Figure]:
    """Held-out metric of a run by epoch and sampler; hardness and loss."""
    name = metric_name(result.settings.metric)
    path = kept_path(result.history, result.schedule)
    kept = [Line("kept", "ink", [path], strong=True)] if path else []
    told = f"From {score(path[0][1])} to {score(path[-1][1])}." if path else ""
    figures = [
        by_sampler(
            result,
            ("evaluation", "value"),
            f"{name} on validation users, by sampler",
            "Thick: the training that the final model comes from. Thin: each sampler after its "
            "trials.",
            f"{name} along the kept training. {told}",
            kept,
        )
    ]
    if fan := hardness_bands(result):
        figures.append(_hardness_figure(fan))
    return [
        *figures,
        by_sampler(
            result,
            ("epoch", "hardness"),
            "Mean hardness, by sampler",
            "Mean chance, by the model's own scores, that a negative beats the positive. At 0.5 "
            "the two look alike; near 0 there is little left to learn from it.",
            "Mean hardness of each sampler's negatives by epoch.",
        ),
        by_sampler(
            result,
            ("epoch", "loss"),
            "Training loss",
            "Harder negatives have a higher loss, so compare a sampler with itself only.",
            "Mean training loss of each sampler by epoch.",
        ),
    ]


def _runs_figure(parties: Sequence[Party], name: str) -> Figure:
    """The kept training of every party, with bands where there are several seeds."""
    lines = [
        seed_line(
            party.label,
            party_style(place, party.label),
            [kept_path(run.history, run.schedule) for run in party.runs],
            strong=place == 0,
        )
        for place, party in enumerate(parties)
    ]
    told = "; ".join(f"{ln.label}: {score(ln.pieces[0][-1][1])}" for ln in lines if ln.pieces)
    title = f"{name} on validation users, by run"
    svg = line_chart(lines[::-1], title=title, desc=f"At the end, {told}.", x_name="epoch")
    note = "The training that the final model comes from, in every run."
    return Figure(title, note + SEEDS * any(line.band for line in lines), svg, legend(lines))


def by_sampler(
    result: Told,
    what: tuple[str, str],
    title: str,
    note: str,
    desc: str,
    above: Sequence[Line] = (),
) -> Figure:
    """A field of the history by epoch, a line for every sampler."""
    styles = styles_of(samplers_of(result.history))
    runs = series(result.history, *what)
    lines = [
        Line(label, styles[label], runs[label], dots=what[0] == "evaluation")
        for label in styles
        if label in runs
    ]
    zero = what[0] == "epoch"
    svg = line_chart([*lines, *above], title=title, desc=desc, x_name="epoch", zero=zero)
    return Figure(title, note, svg, legend([*above, *lines]))


def hardness_bands(result: Told) -> list[tuple[int, list[float]]]:
    """(epoch, hardness at the quantiles .1, .25, .5, .75, .9) along the kept training.

    From the counts by tenths in the history, evenly spread within a tenth. Epochs whose record has
    no counts are left out.
    """
    shares: dict[tuple[str, int], Sequence[float]] = {}
    for record in result.history:
        if record["kind"] == "epoch" and record.get("hardness_shares"):
            shares[record["sampler"], record["epoch"]] = record["hardness_shares"]
    found = []
    for part in stretches(result.schedule):
        for epoch in range(part.first, part.last + 1):
            total = np.cumsum(shares.get((part.label, epoch), [0.0]))
            if total[-1] > 0:
                edges = np.linspace(0, 1, len(total) + 1)
                ends = np.concatenate([[0], total / total[-1]])
                found.append((epoch, np.interp([0.1, 0.25, 0.5, 0.75, 0.9], ends, edges).tolist()))
    return found


def _hardness_figure(fan: Sequence[tuple[int, list[float]]]) -> Figure:
    lines = [
        Line("80% of negatives", "c0 t0", [], band=[(e, q[0], q[4]) for e, q in fan]),
        Line("half of them", "c0 t2", [], band=[(e, q[1], q[3]) for e, q in fan]),
        Line("median", "c0 t4", [[(e, q[2]) for e, q in fan]], strong=True),
    ]
    title = "Hardness of negatives against positives"
    (first, before), (last, after) = fan[0], fan[-1]
    desc = (
        f"Median {before[2]:.2f} in epoch {first} and {after[2]:.2f} in epoch {last}; a tenth of "
        f"the negatives is above {before[4]:.2f} and {after[4]:.2f}."
    )
    note = (
        "How the chance that a negative beats its positive is distributed, epoch by epoch of the "
        "kept training; from counts in tenths that training keeps."
    )
    svg = line_chart(lines, title=title, desc=desc, x_name="epoch", zero=True)
    return Figure(title, note, svg, legend(lines))


def price_figures(parties: Sequence[Party]) -> list[Figure]:
    """Quality against cost: what was found by when, and what every run ended with."""
    name = metric_name(parties[0].runs[0].settings.metric)
    figures = [_work_figure(parties, name)]
    if len(parties) > 1 and parties[0].ranks:
        figures.append(_cost_figure(parties, name))
    return figures


def _work_figure(parties: Sequence[Party], name: str) -> Figure:
    """The best held-out value so far, by work, of the first run of every party."""
    lines = [
        Line(
            party.label,
            party_style(place, party.label),
            [list(best_so_far(party.runs[0].history))],
            strong=place == 0,
        )
        for place, party in enumerate(parties)
    ]
    told = [f"{ln.label}: {score(ln.pieces[0][-1][1])} after {ln.pieces[0][-1][0]:.0f} epochs"
            for ln in lines if ln.pieces[0]]  # fmt: skip
    title = f"Best {name} so far, by work"
    svg = line_chart(
        lines[::-1],
        title=title,
        desc="; ".join(told),
        x_name="epochs trained, all copies together",
    )
    note = "On validation users; what had been found by when."
    return Figure(title, note, svg, legend(lines) if len(lines) > 1 else ())


def best_so_far(history: Sequence[Record]) -> Iterator[Point]:
    """(work in epochs, best held-out value), a step at every improvement."""
    best, epoch = -math.inf, next((r["positives"] for r in history if r["kind"] == "epoch"), 1)
    for record in history:
        if not record.get("counts", True):
            continue  # could not become the result
        if record["kind"] == "evaluation" and math.isfinite(record["value"]):
            work = record["positives_so_far"] / epoch
            if record["value"] > best > -math.inf:
                yield work, best
            best = max(best, record["value"])
            yield work, best


def _cost_figure(parties: Sequence[Party], name: str) -> Figure:
    """A dot per run: trainings across, the test metric up."""
    metric = parties[0].runs[0].settings.metric
    lines = []
    for place, party in enumerate(parties):
        dots = [
            [(run.trainings, float(per_user(run.ranks, metric).mean()))]
            for run in party.runs
            if run.ranks is not None
        ]
        style = party_style(place, party.label)
        lines.append(Line(party.label, style, dots, strong=True, dots=True))
    title = f"{name} on test users, by cost"
    told = "; ".join(
        f"{ln.label}: {score(y)} for {x:.1f}" for ln in lines for ((x, y),) in ln.pieces
    )
    svg = line_chart(
        lines[::-1], title=title, desc=told, x_name="trainings", x_zero=True, x_whole=False
    )
    note = "A dot per run: further up is better, further left is cheaper."
    return Figure(title, note, svg, legend(lines))
