import numpy as np
import pytest

from autosample import demo
from autosample.data.simulate import simulate
from autosample.run import run
from tests.tiny import quick


@pytest.fixture(scope="module")
def rows() -> list[demo.Row]:
    return list(demo.compare(n_users=80, n_items=120, epochs=6, dim=8))


def test_a_row_for_every_candidate_and_the_search(rows) -> None:
    assert [row.name for row in rows] == [*demo.CANDIDATES, demo.SEARCH]
    assert all(len(row.cells()) == len(demo.COLUMNS) for row in rows)
    assert all(0 < row.ndcg < 1 for row in rows)
    assert all(row.trainings == pytest.approx(1) for row in rows[:-1])


def test_hard_negatives_are_more_often_false() -> None:
    """Once something is learned, high scores mark what users like."""
    truth = simulate(n_users=150, n_items=200, n_clusters=10)
    shares = []
    for candidate in ("uniform", "dns:pool=8"):
        settings = quick(strategy="fixed", candidates=[candidate], epochs=12, dim=16)
        shares.append(demo._false_negatives(truth, run(demo.as_dataset(truth), settings)))
    assert shares[1] > 1.3 * shares[0]


def test_uniform_negatives_are_false_as_often_as_unseen_items_are_liked() -> None:
    """Weighted by how many positives a user has, since each positive draws one."""
    truth = simulate(n_users=80, n_items=120, seed=1)
    result = run(demo.as_dataset(truth), quick(strategy="fixed", candidates=["uniform"], epochs=2))
    unseen = truth.train.n_items - truth.train.user_counts
    liked = truth.relevant.user_counts - truth.train.user_counts
    expected = np.average(liked / unseen, weights=truth.train.user_counts)
    n = len(truth.train)
    error = 4 * np.sqrt(expected * (1 - expected) / n)
    assert demo._false_negatives(truth, result) == pytest.approx(expected, abs=error)


def test_the_sentence_says_what_came_out() -> None:
    def row(name: str, ndcg: float, trainings: float = 1.0) -> demo.Row:
        return demo.Row(name, ndcg, 0.1, trainings, ((name, 3),), 1.0)

    text = demo.sentence([row("easy", 0.2), row("hard", 0.1), row("search", 0.19, 1.5)])
    assert "hard and easy lie 100%" in text
    assert "5.0% below" in text
    assert "1.5 trainings" in text
    assert "took 2.0" in text
    assert "10.0% above" in demo.sentence([row("easy", 0.2), row("search", 0.22)])
