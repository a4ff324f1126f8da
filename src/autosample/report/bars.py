"""Bar charts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from autosample.report.svg import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    Scale,
    drawing,
    span,
    text,
    tip,
    y_axis,
)


@dataclass(frozen=True)
class Bars:
    """One bar per group.

    Attributes:
        label: Name of the series.
        style: Its colour.
        heights: One per group.
        intervals: Low and high end of each, or None.
    """

    label: str
    style: str
    heights: Sequence[float]
    intervals: Sequence[tuple[float, float]] | None = None


def bar_chart(
    groups: Sequence[str],
    series: Sequence[Bars],
    *,
    title: str,
    desc: str,
    x_name: str,
    show: Callable[[float], str],
    percent: bool = False,
) -> Markup:
    """Bars side by side in groups, from zero up, with their values above.

    Args:
        groups: Names of the groups, a few.
        series: One bar each per group.
        title: What is shown.
        desc: The same for those who do not see it, with the main numbers.
        x_name: What the groups are.
        show: Writes a height.
        percent: Whether the axis is in percent.
    """
    tops = [top for one in series for top in _tops(one)]
    room = 16  # for the values above
    y = Scale(*span(tops, zero=True), BOTTOM, TOP + room)
    slot = (RIGHT - LEFT) / max(len(groups), 1)
    body = [y_axis(y, percent=percent)]
    for place, group in enumerate(groups):
        body.append(text(round(LEFT + (place + 0.5) * slot, 1), BOTTOM + 16, group, "middle"))
        for number, one in enumerate(series):
            width = min(0.8 * slot / len(series), 44)
            middle = LEFT + (place + 0.5) * slot + (number + 0.5 - len(series) / 2) * width
            body.append(_bar(one, place, group, middle, width - 2, y, show))
    body.append(Markup('<path class="axis" d="M{} {}H{}"/>').format(LEFT, BOTTOM, RIGHT))
    body.append(text((LEFT + RIGHT) / 2, HEIGHT - 5, x_name, "middle"))
    return drawing(body, title=title, desc=desc)


def _tops(bars: Bars) -> Sequence[float]:
    return bars.heights if bars.intervals is None else [high for _, high in bars.intervals]


def _bar(
    bars: Bars,
    place: int,
    group: str,
    middle: float,
    width: float,
    y: Scale,
    show: Callable[[float], str],
) -> Markup:
    height, top = bars.heights[place], y(bars.heights[place])
    x, words = round(middle - width / 2, 1), f"{bars.label}, {group}: {show(height)}"
    whisker, above = Markup(""), top
    if bars.intervals is not None:
        low, high = bars.intervals[place]
        words += f" (95% interval {show(low)} to {show(high)})"
        line = Markup('<path class="whisker" d="M{} {}V{}"/>')
        whisker, above = line.format(round(middle, 1), y(low), y(high)), y(high)
    rect = Markup('<rect x="{}" y="{}" width="{}" height="{}" rx="2">{}</rect>').format(
        x, top, round(width, 1), round(BOTTOM - top, 1), tip(words)
    )
    value = text(round(middle, 1), round(above - 4, 1), show(height), "middle value")
    return Markup('<g class="bar {}">{}</g>{}{}').format(bars.style, rect, whisker, value)
