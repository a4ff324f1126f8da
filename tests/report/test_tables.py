import math
from dataclasses import replace

import pytest

from autosample.metrics import per_user
from autosample.report import tables
from autosample.report.measure import Difference, Mean
from autosample.report.parties import Party
from autosample.report.story import Choice, Evidence
from autosample.search.decide import MOST
from autosample.settings import Settings
from tests.report.making import tiny_dataset, tiny_run


def test_metrics_of_the_run_and_of_others():
    result = tiny_run()
    table = tables.metric_table(
        result.settings, {"this": [result.ranks], "twin": [result.ranks] * 2}
    )
    assert table.head == ["Measure", "this", "95% interval", "twin", "Meaning"]
    for metric, row in zip(result.settings.metrics, table.rows, strict=True):
        assert row[1] == row[3] == f"{per_user(result.ranks, metric).mean():.4f}"
        low, high = map(float, row[2].split(" to "))
        assert low < float(row[1]) < high


def test_comparisons_tell_quality_test_and_cost():
    this = Party("this run", [tiny_run()])
    other = Party("uniform", [replace(tiny_run(), trainings=1.0, seconds=5.0)] * 2)
    change = Difference(Mean(0.02, 0.01, 0.03), 0.5, 0.25, base=0.2, p=0.012)
    own, theirs = tables.comparison_table([this, other], {"uniform": change}, "ndcg@10").rows
    reached = f"{tiny_run().metrics['ndcg@10']:.4f}"
    assert own[:6] == ["this run", reached, "", "", "", ""]
    assert theirs[:2] == ["uniform (2 seeds)", reached]
    assert theirs[2:] == ["+10.0%", "p\u00a0=\u00a0.012", "50.0%", "25.0%", "1.0", "5.0 s"]


def test_cost_counts_what_the_history_has():
    result = tiny_run()
    told = dict(tables.cost_table(result).rows)
    epochs = sum(record["kind"] == "epoch" for record in result.history)
    assert told["Epochs trained, all copies"] == str(epochs)
    assert told["The same as"] == f"{result.trainings:.2f} trainings of 6 epochs"
    assert told["Positives processed"] == f"{result.positives:,}"
    by_sampler = [int(row[1]) for row in tables.effort_table(result).rows]
    assert sum(by_sampler) == epochs


def test_data_and_notes_are_told():
    facts = tiny_dataset().summary()
    told = dict(tables.data_table(tiny_dataset()).rows)
    assert told["Users"] == "60"
    assert told["for the test"] == f"{facts['test']} of {facts['test_users']} users"
    assert tables.note_table(tiny_dataset()).rows == [
        ["1,234", "Repeated pairs were dropped.", "AS160"]
    ]


def test_all_settings_are_shown():
    told = dict(tables.settings_table(Settings.of(candidates=("uniform", "dns"))).rows)
    assert set(told) == set(Settings.model_fields)
    assert told["candidates"] == "uniform, dns"
    assert told["lr"] == "default"


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ({"z": 0.0}, "leads"),
        ({"behind_leader_z": 2.345}, "z 2.3"),
        ({"z": math.inf}, "z beyond measure"),
        ({"users": 1200, "z": -1.04}, "1,200 users, z -1.0"),
        ({"ahead_z": 1.81019}, "z 1.8 ahead"),
        ({"ahead_z": -MOST}, "z beyond measure behind"),
        ({"note": "<b>"}, "note <b>"),
    ],
)
def test_evidence_in_words(others, words):
    choice = Choice(1, 1, 2, "", "", [Evidence("a", 0.25, others, True)])
    assert tables.evidence_words(choice) == [("a", "0.2500", words, True)]
