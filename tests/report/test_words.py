from dataclasses import replace

from autosample.report import words
from autosample.report.measure import Difference, Mean
from autosample.search.engine import JOIN
from tests.report.making import tiny_run


def told(*schedule):
    return words.who(replace(tiny_run(), schedule=schedule))


def test_who_trained_when():
    assert told() == "No training was better than the initial parameters."
    assert told(("dns:pool=4", 12)) == "dns:pool=4 trained all 12 epochs of the final model."
    assert told(("uniform", 1), ("dns:pool=4", 3)) == (
        "On the way to the final model, uniform trained epoch 1, "
        "then dns:pool=4 trained epochs 2–4."
    )
    both = JOIN.join(["uniform", "dns:pool=4"])
    assert "the average of uniform and dns:pool=4 trained epoch 2" in told(
        ("uniform", 1), (both, 1)
    )


def test_a_long_schedule_is_told_by_its_ends_and_its_most():
    both = JOIN.join(["a", "b"])
    text = told(("a", 2), ("b", 5), ("c", 1), (both, 2), ("d", 3))
    assert "began with a (epochs 1–2) and ended with d (epochs 11–13)" in text
    assert "b took part in most epochs, 7 of 13" in text
    assert "In 2 epochs, copies" in text


def test_how_good():
    result = tiny_run()
    text = words.how_good(result, Mean(0.25, 0.2, 0.3), Mean(0.1, 0.0, 0.2))
    assert f"On {len(result.ranks)} test users it reaches NDCG@10 = 0.2500" in text
    assert "0.2000 to 0.3000" in text
    assert "most popular items reaches 0.1000" in text
    without = words.how_good(tiny_run(with_test=False), None, None)
    assert "validation users" in without
    assert "no test split" in without


def test_against_others_is_clear_only_where_the_interval_is():
    def change(low, high):
        return Difference(Mean((low + high) / 2, low, high), 0.5, 0.5)

    differences = {
        "a": change(0.1, 0.2),
        "b": change(0.2, 0.3),
        "c": change(-0.2, -0.1),
        "d": change(-0.1, 0.1),
    }
    assert words.against(differences, "ndcg@20") == (
        "In NDCG@20 on the same users it is better than a and b; worse than c; "
        "not clearly different from d."
    )
    assert words.against({words.POPULAR: change(0.1, 0.2)}, "ndcg@20") == ""


def test_cost_names_its_units():
    settings = tiny_run().settings
    result = replace(tiny_run(), seconds=75.0, trainings=1.94, settings=settings)
    assert words.cost(result) == (
        "It took 1 min 15 s, and as many training steps as 1.9 trainings of 6 epochs."
    )
    assert "as 1 training of" in words.cost(replace(result, trainings=1.0))


def test_glossary_explains_each_family_once():
    found = dict(words.glossary(["dns:pool=4", "dns:pool=16", "split(uniform dns)", "uniform"]))
    assert list(found) == ["dns", "uniform"]
    assert found["dns"].startswith("The highest-scored of pool uniform")
