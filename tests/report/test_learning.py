import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from autosample.report.learning import (
    best_so_far,
    hardness_bands,
    learning_figures,
    price_figures,
)
from autosample.report.parties import Party
from tests.report.making import tiny_run

THIS = Party("this run", [tiny_run()])


def test_learning_curves_have_a_dot_per_evaluation():
    curve, *others = learning_figures([THIS])
    records = [
        r for r in tiny_run().history if r["kind"] == "evaluation" and r["sampler"] != "trail"
    ]
    assert len(list(ET.fromstring(curve.svg).iter("circle"))) == len(records)
    assert curve.legend[0] == ("ink", "kept")
    assert [figure.title for figure in others] == [
        "Hardness of negatives against positives",
        "Mean hardness, by sampler",
        "Training loss",
    ]


def test_seeds_are_drawn_as_a_band_and_others_as_lines():
    other = Party("uniform", [tiny_run(strategy="halving"), tiny_run()])
    figure = learning_figures([THIS, other])[0]
    assert figure.legend == [("c0", "this run"), ("c1", "uniform")]
    bands = [
        p for p in ET.fromstring(figure.svg).iter("path") if "band" in p.attrib.get("class", "")
    ]
    assert [band.attrib["class"] for band in bands] == ["band c1"]
    assert "bands go from" in figure.note


def test_a_run_without_a_history_still_has_its_figures():
    empty = Party("this run", [replace(tiny_run(), history=[], schedule=())])
    for figure in [*learning_figures([empty]), *price_figures([empty])]:
        ET.fromstring(figure.svg)


def test_hardness_quantiles_by_hand():
    def epoch(sampler, number, shares):
        return {"kind": "epoch", "sampler": sampler, "epoch": number, "hardness_shares": shares}

    low, high = [1.0] + [0.0] * 9, [0.0] * 9 + [1.0]
    history = [
        epoch("a", 1, low),
        epoch("b", 1, high),  # tried, not kept
        epoch("b", 2, [0.5] + [0.0] * 8 + [0.5]),
        {"kind": "epoch", "sampler": "a", "epoch": 3},  # made by another version
        epoch("a", 4, [0.1] * 10),
    ]
    run = replace(tiny_run(), history=history, schedule=(("a", 1), ("b", 1), ("a", 2)))
    (one, first), (two, second), (four, even) = hardness_bands(run)
    assert (one, two, four) == (1, 2, 4)
    assert first == pytest.approx([0.01, 0.025, 0.05, 0.075, 0.09])
    assert second[0] == pytest.approx(0.02)  # a fifth of the lower half
    assert second[4] == pytest.approx(0.98)
    assert even == pytest.approx([0.1, 0.25, 0.5, 0.75, 0.9])


def test_hardness_of_a_run_lies_around_its_mean():
    run = tiny_run()
    means = {(r["sampler"], r["epoch"]): r["hardness"] for r in run.history if r["kind"] == "epoch"}
    label = run.schedule[0][0]
    bands = dict(hardness_bands(run))
    assert set(bands) == set(range(1, sum(n for _, n in run.schedule) + 1))
    assert bands[1][0] < means[label, 1] < bands[1][4]


def test_the_best_so_far_never_falls_and_ends_with_the_result():
    points = list(best_so_far(tiny_run().history))
    assert [y for _, y in points] == sorted(y for _, y in points)
    assert points[-1][1] == pytest.approx(tiny_run().valid_metric)
    assert points[-1][0] == pytest.approx(6 * tiny_run().trainings)


def test_cost_has_a_dot_per_run():
    other = Party("uniform", [replace(tiny_run(), trainings=1.0), tiny_run()])
    (alone,), (_, cost) = price_figures([THIS]), price_figures([THIS, other])
    assert alone.title == "Best NDCG@10 so far, by work"
    assert cost.title == "NDCG@10 on test users, by cost"
    dots = list(ET.fromstring(cost.svg).iter("circle"))
    assert len(dots) == 3
    assert len({dot.attrib["cy"] for dot in dots}) == 1  # all have the same ranks
    reached = f"{tiny_run().metrics['ndcg@10']:.4f}"
    assert [dot.find("title").text for dot in dots[:2]] == [
        f"uniform, trainings 1: {reached}",
        f"uniform, trainings {tiny_run().trainings:g}: {reached}",
    ]
