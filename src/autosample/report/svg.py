"""What all charts are drawn with: scales, ticks, axes. No colour is fixed: CSS sets them.

A series has a style: CSS classes that set the variable ``--c``. ``ink`` is the text's colour,
``c0`` to ``c7`` are hues, and ``t0`` to ``t4`` beside one of them shades of it, from faint to
strong. All text goes through :class:`markupsafe.Markup`, which escapes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

HUES, SHADES = 8, 5  # that the style sheet has

WIDTH, HEIGHT = 400, 230  # of the drawing, in its own units; it is scaled to the column
LEFT, RIGHT, TOP, BOTTOM = 48, 392, 12, 192  # edges of the plot in it


@dataclass(frozen=True)
class Scale:
    """Maps ``low`` .. ``high`` linearly to ``start`` .. ``end``."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The place of a value, to a tenth of a unit."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)


def span(values: Iterable[float], *, zero: bool = False) -> tuple[float, float]:
    """Lowest and highest finite value, never equal; with ``zero`` around zero."""
    finite = [value for value in values if math.isfinite(value)] + [0.0] * zero
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    if low == high:
        pad = abs(low) / 10 or 1.0
        return (low, high + pad) if zero else (low - pad, high + pad)
    return low, high


def ticks(low: float, high: float, *, most: int = 6, whole: bool = False) -> list[float]:
    """Round numbers in ``low`` .. ``high``, steps of 1, 2 or 5 times a power of ten.

    Args:
        low: Start of the axis.
        high: End of the axis, above ``low``.
        most: How many there may be, at least 3.
        whole: Steps of at least 1.
    """
    power = math.floor(math.log10((high - low) / most)) - 1
    for step in (m * 10.0**e for e in range(power, power + 4) for m in (1, 2, 5)):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < most and (step >= 1 or not whole):
            break
    return [round(place * step, 12) + 0.0 for place in range(first, last + 1)]


def rounded(low: float, high: float) -> tuple[float, float]:
    """A range whose ends are ticks, so that no curve leaves the labelled part of its axis."""
    for _ in range(3):  # a wider range may have wider steps
        marks = ticks(low, high)
        step = float(f"{marks[1] - marks[0] if len(marks) > 1 else high - low:.6g}")
        low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    return low, high


def tick_label(value: float, all_ticks: Sequence[float]) -> str:
    """A tick with as many decimals as its axis needs."""
    step = abs(all_ticks[1] - all_ticks[0]) if len(all_ticks) > 1 else abs(value) or 1.0
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{value:,.{decimals}f}".replace("-", "−")


def drawing(body: Iterable[Markup], *, title: str, desc: str) -> Markup:
    """The SVG element with its title and description for those who do not see it."""
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {}" role="img"><title>{}</title><desc>{}</desc>{}</svg>'
    ).format(WIDTH, HEIGHT, title, desc, Markup("").join(body))


def text(x: float | str, y: float, content: str, kind: str) -> Markup:
    """A piece of text; ``kind`` is its CSS class, which also says where it is anchored."""
    return Markup('<text x="{}" y="{}" class="{}">{}</text>').format(x, y, kind, content)


def y_axis(scale: Scale, *, percent: bool = False) -> Markup:
    """Horizontal lines at round values, with labels on the left, as they are or in percent."""
    values = ticks(scale.low, scale.high)
    parts = []
    for value in values:
        y = scale(value)
        parts.append(Markup('<path class="grid" d="M{} {}H{}"/>').format(LEFT, y, RIGHT))
        label = f"{value:.0%}" if percent else tick_label(value, values)
        parts.append(text(LEFT - 6, y + 4, label, "end"))
    return Markup("").join(parts)


def x_axis(scale: Scale, name: str, *, whole: bool = True) -> Markup:
    """Labels of round values below the plot, and what they are."""
    values = ticks(scale.low, scale.high, whole=whole)
    parts = [Markup('<path class="axis" d="M{} {}H{}"/>').format(LEFT, BOTTOM, RIGHT)]
    parts += [text(scale(v), BOTTOM + 16, tick_label(v, values), "middle") for v in values]
    parts.append(text((LEFT + RIGHT) / 2, HEIGHT - 5, name, "middle"))
    return Markup("").join(parts)


def tip(content: str) -> Markup:
    """What is shown under the pointer."""
    return Markup("<title>{}</title>").format(content)
