"""Prints the targets and what was measured as Markdown tables.

python -m benchmarks.speed.table benchmarks/results/speed.json benchmarks/results/scaling.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.speed.plan import TARGETS, Target
from benchmarks.speed.ratios import compare, growth

HELP_SECONDS, FIRST_STEP_SECONDS = 0.3, 10.0
RANKING_MB, TRAINING_TIMES = 200.0, 1.5
LARGEST_MB = 4096.0  # to train 10 M interactions
LINEAR = (0.85, 1.15)  # exponents that count as linear
ITEMS_TIMES = 2.5  # what reading rows costs more from memory than from cache


class Line(NamedTuple):
    """One line of the table of targets."""

    text: str
    target: str
    measured: str
    met: bool | None  # None: not measured


def target_lines(report: Mapping[str, Any], data: str = "simulated") -> Iterator[Line]:
    """All targets of the rows of one dataset."""
    rows = {name: row["contenders"] for name, row in report["data"][data]["rows"].items()}
    for target in TARGETS:
        yield ratio_line(target, rows.get(target.row, {}))
    yield from bit_lines(rows)
    yield from memory_lines(rows)


def ratio_line(target: Target, row: Mapping[str, Any]) -> Line:
    """A target that is a ratio of two rates."""
    bound = f"{'at most' if target.cost else 'at least'} {target.factor:g}x"
    ratio = compare(row, target.ours, target.rivals)
    if ratio is None:
        return Line(target.text, bound, "not measured", None)
    numbers = ratio[:3]
    if target.cost:
        numbers = (1 / ratio.median, 1 / ratio.high, 1 / ratio.low)
    middle, low, high = numbers
    met = middle <= target.factor if target.cost else middle >= target.factor
    return Line(target.text, bound, f"{middle:.2f}x ({low:.2f} to {high:.2f})", met)


def bit_lines(rows: Mapping[str, Any]) -> Iterator[Line]:
    """Whether one and two threads gave the same bits."""
    for name, row in rows.items():
        if not name.startswith("threads-"):
            continue
        digests = [entry.get("digest") for entry in row.values()]
        known = len(digests) == 2 and None not in digests
        same = len(set(digests)) == 1
        told = ("equal" if same else "different") if known else "not measured"
        yield Line(f"bits, {name}", "equal", told, same if known else None)


def memory_lines(rows: Mapping[str, Any]) -> Iterator[Line]:
    """Peak memory of training and of ranking, above the bare import of torch."""
    train = rows.get("mf-uniform", {}).get("ours", {})
    times, told = None, "not measured"
    if "peak_mb" in train:
        above = train["peak_mb"] - train["bare_mb"]
        times = above / train["needed_mb"]
        told = f"{times:.1f}x ({above:.0f} MB for {train['needed_mb']:.0f})"
    bound = f"at most {TRAINING_TIMES:g}x"
    met = None if times is None else times <= TRAINING_TIMES
    yield Line("peak memory of MF training : tables, moments and data", bound, told, met)
    rank = rows.get("ranking", {}).get("ours", {})
    above, told = None, "not measured"
    if "peak_mb" in rank:
        above = rank["peak_mb"] - rank["bare_mb"] - rank["tables_mb"]
        told = f"{above:.0f} MB"
    met = None if above is None else above <= RANKING_MB
    yield Line("memory of ranking above the tables", f"at most {RANKING_MB:g} MB", told, met)


def start_lines(start: Mapping[str, float]) -> Iterator[Line]:
    """Seconds to the first answer and to the first step."""
    bounds = {
        "help": ("`autosample --help`", HELP_SECONDS),
        "first step, mf, cold": ("first MF step, nothing compiled yet", FIRST_STEP_SECONDS),
        "first step, mf, warm": ("first MF step, compiled before", FIRST_STEP_SECONDS),
        "autosample run, mf, cold": ("first `autosample run`, all of it", FIRST_STEP_SECONDS),
    }
    for name, (text, bound) in bounds.items():
        found = start.get(name)
        told = "not measured" if found is None else f"{found:.2f} s"
        yield Line(text, f"under {bound:g} s", told, None if found is None else found < bound)


def scaling_lines(scaling: Mapping[str, Any]) -> Iterator[Line]:
    """Growth with the number of positives and of items, and the largest data."""
    curves = {
        name: [(point[name], point["epoch_seconds"]) for point in points if "error" not in point]
        for name, points in scaling["curves"].items()
        if name in ("positives", "items")
    }
    if points := curves.get("positives"):
        exponent = growth(*zip(*points, strict=True))
        met = LINEAR[0] <= exponent <= LINEAR[1]
        text = "an epoch's seconds grow with positives as"
        yield Line(text, "linear", f"power {exponent:.2f}", met)
    if points := curves.get("items"):
        (few, first), (many, last) = min(points), max(points)
        text = f"an epoch's seconds, {many:,} : {few:,} items"
        yield Line(text, f"at most {ITEMS_TIMES:g}x", f"{last / first:.2f}x",
                   last <= ITEMS_TIMES * first)  # fmt: skip
    largest = scaling["largest"]
    told, met = largest.get("error", ""), False
    if "peak_mb" in largest:
        told, met = f"{largest['peak_mb']:,.0f} MB", largest["peak_mb"] < LARGEST_MB
    yield Line(f"{largest['positives']:,} positives, one epoch, whole process",
               f"under {LARGEST_MB:,.0f} MB", told, met)  # fmt: skip


def markdown(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    names = list(header)
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def targets_table(lines: Iterable[Line]) -> str:
    """The table of targets."""
    verdict = {True: "met", False: "**missed**", None: "-"}
    rows = ((line.text, line.target, line.measured, verdict[line.met]) for line in lines)
    return markdown(("work", "target", "measured: median (range over rounds)", ""), rows)


def rates_table(report: Mapping[str, Any], data: str) -> str:
    """Every contender's rate, spread and peak memory."""
    rows = [
        (name, label, *_cells(entry, row["unit"]))
        for name, row in report["data"][data]["rows"].items()
        for label, entry in row["contenders"].items()
    ]
    return markdown(("row", "who", "a second (median)", "spread", "peak memory"), rows)


def environments_table(report: Mapping[str, Any]) -> str:
    """What every peer weighs."""
    rows = [
        (name, entry["version"], f"{entry['size_mb']:,.0f} MB", f"{entry['import_seconds']:.1f} s")
        if "size_mb" in entry
        else (name, entry.get("error", "").splitlines()[-1], "-", "-")
        for name, entry in report.get("environments", {}).items()
    ]
    return markdown(("who", "version", "installed size", "import"), rows)


def _cells(entry: Mapping[str, Any], unit: str) -> tuple[str, str, str]:
    if "median" not in entry:
        return f"error: {entry.get('error', 'no rounds')}", "-", "-"
    peak = f"{entry['peak_mb']:.0f} MB" if "peak_mb" in entry else "-"
    return f"{entry['median']:,.0f} {unit}", f"{entry['spread']:.0%}", peak


def growth_table(scaling: Mapping[str, Any]) -> str:
    """What every point of the curves reached, on one thread unless threads are what varies."""
    points = [point for curve in scaling["curves"].values() for point in curve]
    rows = [
        (point["curve"], point["work"], f"{point['value']:,}", *_cells(point, "positives"))
        for point in points
    ]
    return markdown(("what varies", "work", "value", "a second (median)", "spread", "peak"), rows)


def main(speed: str, scaling: str | None = None) -> None:
    report = json.loads(Path(speed).read_text())
    for data in report["data"]:
        lines = list(target_lines(report, data))
        if data != "simulated":  # where some rows are not measured
            lines = [line for line in lines if line.met is not None]
        else:  # what knows no dataset is told once
            lines += start_lines(report.get("start", {}))
            if scaling is not None:
                lines += scaling_lines(json.loads(Path(scaling).read_text()))
        print(f"## Targets, {data}\n\n{targets_table(lines)}\n")
        print(f"## Rates, {data}\n\n{rates_table(report, data)}\n")
    print(f"## Environments\n\n{environments_table(report)}")
    if scaling is not None:
        print(f"\n## Growth\n\n{growth_table(json.loads(Path(scaling).read_text()))}")


if __name__ == "__main__":
    main(*sys.argv[1:])
