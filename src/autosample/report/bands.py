"""Charts as wide as the page: lanes of a schedule, and intervals around a line at zero.

Places across are in percent, so the drawing fits a phone and a desk while its text keeps its size.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from autosample.report.numbers import epochs, signed
from autosample.report.svg import Scale, span, text, tick_label, ticks, tip

_LANE = 36  # height of a lane
_THICK = {"kept": 14, "tried": 5}  # bars of what was kept and what was not
_ROW = 44  # height of an interval


@dataclass(frozen=True)
class Lane:
    """One sampler's part in a schedule.

    Attributes:
        label: The sampler.
        style: Its colour.
        tried: (start, end) in epochs, start not included.
        kept: The same for what the final parameters come from.
    """

    label: str
    style: str
    tried: Sequence[tuple[int, int]]
    kept: Sequence[tuple[int, int]]


def lanes(rows: Sequence[Lane], *, end: int, title: str, desc: str) -> Markup:
    """A bar per stretch of epochs in the lane of its sampler, over 0 .. ``end`` epochs."""
    bottom = _LANE * len(rows) + 4
    marks = [value for value in ticks(0, max(end, 1), whole=True, most=7) if value]
    body = [_tick(Scale(0, max(end, 1), 0, 100), value, marks, bottom) for value in marks]
    for place, row in enumerate(rows):
        y = place * _LANE
        body.append(text(0, y + 13, row.label, "lane-label"))
        track = Markup('<rect class="track" y="{}" width="100%" height="14" rx="3"/>')
        body.append(track.format(y + 18))
        body += [_stretch(row, part, "tried", end, y + 25) for part in row.tried]
        body += [_stretch(row, part, "kept", end, y + 25) for part in row.kept]
    return _wide(body, bottom + 22, title=title, desc=desc)


def _tick(x: Scale, value: float, marks: Sequence[float], bottom: int) -> Markup:
    place = f"{x(value)}%"
    label = tick_label(value, marks) if value != marks[0] else f"epoch {tick_label(value, marks)}"
    line = Markup('<line class="grid" x1="{0}" x2="{0}" y1="0" y2="{1}"/>').format(place, bottom)
    return line + _number(x(value), bottom + 15, label)


def _number(percent: float, y: int, label: str) -> Markup:
    """A number below an axis, kept inside the drawing at its ends."""
    kind = "end" if percent > 92 else "start" if percent < 8 else "middle"
    return text(f"{percent}%", y, label, kind)


def _stretch(row: Lane, part: tuple[int, int], kind: str, end: int, middle: int) -> Markup:
    start, stop = part
    height = _THICK[kind]
    words = f"{row.label}, {epochs(start + 1, stop)}: {kind}"
    return Markup(
        '<rect class="{} {}" x="{:.2f}%" y="{}" width="{:.2f}%" height="{}" rx="2">{}</rect>'
    ).format(
        kind,
        row.style,
        100 * start / end,
        middle - height / 2,
        100 * (stop - start) / end,
        height,
        tip(words),
    )


@dataclass(frozen=True)
class Interval:
    """A mean with the ends of its interval, NaN where there is none; a word on it at the right.

    With a ``style`` it is a bar of that colour from zero, else a dot whose colour says on which
    side of zero the interval lies.
    """

    label: str
    mean: float
    low: float
    high: float
    word: str = ""
    style: str = ""


def intervals(rows: Sequence[Interval], *, title: str, desc: str) -> Markup:
    """One interval per row, around a common line at zero."""
    low, high = span([end for row in rows for end in (row.low, row.mean, row.high)], zero=True)
    pad = 0.04 * (high - low)
    x = Scale(low - pad, high + pad, 0, 100)
    bottom = _ROW * len(rows)
    marks = ticks(x.low, x.high, most=4)
    labels = [_number(x(mark), bottom + 15, tick_label(mark, marks)) for mark in marks]
    body = labels + [_interval(row, x, place * _ROW) for place, row in enumerate(rows)]
    return _wide(body, bottom + 22, title=title, desc=desc)


def _interval(row: Interval, x: Scale, y: int) -> Markup:
    numbers = f"{signed(row.mean)}  ({signed(row.low)} to {signed(row.high)})"
    side = "better" if row.low > 0 else "worse" if row.high < 0 else "unclear"
    line = Markup("")
    if math.isfinite(row.low):
        line = Markup('<line x1="{}%" x2="{}%" y1="{}" y2="{}"/>').format(
            x(row.low), x(row.high), y + 28, y + 28
        )
    if row.style:
        kind, width = f"bar {row.style}", round(x(row.mean) - x(0), 2)
        mark = Markup('<rect x="{}%" y="{}" width="{}%" height="14" rx="2"/>').format(
            x(0), y + 21, width
        )
    else:
        kind = f"interval {side}"
        mark = Markup('<circle cx="{}%" cy="{}" r="5"/>').format(x(row.mean), y + 28)
    zero = Markup('<line class="axis" x1="{0}%" x2="{0}%" y1="{1}" y2="{2}"/>').format(
        x(0), y + 18, y + 38
    )
    parts = mark + line if row.style else line + mark
    marks = Markup('<g class="{}">{}{}</g>').format(kind, tip(f"{row.label}: {numbers}"), parts)
    words = text(0, y + 13, row.label, "lane-label") + text("100%", y + 13, row.word, "end")
    return words + zero + marks


def _wide(body: Iterable[Markup], height: int, *, title: str, desc: str) -> Markup:
    return Markup(
        '<svg class="wide" width="100%" height="{}" role="img"><title>{}</title><desc>{}</desc>'
        "{}</svg>"
    ).format(height, title, desc, Markup("").join(body))
