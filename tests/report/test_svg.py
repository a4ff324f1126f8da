import math
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from autosample.report import svg


def test_scale_by_hand():
    down = svg.Scale(0.0, 0.5, 192, 12)
    assert [down(0.0), down(0.25), down(0.5)] == [192.0, 102.0, 12.0]


@pytest.mark.parametrize(
    ("low", "high", "whole", "expected"),
    [
        (0, 1, False, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.12, 0.31, False, [0.15, 0.2, 0.25, 0.3]),
        (1, 3, True, [1, 2, 3]),
        (0, 100, True, [0, 20, 40, 60, 80, 100]),
        (-0.03, 0.01, False, [-0.03, -0.02, -0.01, 0, 0.01]),
    ],
)
def test_ticks_by_hand(low, high, whole, expected):
    assert svg.ticks(low, high, whole=whole) == pytest.approx(expected)


@given(
    st.floats(-1e6, 1e6),
    st.floats(1e-6, 1e6),
    st.integers(3, 10),
)
def test_ticks_lie_inside_evenly_and_are_few(low, width, most):
    high = low + width
    found = svg.ticks(low, high, most=most)
    assert 1 <= len(found) <= most
    slack = 1e-6 * max(width, abs(low) * 1e-3)
    assert all(low - slack <= tick <= high + slack for tick in found)
    steps = {round(b - a, 9) for a, b in pairwise(found)}
    assert max(steps, default=0) - min(steps, default=0) < 1e-6 * width + 1e-9


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3))
def test_rounded_ends_are_ticks_and_hold_the_range(low, width):
    first, last = svg.rounded(low, low + width)
    marks = svg.ticks(first, last)
    slack = 1e-6 * (width + abs(low))
    assert first <= low + slack
    assert low + width <= last + slack
    assert (marks[0], marks[-1]) == pytest.approx((first, last), abs=slack)


def test_tick_labels_have_the_decimals_of_their_step():
    assert svg.tick_label(0.2, [0.2, 0.25]) == "0.20"
    assert svg.tick_label(0.5, [0.5, 1.0]) == "0.5"
    assert svg.tick_label(2000, [0, 2000]) == "2,000"
    assert svg.tick_label(-5, [-5, 0]) == "−5"
    assert svg.tick_label(0.3, [0.3]) == "0.3"


def test_span_is_never_empty_and_leaves_out_what_is_not_finite():
    assert svg.span([0.2, math.nan, 0.4, math.inf]) == (0.2, 0.4)
    assert svg.span([]) == (0.0, 1.0)
    assert svg.span([0.2, 0.4], zero=True) == (0.0, 0.4)
    assert svg.span([2.0]) == pytest.approx((1.8, 2.2))
    assert svg.span([0.0], zero=True) == (0.0, 1.0)


def test_drawings_say_what_they_show_and_escape_it():
    made = svg.drawing([Markup("<g/>")], title="a <b>", desc='"1" & 2')
    root = ET.fromstring(made)
    assert root.attrib["role"] == "img"
    assert [root[0].text, root[1].text] == ["a <b>", '"1" & 2']
    assert "<b>" not in made


def test_axes_label_their_ticks():
    y = ET.fromstring(f"<g>{svg.y_axis(svg.Scale(0, 1, svg.BOTTOM, svg.TOP))}</g>")
    labels = {t.text: float(t.attrib["y"]) for t in y.iter("text")}
    assert list(labels) == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
    assert labels["1.0"] == svg.TOP + 4
    x = ET.fromstring(f"<g>{svg.x_axis(svg.Scale(1, 3, 0, 100), 'epoch')}</g>")
    texts = [(t.text, float(t.attrib["x"])) for t in x.iter("text")]
    assert texts[:3] == [("1", 0.0), ("2", 50.0), ("3", 100.0)]
    assert texts[3][0] == "epoch"
