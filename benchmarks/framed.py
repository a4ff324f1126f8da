"""A figure of the report as an SVG file that needs nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.resources import files

from markupsafe import Markup

from autosample.report.figures import Figure
from autosample.report.svg import HEIGHT, WIDTH

MARGIN = 14
LETTER, ROW = 6.4, 18  # width of a letter and height of a row in the legend


def framed(figure: Figure) -> Markup:
    """A figure as a file of its own: with its title, its legend and the report's colours."""
    found = re.search(r'^<svg[^>]* height="(\d+)"', figure.svg)
    height = int(found[1]) if found else HEIGHT
    key = list(_legend(figure.legend, MARGIN + 30 + height))
    bottom = key[-1][0] if key else MARGIN + 12 + height
    style = files("autosample.report").joinpath("chart.css").read_text("utf-8")
    named = re.search(r"(<title>.*?</title><desc>.*?</desc>)", figure.svg, re.DOTALL)
    if named is None:
        raise ValueError(f"the drawing of {figure.title!r} has no title and description")
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" width="520" viewBox="0 0 {} {}" '
        'font-family="system-ui, sans-serif">{}<style>{}</style>'
        '<rect width="100%" height="100%" rx="8" fill="var(--paper)"/>'
        '<text x="{}" y="{}" class="lane-label">{}</text>'
        '<svg x="{}" y="{}" width="{}" height="{}">{}</svg>{}</svg>\n'
    ).format(
        WIDTH + 2 * MARGIN,
        bottom + MARGIN,
        Markup(named[1]),
        Markup(style),
        MARGIN,
        MARGIN + 8,
        figure.title,
        MARGIN,
        MARGIN + 18,
        WIDTH,
        height,
        figure.svg,
        Markup("").join(mark for _, mark in key),
    )


def _legend(entries: Sequence[tuple[str, str]], y: float) -> Iterator[tuple[float, Markup]]:
    """(y, mark): from left to right, in as many rows as it takes."""
    x: float = MARGIN
    for style, label in entries:
        width = 30 + LETTER * len(label)
        if x > MARGIN and x + width > WIDTH + MARGIN:
            x, y = MARGIN, y + ROW
        mark = Markup(
            '<g class="bar {}"><rect x="{}" y="{}" width="9" height="9" rx="2"/></g>'
            '<text x="{}" y="{}">{}</text>'
        )
        yield y, mark.format(style, round(x, 1), y - 8.5, round(x + 14, 1), y, label)
        x += width
