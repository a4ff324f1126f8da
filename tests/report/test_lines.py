import xml.etree.ElementTree as ET

from autosample.report.lines import Line, line_chart
from autosample.report.svg import BOTTOM, LEFT, RIGHT, TOP


def drawn(lines, **settings):
    return ET.fromstring(line_chart(lines, title="t", desc="d", x_name="epoch", **settings))


def groups(root):
    return [g for g in root.iter("g") if g.attrib["class"].startswith("line")]


def test_points_stand_where_their_numbers_say():
    root = drawn([Line("a", "c0", [[(1, 0.2), (2, 0.3), (3, 0.4)]])])
    middle = ((LEFT + RIGHT) / 2, (BOTTOM + TOP) / 2)
    (path,) = groups(root)[0].iter("path")
    assert path.attrib["d"] == (
        f"M{LEFT:.1f} {BOTTOM:.1f}L{middle[0]} {middle[1]}L{RIGHT:.1f} {TOP:.1f}"
    )


def test_zero_is_on_the_axis_when_asked_for():
    root = drawn([Line("a", "c0", [[(0, 1.0), (1, 2.0)]])], zero=True)
    (path,) = groups(root)[0].iter("path")
    halfway = (BOTTOM + TOP) / 2
    assert path.attrib["d"] == f"M{LEFT:.1f} {halfway}L{RIGHT:.1f} {TOP:.1f}"


def test_pieces_are_not_joined_and_lone_points_are_dots():
    root = drawn([Line("a", "c1 t2", [[(1, 1.0), (2, 2.0)], [(4, 1.0)]], strong=True)])
    (group,) = groups(root)
    assert group.attrib["class"] == "line strong c1 t2"
    assert len(list(group.iter("path"))) == 1
    (dot,) = group.iter("circle")
    assert (float(dot.attrib["cx"]), float(dot.attrib["cy"])) == (RIGHT, BOTTOM)


def test_dots_tell_their_numbers_and_hostile_labels_stay_text():
    root = drawn([Line("</svg><script>", "c0", [[(1, 0.25), (2, 0.5)]], dots=True)])
    tips = [dot.find("title").text for dot in root.iter("circle")]
    assert tips == ["</svg><script>, epoch 1: 0.2500", "</svg><script>, epoch 2: 0.5000"]


def test_nothing_to_draw_is_an_empty_plot():
    assert not groups(drawn([]))


def test_bands_go_there_along_the_top_and_back_along_the_bottom():
    line = Line("a", "c2", [[(1, 0.5), (2, 0.5)]], band=[(1, 0.0, 0.5), (2, 0.5, 1.0)])
    (band,) = (p for p in drawn([line]).iter("path") if "band" in p.attrib.get("class", ""))
    middle = (BOTTOM + TOP) / 2
    left, right, top, bottom = map(float, (LEFT, RIGHT, TOP, BOTTOM))
    assert band.attrib["d"] == (f"M{left} {middle}L{right} {top}L{right} {middle}L{left} {bottom}Z")
