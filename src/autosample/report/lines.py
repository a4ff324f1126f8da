"""Line charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from autosample.report.numbers import score
from autosample.report.svg import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    Scale,
    drawing,
    rounded,
    span,
    tip,
    x_axis,
    y_axis,
)

Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """One series.

    Attributes:
        label: Its name.
        style: Its colour, see :mod:`autosample.report.svg`.
        pieces: Stretches of (x, y), each joined by a line; a lone point is a dot.
        strong: Drawn thick.
        dots: A dot at every point, with its numbers under the pointer.
        band: (x, low, high) of an area behind it, such as where other seeds lie.
    """

    label: str
    style: str
    pieces: Sequence[Sequence[Point]]
    strong: bool = False
    dots: bool = False
    band: Sequence[tuple[float, float, float]] = ()


def line_chart(
    lines: Sequence[Line],
    *,
    title: str,
    desc: str,
    x_name: str,
    zero: bool = False,
    x_zero: bool = False,
    x_whole: bool = True,
) -> Markup:
    """Lines over a common axis.

    Args:
        lines: Later ones lie above earlier ones.
        title: What is shown.
        desc: The same for those who do not see it, with the main numbers.
        x_name: What the horizontal axis counts.
        zero: Whether the vertical axis starts at zero.
        x_zero: Whether the horizontal one does.
        x_whole: Whether only whole numbers are marked on it.

    Cost: about 12 bytes per point.
    """
    points = [point for line in lines for piece in line.pieces for point in piece]
    ends = [(x, y) for line in lines for x, *both in line.band for y in both]
    x = Scale(*span((x for x, _ in points + ends), zero=x_zero), LEFT, RIGHT)
    y = Scale(*rounded(*span((y for _, y in points + ends), zero=zero)), BOTTOM, TOP)
    body = [y_axis(y), x_axis(x, x_name, whole=x_whole)]
    body += [_band(line, x, y) for line in lines if line.band]
    body += [_draw(line, x, y, x_name) for line in lines]
    return drawing(body, title=title, desc=desc)


def _band(line: Line, x: Scale, y: Scale) -> Markup:
    """There along the high ends, back along the low ones."""
    there = [f"{x(px)} {y(high)}" for px, _, high in line.band]
    back = [f"{x(px)} {y(low)}" for px, low, _ in reversed(line.band)]
    return Markup('<path class="band {}" d="M{}Z"/>').format(line.style, "L".join(there + back))


def _draw(line: Line, x: Scale, y: Scale, x_name: str) -> Markup:
    parts = []
    for piece in line.pieces:
        if len(piece) > 1:
            path = "L".join(f"{x(px)} {y(py)}" for px, py in piece)
            parts.append(Markup('<path d="M{}"/>').format(path))
        for px, py in piece if line.dots or len(piece) == 1 else ():
            words = f"{line.label}, {x_name} {px:g}: {score(py)}"
            dot = Markup('<circle cx="{}" cy="{}" r="{}">{}</circle>')
            parts.append(dot.format(x(px), y(py), 2.6 if line.dots else 1.8, tip(words)))
    kind = "line strong" if line.strong else "line"
    return Markup('<g class="{} {}">{}</g>').format(kind, line.style, Markup("").join(parts))
