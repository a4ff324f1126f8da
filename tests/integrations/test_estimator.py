"""scikit-learn itself, with AutoSample as one of its estimators."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.utils.validation import check_is_fitted

from autosample import AutoSample
from autosample.errors import DataError, SettingsError
from tests.tiny import QUICK, tiny_dataset, write_events

DATA = tiny_dataset()


@pytest.fixture(scope="module")
def fitted() -> AutoSample:
    return AutoSample(**QUICK).fit(DATA)


def test_clone_copies_the_arguments_only(fitted):
    copy = clone(fitted)
    assert copy is not fitted
    assert copy.get_params() == fitted.get_params()
    assert not hasattr(copy, "result_")
    assert clone(AutoSample(candidates=["uniform"])).candidates == ["uniform"]


def test_check_is_fitted(fitted):
    check_is_fitted(fitted)
    with pytest.raises(NotFittedError):
        check_is_fitted(AutoSample())


def pairs(part) -> pl.DataFrame:
    users, items = DATA.users.ids(part.users), DATA.items.ids(part.items)
    return pl.DataFrame({"user_id": users, "item_id": items})


def test_the_score_of_the_test_is_its_metric(fitted):
    held = pairs(DATA.test)
    assert fitted.score(held) == fitted.metrics_["ndcg@20"]
    known = pairs(DATA.train).head(20)
    strange = pl.DataFrame({"user_id": ["nobody", held["user_id"][0]], "item_id": ["i1", "?"]})
    assert fitted.score(pl.concat([strange, held, known, held])) == fitted.score(held)


def test_the_score_by_hand(fitted):
    """One held-out item at rank r has an NDCG of 1 / log2(r + 1)."""
    listed = fitted.recommend("u3", k=20)
    one = listed.filter(pl.col("rank") == 4).select(user_id="user", item_id="item")
    assert fitted.score(one) == pytest.approx(1 / np.log2(5))


def test_nothing_to_score(fitted):
    with pytest.raises(DataError, match="AS141"):
        fitted.score(pairs(DATA.train))
    with pytest.raises(SettingsError, match="AS205"):
        AutoSample().score(pairs(DATA.test))


def test_a_grid_search_over_samplers(tmp_path):
    """Sampler by sampler in scikit-learn's own loop, on rows of a pandas frame."""
    frame = pd.read_csv(write_events(tmp_path / "events.csv"))
    wanted = [("uniform",), ("dns:pool=4",)]
    grid = GridSearchCV(
        AutoSample(**{**QUICK, "epochs": 2, "strategy": "fixed"}),
        {"candidates": wanted},
        cv=KFold(2, shuffle=True, random_state=0),
        error_score="raise",
    ).fit(frame)
    scores = grid.cv_results_["mean_test_score"]
    assert ((scores > 0) & (scores < 1)).all()
    assert grid.best_params_["candidates"] == wanted[int(np.argmax(scores))]
    check_is_fitted(grid.best_estimator_)


def test_it_prints_with_an_array_among_its_arguments():
    given = AutoSample(candidates=np.array(["uniform", "dns:pool=4"]), dim=8)
    assert repr(given).startswith("AutoSample(dim=8, candidates=array(['uniform', 'dns:pool=4']")
