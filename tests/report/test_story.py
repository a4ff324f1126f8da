import math

import pytest

from autosample.report.story import (
    Stretch,
    choices,
    efforts,
    kept_path,
    sampler_order,
    series,
    spans,
    stretches,
)
from tests.report.making import tiny_run


def epoch(trial, sampler, number, **values):
    given = {"loss": 0.5, "hardness": 0.25, "seconds": 1.0, "positives": 10, **values}
    return {"kind": "epoch", "trial": trial, "sampler": sampler, "epoch": number, **given}


def evaluation(trial, sampler, epochs, value):
    return {
        "kind": "evaluation",
        "trial": trial,
        "sampler": sampler,
        "epochs": epochs,
        "value": value,
    }


def decision(trial, label, adopt, evidence):
    given = {"reason": f"reason {trial}", "purpose": f"purpose {trial}"}
    kind = {"kind": "decision", "trial": trial, "label": label, "adopt": adopt}
    return {**kind, "evidence": evidence, **given}


#: a and b race for two epochs; a goes on alone, then beside b, and b is kept.
HISTORY = [
    epoch(1, "a", 1, seconds=2.0),
    epoch(1, "a", 2, seconds=2.0),
    evaluation(1, "a", 2, 0.3),
    epoch(1, "b", 1),
    epoch(1, "b", 2),
    evaluation(1, "b", 2, 0.2),
    decision(1, "a", "arm a", {"a": {"mean": 0.3, "z": 0.0}, "b": {"mean": 0.2, "z": 1.5}}),
    epoch(2, "a", 3, hardness=0.75),
    evaluation(2, "a", 3, 0.4),
    decision(2, "a", "arm a", {}),
    epoch(3, "a", 4),
    evaluation(3, "a", 4, 0.41),
    epoch(3, "b", 4),
    evaluation(3, "b", 4, 0.42),
    decision(3, "b", "arm b", {"a": 0.41, "b": 0.42}),
]
SCHEDULE = (("a", 3), ("b", 1))


def test_stretches_are_numbered_from_one():
    assert stretches(SCHEDULE) == [Stretch("a", 1, 3), Stretch("b", 4, 4)]
    assert stretches(()) == []


def test_samplers_come_by_family_then_by_number():
    labels = ["dns:pool=16", "uniform", "dns:pool=4", "dns:pool=256", "uniform", "mixgcf:pool=1"]
    expected = ["dns:pool=4", "dns:pool=16", "dns:pool=256", "uniform", "mixgcf:pool=1"]
    assert sampler_order(labels) == expected


def test_series_break_where_a_sampler_sat_out_or_went_back():
    assert series(HISTORY, "evaluation", "value") == {
        "a": [[(2, 0.3), (3, 0.4), (4, 0.41)]],
        "b": [[(2, 0.2)], [(4, 0.42)]],
    }
    again = [epoch(1, "a", 1), epoch(2, "a", 1), epoch(2, "a", 2)]
    assert series(again, "epoch", "loss") == {"a": [[(1, 0.5)], [(1, 0.5), (2, 0.5)]]}


def test_series_leave_out_what_is_not_finite():
    history = [epoch(1, "a", 1, loss=math.nan), epoch(1, "a", 2, loss=None), epoch(1, "a", 3)]
    assert series(history, "epoch", "loss") == {"a": [[(3, 0.5)]]}


def test_spans_are_what_was_trained():
    assert spans(HISTORY, "a") == [(0, 4)]
    assert spans(HISTORY, "b") == [(0, 2), (3, 4)]
    assert spans(HISTORY, "c") == []


def test_the_kept_path_follows_the_schedule():
    assert kept_path(HISTORY, SCHEDULE) == [(2, 0.3), (3, 0.4), (4, 0.42)]


def test_choices_show_the_evidence_of_every_strategy():
    first, second, third = choices(HISTORY)
    assert (first.first, first.last, first.reason) == (1, 2, "reason 1")
    assert [(e.label, e.value, dict(e.others), e.chosen) for e in first.evidence] == [
        ("a", 0.3, {"z": 0.0}, True),
        ("b", 0.2, {"z": 1.5}, False),
    ]
    assert [(e.label, e.value) for e in second.evidence] == [("a", 0.4)]
    assert [e.label for e in third.evidence if e.chosen] == ["b"]


def test_a_rival_that_takes_over_is_the_one_chosen():
    told = {"a": {"mean": 0.4}, "rival b": {"mean": 0.5}, "rival c": {"mean": 0.3}}
    (choice,) = choices([epoch(1, "a", 1), decision(1, "b", "rival b", told)])
    assert [e.label for e in choice.evidence if e.chosen] == ["rival b"]


def test_efforts_add_up():
    a, b = efforts(HISTORY, SCHEDULE)
    assert (a.label, a.epochs, a.kept, a.seconds, a.best) == ("a", 4, 3, 6.0, 0.41)
    assert a.hardness == pytest.approx((0.25 * 3 + 0.75) / 4)
    assert (b.epochs, b.kept, b.best) == (3, 1, 0.42)


@pytest.mark.parametrize(
    ("strategy", "retrain"),
    [
        ("adaptive", "continue"),
        ("adaptive", "rewind"),
        ("halving", "continue"),
        ("exhaustive", "scratch"),
    ],
)
def test_the_kept_path_of_a_run_ends_at_its_best_value(strategy, retrain):
    result = tiny_run(strategy=strategy, retrain=retrain)
    last, value = kept_path(result.history, result.schedule)[-1]
    assert value == pytest.approx(result.valid_metric)
    assert last == sum(epochs for _, epochs in result.schedule)
