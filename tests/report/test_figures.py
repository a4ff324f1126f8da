import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from autosample.report import figures, story
from autosample.report.measure import Mean, difference
from autosample.report.words import POPULAR
from tests.report.making import tiny_run


def test_families_share_a_hue_and_members_have_shades():
    found = figures.styles_of(["uniform", "dns:pool=4", "dns:pool=16", "dns:pool=64"])
    assert found == {
        "uniform": "c0 t2",
        "dns:pool=4": "c1 t0",
        "dns:pool=16": "c1 t2",
        "dns:pool=64": "c1 t4",
    }


def test_every_sampler_has_a_lane_and_kept_epochs_are_those_of_the_schedule():
    result = tiny_run()
    root = ET.fromstring(figures.schedule_figure(result).svg)
    labels = {t.text for t in root.iter("text") if t.attrib["class"] == "lane-label"}
    assert labels == set(story.samplers_of(result.history))
    end = max(r["epoch"] for r in result.history if r["kind"] == "epoch")
    kept = [r for r in root.iter("rect") if r.attrib["class"].startswith("kept")]
    width = sum(float(r.attrib["width"].rstrip("%")) for r in kept)
    epochs = sum(length for _, length in result.schedule)
    assert abs(width - 100 * epochs / end) < 0.1


def test_what_an_earlier_version_kept_has_a_lane_though_nothing_trained_by_that_name():
    result = replace(tiny_run(), schedule=(("uniform", 1), ("uniform + dns:pool=4", 2)))
    root = ET.fromstring(figures.schedule_figure(result).svg)
    labels = {t.text for t in root.iter("text") if t.attrib["class"] == "lane-label"}
    assert labels == {"uniform + dns:pool=4", *story.samplers_of(result.history)}


def test_metric_curves_have_a_line_per_run():
    ranks = [tiny_run().ranks]
    ndcg, recall = figures.curve_figures({"this run": ranks, "other": ranks, POPULAR: ranks})
    assert [figure.title for figure in (ndcg, recall)] == ["NDCG@K", "Recall@K"]
    assert ndcg.legend == [("c0", "this run"), ("c1", "other"), ("c7", POPULAR)]


def test_a_run_does_not_differ_from_itself():
    ranks = tiny_run().ranks
    figure = figures.difference_figure({"twin": difference(ranks, ranks, "ndcg@10")}, "ndcg@10")
    root = ET.fromstring(figure.svg)
    assert "against twin: +0.0000 (+0.0000 to +0.0000), 0.0%, p\u00a0=\u00a01.00" in root[1].text
    assert 'class="interval unclear"' in figure.svg


def test_seeds_are_a_mean_with_a_band_between_where_all_of_them_are():
    line = figures.seed_line("a", "c1", [[(1, 0.1), (3, 0.5)], [(2, 0.4), (3, 0.2), (4, 9.0)]])
    assert line.pieces == [[(2, pytest.approx(0.35)), (3, pytest.approx(0.35))]]
    assert line.band == [
        (2, pytest.approx(0.3), pytest.approx(0.4)),
        (3, pytest.approx(0.2), pytest.approx(0.5)),
    ]
    alone = figures.seed_line("a", "c1", [[(1, 0.1)]], strong=True)
    assert (alone.pieces, alone.band) == ([[(1, 0.1)]], ())


def test_empty_groups_have_no_height():
    nothing = Mean(float("nan"), float("nan"), float("nan"))
    figure = figures.group_figure("t", "n", "x", ["a", "b"], [Mean(0.5, 0.4, 0.6), nothing])
    heights = [float(r.attrib["height"]) for r in ET.fromstring(figure.svg).iter("rect")]
    assert heights[0] > 0
    assert heights[1] == 0
