import xml.etree.ElementTree as ET

import numpy as np
import pytest

from autosample.beyond import coverage, gini, popularity_lift
from autosample.metrics import per_user
from autosample.report import sections
from autosample.report.measure import popularity_ranks
from autosample.report.parties import gather
from autosample.report.words import POPULAR
from tests.report.making import tiny_dataset, tiny_run


@pytest.fixture(scope="module")
def lists():
    """(n, 10) lists of the test users, by sorting all scores."""
    result, users = tiny_run(), np.flatnonzero(tiny_dataset().test.user_counts)
    scores = (result.user_table @ result.item_table.T).numpy()
    for user in range(len(scores)):
        scores[user, result.seen.of(user)] = -np.inf
    return np.argsort(-scores[users], axis=1)[:, :10]


def heights(figure):
    """Numbers of the bars by group, as their tips tell them."""
    tips = [rect.find("title").text for rect in ET.fromstring(figure.svg).iter("rect")]
    pairs = (tip.rsplit(": ", 1) for tip in tips)
    return {name.rsplit(", ", 1)[1]: number for name, number in pairs}


def test_reach_is_that_of_the_lists(lists):
    counts = tiny_run().seen.item_counts
    told = [row[1] for row in sections.lists(tiny_run(), tiny_dataset())["reach"].rows]
    lift = popularity_lift(lists, counts)
    chosen = popularity_lift(tiny_dataset().test.items, counts)
    assert told[0] == f"{coverage(lists, 80):.1%}"
    assert told[1] == f"{gini(lists, 80):.3f}"
    assert told[2] == f"{lift:+.1%}".replace("-", "−")
    assert told[3] == f"{chosen:+.1%}".replace("-", "−")


def test_most_recommended_items_are_named(lists):
    times = np.bincount(lists.ravel(), minlength=80)
    rows = sections.lists(tiny_run(), tiny_dataset())["most"].rows
    assert len(rows) == 10
    for (name, share, users), expected in zip(rows, np.sort(times)[::-1], strict=False):
        item = int(name.removeprefix("item "))
        assert times[item] == expected
        assert share == f"{expected / len(lists):.1%}"
        assert users == str(tiny_run().seen.item_counts[item])


def test_items_found_by_popularity_are_counted_pair_by_pair(lists):
    result, dataset = tiny_run(), tiny_dataset()
    _, figure = sections.quality(result, dataset, gather(result, {}))["groups"]
    users = np.flatnonzero(dataset.test.user_counts)
    counts = result.seen.item_counts
    for group, shown in heights(figure).items():
        low, _, high = group.replace("+", "–999").partition("–")
        found = [
            item in row
            for user, row in zip(users, lists, strict=True)
            for item in dataset.test.of(user)
            if int(low) <= counts[item] <= int(high or low)
        ]
        assert shown == f"{np.mean(found):.3f}"


def test_long_lists_end_with_the_catalogue():
    result = tiny_run()
    settings = result.settings.model_copy(update={"metric": "ndcg@500"})
    content = sections.lists(type(result)(**{**vars(result), "settings": settings}), tiny_dataset())
    assert content["lists_of"].startswith("Lists of 80 items for ")


def test_tiles_tell_who_won_by_how_much_and_at_what_cost():
    result = tiny_run()
    parties = gather(result, {})
    quality = sections.quality(result, tiny_dataset(), parties)
    who, how_good, against, cost = sections.tiles(parties, quality["own"], quality["changes"])
    assert who[0] in {label for label, _ in result.schedule}
    assert how_good[:2] == (f"{result.metrics['ndcg@10']:.4f}", "NDCG@10 on test users")
    assert against[1] == f"against {POPULAR}"
    popular = popularity_ranks(result.seen, tiny_dataset().test)
    expected = result.metrics["ndcg@10"] / per_user(popular, "ndcg@10").mean() - 1
    assert against[0] == f"{expected:+.1%}".replace("-", "−")
    assert cost[0] == f"{result.trainings:.1f}×"
    assert "validation" in sections.tiles(parties, None, {})[1][1]


def test_python_repeats_the_settings():
    code = sections.python(tiny_run(), tiny_dataset())
    compile(code, "report", "exec")
    assert "lr=0.05" in code
    assert "seed" not in code  # a default
