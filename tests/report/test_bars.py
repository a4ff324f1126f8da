import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest

from autosample.report.bars import Bars, bar_chart
from autosample.report.svg import BOTTOM, LEFT, RIGHT, TOP


def drawn(groups, series):
    made = bar_chart(groups, series, title="t", desc="d", x_name="x", show=lambda v: f"{v:.1f}")
    return ET.fromstring(made)


def test_heights_are_in_proportion_from_zero():
    root = drawn(["low", "high"], [Bars("a", "c0", [1.0, 4.0])])
    low, high = list(root.iter("rect"))
    full = BOTTOM - TOP - 16
    assert float(high.attrib["height"]) == full
    assert float(low.attrib["height"]) == full / 4
    assert float(high.attrib["y"]) == TOP + 16
    assert [rect.find("title").text for rect in (low, high)] == ["a, low: 1.0", "a, high: 4.0"]
    centre = float(low.attrib["x"]) + float(low.attrib["width"]) / 2
    assert centre == pytest.approx(LEFT + (RIGHT - LEFT) / 4, abs=0.1)


def test_series_stand_side_by_side_without_overlap():
    root = drawn(["g", "h"], [Bars("a", "c0", [1, 2]), Bars("b", "c7", [2, 1])])
    edges = sorted(
        (float(r.attrib["x"]), float(r.attrib["x"]) + float(r.attrib["width"]))
        for r in root.iter("rect")
    )
    assert all(left[1] <= right[0] for left, right in pairwise(edges))
    assert edges[0][0] >= LEFT
    assert edges[-1][1] <= RIGHT


def test_intervals_are_whiskers_within_the_plot():
    root = drawn(["g"], [Bars("a", "c0", [2.0], [(1.0, 4.0)])])
    (whisker,) = [p for p in root.iter("path") if p.attrib["class"] == "whisker"]
    full = BOTTOM - TOP - 16
    assert whisker.attrib["d"].split(" ")[1] == f"{BOTTOM - full / 4}V{TOP + 16:.1f}"
    assert "95% interval 1.0 to 4.0" in root.find(".//rect/title").text
