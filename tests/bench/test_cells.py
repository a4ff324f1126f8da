"""Cells from runs on disk, with scores made up so that every number can be worked out by hand."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from autosample.bench.cells import by_user, cells_of, compare_cells, difference, summary
from autosample.bench.runs import Run
from autosample.bench.verdict import verdict
from autosample.errors import DataError
from autosample.settings import Settings

CANDIDATES = ("a", "b")


class Made(Run):
    """A run whose users' scores are given."""

    def scores(self):
        return pl.DataFrame({"user": [f"u{n}" for n in range(len(self.given))],
                             "score": self.given})  # fmt: skip


def made(label, seed, valid, scores, *, dataset="d", trainings=1.0, data="f", **settings):
    fixed = label in "abc"
    own = {"candidates": (label,), "strategy": "fixed"} if fixed else {"candidates": CANDIDATES}
    full = Settings.of(**{"strategy": "adaptive", **own, "seed": seed, **settings})
    run = Made(
        key=f"{dataset} {label} {seed} {settings}",
        dataset=dataset,
        label=label,
        fingerprint=data,
        settings=full,
        valid=valid,
        test={"ndcg@20": float(np.mean(scores))},
        schedule=[(label, 5)],
        positives=int(100 * trainings),
        trainings=trainings,
        seconds=10.0,
        path=None,
    )
    object.__setattr__(run, "given", list(map(float, scores)))
    return run


def cell():
    """Best fixed by validation: b with seed 0 though a is better on test, a with seed 1."""
    return [
        made("a", 0, 0.3, [0.5, 0.5, 0.5, 0.5]),
        made("b", 0, 0.4, [0.2, 0.4, 0.2, 0.4]),
        made("adaptive", 0, 0.5, [0.3, 0.4, 0.4, 0.5], trainings=3),
        made("a", 1, 0.4, [0.4, 0.4, 0.4, 0.4]),
        made("b", 1, 0.2, [0.1, 0.1, 0.1, 0.1]),
        made("adaptive", 1, 0.5, [0.6, 0.4, 0.4, 0.6], trainings=3),
    ]


def row(found, label, number=0):
    return next(r for r in found["cells"][number]["rows"] if r["label"] == label)


def test_the_best_fixed_sampler_is_chosen_by_validation():
    (only,) = cells_of(cell())
    assert only.labels == ["a", "b", "adaptive"]
    assert [only.best_fixed(seed).label for seed in (0, 1)] == ["b", "a"]
    assert compare_cells(cell())["cells"][0]["best_fixed"] == {0: "b", 1: "a"}


def test_gains_costs_and_differences_by_hand():
    told = row(compare_cells(cell()), "adaptive")
    assert told["gains"] == pytest.approx({0: 0.4 / 0.3 - 1, 1: 0.5 / 0.4 - 1})
    assert told["gain"] == pytest.approx(0.45 / 0.35 - 1)
    assert told["test"] == pytest.approx(0.45)
    assert told["trainings"] == 3
    assert told["share_of_exhaustive"] == pytest.approx(3 / 2)
    # differences by seed: .1 0 .2 .1 and .2 0 0 .2; by user: .15 0 .1 .15
    assert told["users"]["mean"] == pytest.approx(0.1)
    assert told["users"]["p"] == pytest.approx(stats.ttest_1samp([0.15, 0, 0.1, 0.15], 0).pvalue)
    assert told["seeds"]["p"] == pytest.approx(0, abs=1e-9)  # .1 and .1
    seed_0 = stats.ttest_rel([0.3, 0.4, 0.4, 0.5], [0.2, 0.4, 0.2, 0.4]).pvalue
    assert told["p_by_seed"][0] == pytest.approx(seed_0)


def test_intervals_are_relative_to_the_best_fixed_sampler():
    users = row(compare_cells(cell()), "adaptive")["users"]
    assert users["gain_low"] == pytest.approx(users["low"] / 0.35)
    assert users["gain_high"] == pytest.approx(users["high"] / 0.35)


def test_a_gain_is_in_the_middle_of_its_intervals_and_has_the_sign_of_the_difference():
    scores = {("a", 0): [0.1, 0.1], ("a", 1): [0.4, 0.4]}
    scores |= {("adaptive", 0): [0.05, 0.06], ("adaptive", 1): [0.52, 0.56]}
    told = row(
        compare_cells(made(a, s, 0.3, given) for (a, s), given in scores.items()), "adaptive"
    )
    assert told["test"] > 0.25  # of the other
    assert told["gain"] == pytest.approx(told["test"] / 0.25 - 1)
    for kind in ("users", "seeds"):
        middle = (told[kind]["gain_low"] + told[kind]["gain_high"]) / 2
        assert told["gain"] == pytest.approx(middle)


def test_nothing_is_compared_with_itself():
    runs = [made("a", s, 0.4, [0.3, 0.5]) for s in (0, 1)]
    runs += [made("b", s, 0.3, [0.3, 0.4]) for s in (0, 1)]
    found = compare_cells(runs)
    assert row(found, "a")["gain"] == 0
    assert "users" not in row(found, "a")
    assert row(found, "b")["users"]["n"] == 2


def test_corrected_over_all_cells():
    runs = cell() + [made(r.label, r.settings.seed, r.valid, r.given, dataset="e") for r in cell()]
    found = compare_cells(runs)
    tests = [r["users"] for c in found["cells"] for r in c["rows"] if "users" in r]
    assert len(tests) == 6
    smallest = min(tests, key=lambda t: t["p"])
    assert smallest["p_holm"] == pytest.approx(min(1, 6 * smallest["p"]))


def test_settings_of_their_own_make_no_cell_but_others_do():
    scores = [0.3, 0.4, 0.4, 0.5]
    runs = [*cell(), made("tpe:budget=2", 0, 0.5, scores, strategy="tpe", budget=2)]
    assert [c.labels for c in cells_of(runs)] == [["a", "b", "adaptive", "tpe:budget=2"]]
    other = [made("a", 0, 0.3, [0.5], epochs=7), made("adaptive", 0, 0.3, [0.6], epochs=7)]
    assert [len(c.runs) for c in cells_of(runs + other)] == [7, 2]
    # said of all runs and not of one, it is the cell's: the labels would be the same
    again = [made("a", 0, 0.4, scores, retrain="replay")]
    again.append(made("adaptive", 0, 0.4, scores, retrain="replay"))
    assert [c.labels for c in cells_of(runs + again)][1] == ["a", "adaptive"]
    assert [len(c.runs) for c in cells_of(runs + again)] == [7, 2]


def test_other_data_of_the_same_name_is_another_cell():
    runs = [
        made(label, seed, 0.4, [0.3, 0.4], data=f"{data}{seed}")
        for seed in (0, 1)
        for data in "fg"
        for label in ("a", "adaptive")
    ]
    found = cells_of(runs)
    assert [len(cell.runs) for cell in found] == [4, 4]
    data = [[run.fingerprint for run in cell.runs.values()] for cell in found]
    assert data == [["f0", "f0", "f1", "f1"], ["g0", "g0", "g1", "g1"]]


def test_a_sampler_is_in_the_cells_whose_candidates_it_is_one_of():
    runs = [*cell(), made("c", 0, 0.9, [1, 1, 1, 1])]
    runs.append(made("adaptive", 0, 0.5, [0.3, 0.4, 0.4, 0.5], candidates=("a", "c")))
    first, second = cells_of(runs)
    assert first.labels == ["a", "b", "adaptive"]
    assert second.labels == ["a", "c", "adaptive"]
    assert second.best_fixed(0).label == "c"


def test_a_sampler_that_is_nowhere_a_candidate_is_compared_and_is_not_the_best_fixed():
    found = compare_cells([*cell(), made("c", 0, 0.9, [0.6, 0.6, 0.6, 0.6])])
    assert [r["label"] for r in found["cells"][0]["rows"]] == ["a", "b", "c", "adaptive"]
    assert row(found, "c")["gain"] == pytest.approx(1.0)
    assert row(found, "c")["users"]["mean"] == pytest.approx(0.3)
    assert found["cells"][0]["best_fixed"] == {0: "b", 1: "a"}
    told = row(compare_cells(cell()), "adaptive")["share_of_exhaustive"]
    assert row(found, "adaptive")["share_of_exhaustive"] == told


def test_without_fixed_samplers_there_is_no_gain():
    told = row(compare_cells([made("adaptive", 0, 0.5, [0.3])]), "adaptive")
    assert told["test"] == 0.3
    assert "gain" not in told


def test_there_is_no_gain_over_a_score_of_zero():
    runs = cell()
    runs[1] = made("b", 0, 0.4, [0, 0, 0, 0])
    assert row(compare_cells(runs), "adaptive")["gains"] == pytest.approx({1: 0.25})
    runs[3] = made("a", 1, 0.4, [0, 0, 0, 0])
    found = compare_cells(runs)
    assert not any("gain" in each for each in found["cells"][0]["rows"])
    assert found["summary"] == []
    assert verdict(found["cells"][0]).startswith("adaptive won: NDCG@20 0.4500 on the test users.")


def test_means_over_cells():
    up = [made("a", 0, 0.3, [0.4, 0.4]), made("adaptive", 0, 0.3, [0.44, 0.44])]
    down = [made("a", 0, 0.3, [0.4, 0.4], dataset="e"),
            made("adaptive", 0, 0.3, [0.39, 0.39], dataset="e", trainings=2)]  # fmt: skip
    (told,) = summary(compare_cells(up + down)["cells"])
    assert told["gain"] == pytest.approx((0.1 - 0.025) / 2)
    assert (told["cells"], told["below_minus_1_percent"]) == (2, 1)
    assert (told["worst"], told["best"]) == pytest.approx((-0.025, 0.1))
    assert told["trainings"] == 1.5
    assert (told["significantly_better"], told["significantly_worse"]) == (1, 1)
    expected = stats.t.interval(0.95, 1, told["gain"], stats.sem([0.1, -0.025]))
    assert (told["gain_low"], told["gain_high"]) == pytest.approx(expected)


def test_users_that_are_tested_with_some_seeds_only_count_once():
    one = pl.DataFrame({"user": ["x", "y"], "difference": [1.0, 2.0]})
    two = pl.DataFrame({"user": ["y", "z"], "difference": [4.0, 5.0]})
    assert sorted(by_user([one, two])) == [1.0, 3.0, 5.0]


def test_users_are_matched_by_id_and_must_be_the_same():
    one = pl.DataFrame({"user": ["x", "y"], "score": [1.0, 2.0]})
    found = difference(one, pl.DataFrame({"user": ["y", "x"], "score": [0.5, 0.5]}))
    assert dict(found.iter_rows()) == {"x": 0.5, "y": 1.5}
    with pytest.raises(DataError, match="AS145"):
        difference(one, pl.DataFrame({"user": ["y", "z"], "score": [0.5, 0.5]}))
