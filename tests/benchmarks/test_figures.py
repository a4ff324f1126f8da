"""Figures drawn from tiny results: what they show, and that they are whole files."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from benchmarks.framed import framed

from autosample.report.figures import Figure
from benchmarks import curves, figures
from tests.report.making import tiny_run

PAGE = Path(__file__).parents[2] / "docs" / "how-the-search-works.md"
SVG = "{http://www.w3.org/2000/svg}"
QUALITY = {
    "dataset": "lastfm",
    "model": "mf",
    "cells": [
        {"runs": [{"strategy": "fixed uniform", "gain": 0.0, "trainings": 1.0},
                  {"strategy": "adaptive", "gain": 0.02, "trainings": 2.0}]},
        {"runs": [{"strategy": "fixed uniform", "gain": -0.1, "trainings": 1.0},
                  {"strategy": "adaptive", "gain": 0.04, "trainings": 3.0}]},
    ],
}  # fmt: skip
BENCH = {
    "summary": [],
    "cells": [
        {"dataset": "lastfm", "model": "mf", "rows": [
            {"label": "uniform", "fixed": True, "gains": {"0": 0.0, "1": -0.1}, "trainings": 1.0},
            {"label": "adaptive", "fixed": False, "gains": {"0": 0.02, "1": 0.04},
             "trainings": 2.5},
            {"label": "untested", "fixed": True, "trainings": 1.0},
        ]},
    ],
}  # fmt: skip


def false_rows():
    return [
        {"name": name, "seed": seed, "false_negatives": share + seed / 100, "ndcg": ndcg}
        for seed in (0, 1)
        for name, share, ndcg in (
            ("dns:pool=1", 0.2, 0.1),
            ("dns:pool=8", 0.3, 0.2),
            ("popularity", 0.1, 0.05),
        )
    ]


@pytest.fixture(scope="module")
def found():
    fixed = {"uniform": [[2, 0.1], [4, 0.2]], "dns:pool=4": [[2, 0.15]]}
    return json.loads(json.dumps({"fixed": fixed, "search": curves.searched(tiny_run())}))


def texts(figure):
    root = ElementTree.fromstring(framed(figure))
    return root, [mark.text for mark in root.iter(f"{SVG}text")]


def test_both_formats_of_gains_say_the_same():
    assert figures.gains_of(QUALITY) == figures.gains_of(BENCH)
    alone, search = figures.gains_of(BENCH)
    assert (alone.fixed, search.fixed) == (True, False)
    assert search.cell == "lastfm, MF"
    assert search.mean == pytest.approx(0.03)


def test_gains_are_drawn_in_percent_with_their_cost():
    gains = figures.gains_of(QUALITY)
    _, words = texts(figures.gain_by_cell(gains))
    assert "lastfm, MF" in words
    assert "+3.0% for 2.5 trainings" in words
    figure = figures.cost(gains)
    assert [label for _, label in figure.legend] == ["adaptive", "one sampler"]
    assert "adaptive, cost in trainings 2.5: 3.0000" in figure.svg


def test_a_curve_for_every_sampler_and_the_search(found):
    root, words = texts(figures.learning_curves("mf", found))
    assert {"uniform", "dns:pool=4", "search"} <= set(words)
    assert "uniform: 0.2000; dns:pool=4: 0.1500" in root.find(f"{SVG}desc").text


def test_the_schedule_has_a_lane_for_every_sampler_of_the_search(found):
    _, words = texts(figures.schedule("mf", found))
    trained = {r["sampler"] for r in tiny_run().history if r["kind"] == "epoch"}
    assert trained <= set(words)


def test_evidence_is_a_dot_per_fork_and_a_bound(found):
    figure = figures.evidence("mf", found)
    forks = [
        numbers
        for record in tiny_run().history
        if record["kind"] == "decision"
        for numbers in record["evidence"].values()
        if "behind_leader_z" in numbers
    ]
    assert forks
    assert figure.svg.count("<circle") == len(forks)
    assert "0.84" in figure.svg  # the normal quantile of 0.8, from a table
    assert figure.legend[0] == ("ink", "out from here")


def test_what_is_kept_of_a_history_tells_the_same_path():
    result = tiny_run()
    path = curves.kept_path(result.history, result.schedule)
    assert curves.kept_path(curves.slim(result.history), result.schedule) == path != []


def test_false_negatives_by_hardness_are_means_over_seeds_by_the_power_of_two():
    figure = figures.by_hardness(false_rows(), "False negatives (%)", figures.false_share)
    assert "dns: 20.5 with 1, 30.5 with 8" in figure.svg
    assert 'class="band' in figure.svg
    assert [label for _, label in figure.legend] == ["dns"]


def test_the_trade_has_a_dot_for_every_row():
    figure = figures.trade(false_rows())
    assert figure.svg.count("<circle") == len(false_rows())
    assert "Best: dns:pool=8, 0.2000 with 30.0% false negatives." in figure.svg


def test_a_frame_is_a_file_of_its_own():
    figure = figures.trade(false_rows())
    root, words = texts(figure)
    assert root.tag == f"{SVG}svg"
    assert root.find(f"{SVG}title").text == figure.title
    assert root.find(f"{SVG}desc").text
    assert {"dns", "popularity", figure.title} <= set(words)
    assert "prefers-color-scheme: dark" in root.find(f"{SVG}style").text
    assert re.findall(r"(?:href|src|url|@import)\W", framed(figure)) == []


def test_a_long_legend_takes_rows_inside_the_frame():
    figure = figures.trade(false_rows())
    many = [("c0", f"a sampler with number {n}") for n in range(9)]
    root = ElementTree.fromstring(framed(Figure(figure.title, "", figure.svg, many)))
    places = [
        (float(mark.get("x")), float(mark.get("y")))
        for mark in root.iter(f"{SVG}text")
        if mark.text.startswith("a sampler")
    ]
    width, height = map(float, root.get("viewBox").split()[2:])
    assert len(set(places)) == 9
    assert len({y for _, y in places}) > 2
    assert all(x < width - 100 and y < height for x, y in places)


def test_every_figure_is_on_the_page_and_whole():
    shown = re.findall(r"\(figures/([\w-]+)\.svg\)", PAGE.read_text())
    assert sorted(shown) == sorted(figures.drawn(figures.RESULTS))
    for name in shown:
        ElementTree.parse(PAGE.parent / "figures" / f"{name}.svg")
