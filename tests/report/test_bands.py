import xml.etree.ElementTree as ET

import pytest

from autosample.report.bands import Interval, Lane, intervals, lanes


def test_lanes_place_epochs_in_percent_of_the_whole():
    rows = [Lane("uniform", "c0", [(0, 10)], [(5, 10)]), Lane("dns", "c1", [(10, 20)], [])]
    root = ET.fromstring(lanes(rows, end=20, title="t", desc="d"))
    found = {
        rect.find("title").text: (rect.attrib["x"], rect.attrib["width"])
        for rect in root.iter("rect")
        if "x" in rect.attrib
    }
    assert found == {
        "uniform, epochs 1–10: tried": ("0.00%", "50.00%"),
        "uniform, epochs 6–10: kept": ("25.00%", "25.00%"),
        "dns, epochs 11–20: tried": ("50.00%", "50.00%"),
    }
    assert {t.text for t in root.iter("text")} >= {"uniform", "dns", "epoch 5", "20"}


def test_kept_is_told_from_tried_by_more_than_colour():
    rows = [Lane("a", "c0", [(0, 1)], [(0, 1)])]
    root = ET.fromstring(lanes(rows, end=1, title="t", desc="d"))
    heights = {r.attrib["class"]: float(r.attrib["height"]) for r in root.iter("rect")}
    assert heights["kept c0"] > 2 * heights["tried c0"]


def test_intervals_stand_right_of_zero_where_the_run_is_better():
    rows = [
        Interval("a", 0.5, 0.25, 0.75),
        Interval("b", -0.5, -0.75, -0.25),
        Interval("c", 0.0, -0.75, 0.75),
    ]
    root = ET.fromstring(intervals(rows, title="t", desc="d"))
    groups = list(root.iter("g"))
    assert [g.attrib["class"] for g in groups] == [
        "interval better",
        "interval worse",
        "interval unclear",
    ]
    places = [
        [float(v.rstrip("%")) for v in (g.find("line").attrib["x1"], g.find("line").attrib["x2"])]
        for g in groups
    ]
    # -0.81 .. 0.81 is the axis: 4 % of 1.5 on both sides
    assert places[0] == pytest.approx([50 + 100 * 0.25 / 1.62, 50 + 100 * 0.75 / 1.62], abs=0.06)
    assert places[1] == pytest.approx([100 - places[0][1], 100 - places[0][0]], abs=0.11)
    zero = next(line for line in root.iter("line") if line.attrib.get("class") == "axis")
    assert zero.attrib["x1"] == "50.0%"
    assert groups[0].find("title").text == "a: +0.5000  (+0.2500 to +0.7500)"


def test_bars_go_from_zero_to_the_mean():
    rows = [Interval("a", 0.5, 0.4, 0.6, style="c0"), Interval("b", 0.25, 0.2, 0.3, style="c1")]
    root = ET.fromstring(intervals(rows, title="t", desc="d"))
    first, second = root.iter("g")
    assert (first.attrib["class"], second.attrib["class"]) == ("bar c0", "bar c1")
    (zero, *_) = (line for line in root.iter("line") if line.attrib.get("class") == "axis")
    for group in (first, second):
        assert group.find("rect").attrib["x"] == zero.attrib["x1"]
    widths = [float(g.find("rect").attrib["width"].rstrip("%")) for g in (first, second)]
    assert widths[0] == pytest.approx(2 * widths[1], abs=0.02)
    assert first.find("circle") is None


def test_without_an_interval_there_is_a_dot_only():
    row = Interval("a", 0.5, float("nan"), float("nan"))
    root = ET.fromstring(intervals([row], title="t", desc="d"))
    (group,) = root.iter("g")
    assert group.attrib["class"] == "interval unclear"
    assert group.find("line") is None
    assert group.find("circle") is not None
