from dataclasses import replace

from autosample.report import words
from autosample.report.measure import Difference, Mean
from autosample.report.parties import Party
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


def test_a_long_schedule_is_told_by_its_ends():
    text = told(("a", 2), ("b", 5), ("c", 1), ("b", 2), ("d", 3))
    assert "began with a (epochs 1–2) and ended with d (epochs 11–13)" in text


def test_the_winner_is_the_sampler_of_most_epochs():
    def won(*schedule, strategy="adaptive", **others):
        settings = tiny_run().settings.model_copy(update={"strategy": strategy})
        run = replace(tiny_run(), schedule=schedule, settings=settings)
        return words.winner(run, {name: apart(by) for name, by in others.items()})

    def apart(by):
        return Difference(Mean(by, by - 1, by + 1), 0.5, 0.5, 1.0, 0.01)

    assert won(("a", 3), ("b", 1)) == "Found: a schedule of 2 samplers, with a in 3 of 4 epochs."
    assert won(("a", 3), ("b", 4), ("a", 2)).endswith("with a in 5 of 9 epochs.")
    assert won(("a", 1)) == "Found: a, for all 1 epoch."
    assert won(("a", 7), strategy="fixed") == "Found: a, trained alone for 7 epochs."
    assert "initial parameters" in won()
    assert won(("a", 3), ("b", 1), c=0.1) == (
        "A schedule of 2 samplers won, with a in 3 of 4 epochs."
    )
    assert won(("a", 4), c=0.1, d=0.0) == "a won, for all 4 epochs."
    assert won(("a", 4), c=0.1, d=-0.2, e=-0.3) == "e won. This is a, for all 4 epochs."


def test_quality_tells_how_far_others_are_and_whether_that_is_significant():
    def change(value, base, p):
        return Difference(Mean(value, value - 1, value + 1), 0.5, 0.5, base, p)

    own, n = Mean(0.25, 0.2, 0.3), len(tiny_run().ranks)
    others = {"uniform": change(0.05, 0.2, 0.0001), "best": change(-0.01, 0.26, 0.2)}
    assert words.quality(tiny_run(), own, others).replace("\u00a0", " ") == (
        f"On {n} test users its NDCG@10 is 0.2500: 25.0% above uniform (significant, p < .001) and "
        "3.8% below best (not significant, p = .20)."
    )
    assert "mean of 3 seeds" in words.quality(tiny_run(), own, others, 3)
    assert "the same as x (not significant" in words.quality(
        tiny_run(), own, {"x": change(0, 1, 1)}
    )
    assert "0.1000 above x" in words.quality(tiny_run(), own, {"x": change(0.1, 0.0, 0.5)})
    without = words.quality(tiny_run(with_test=False), None, {})
    assert "validation users" in without
    assert "no test split" in without


def test_cost_names_its_units_and_what_others_took():
    run = replace(tiny_run(), seconds=75.0, trainings=1.94)
    cheap = Party("uniform", [replace(run, trainings=1.0), replace(run, trainings=2.0)])
    assert words.cost([Party("this run", [run])]) == (
        "It cost as much as 1.9 trainings of 6 epochs, 1 min 15 s."
    )
    assert words.cost([Party("this run", [run]), cheap]).endswith(
        "1 min 15 s (trainings of others: uniform 1.5)."
    )
    assert "as 1 training of" in words.cost([Party("", [replace(run, trainings=1.0)])])


def test_glossary_explains_each_family_once():
    found = dict(words.glossary(["dns:pool=4", "dns:pool=16", "split(uniform dns)", "uniform"]))
    assert list(found) == ["dns", "uniform"]
    assert found["dns"].startswith("The highest-scored of pool uniform")
