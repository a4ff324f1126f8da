"""Arguments of other types and unknown keywords are refused where they come in, by name."""

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import numpy as np
import polars as pl
import pytest
import torch

from autosample import (
    AutoSample,
    Interactions,
    Learner,
    NegativeSampling,
    Pairs,
    load_dataset,
    make_sampler,
)
from autosample.border import checked
from autosample.errors import DataError, SettingsError
from autosample.evaluate import recommend
from autosample.kernels.threads import get_threads, set_threads
from autosample.models import MF, LightGCN
from tests.tiny import QUICK, tiny_dataset

DATA = tiny_dataset()
TRAIN = DATA.train
ROWS = pl.DataFrame({"user_id": ["a", "a", "b", "b"], "item_id": ["x", "y", "y", "z"]})


@pytest.fixture(scope="module")
def fitted() -> AutoSample:
    settings = {"strategy": "fixed", "candidates": ["uniform"], "epochs": 2}
    return AutoSample(**{**QUICK, **settings}).fit(DATA)


@checked
def taking(
    one: int,
    two: float | None = None,
    *,
    three: Sequence[str] | Callable[[], int] = (),
    four: Literal["a"] | None = None,
    five: "Iterable[int]" = (),
    six: Any = None,
    seven: bool = True,
) -> tuple[Any, ...]:
    """Said."""
    return one, two, three, four, five, six, seven


def test_what_is_annotated_passes_as_it_is():
    given: dict[str, Any] = {"three": ["x"], "four": "b", "five": {1}, "six": "any", "seven": False}
    assert taking(1, 2, **given) == (1, 2, *given.values())
    assert taking(one=1, two=None, three=len)[2] is len
    assert list(inspect.signature(taking).parameters)[:2] == ["one", "two"]
    assert taking.__doc__ == "Said."


def test_numbers_of_numpy_become_pythons_own():
    found = taking(np.int32(3), np.float32(0.5), seven=np.bool_(True))
    assert found[:2] == (3, 0.5)
    assert [type(one) for one in (found[0], found[1], found[-1])] == [int, float, bool]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"one": 2.0}, "taking must have one as int, got float"),
        ({"one": np.float64(2)}, "one as int, got float"),
        ({"one": None}, "one as int, got NoneType"),
        ({"one": 1, "two": "2"}, "two as float or int or NoneType, got str"),
        ({"one": 1, "three": 5}, "three as Sequence or Callable, got int"),
        ({"one": 1, "five": 5}, "five as Iterable, got int"),
        ({"one": 1, "seven": 1}, "seven as bool, got int"),
        ({"one": 1, "fuor": 1}, "taking has no argument 'fuor'. Did you mean 'four'"),
    ],
)
def test_what_is_not_is_refused(given, told):
    with pytest.raises(SettingsError, match=f"AS284: .*{told}.*help"):
        taking(**given)


def test_a_call_that_fits_no_signature_is_pythons_matter():
    with pytest.raises(TypeError, match="missing"):
        taking()
    with pytest.raises(TypeError, match="positional"):
        taking(1, 2.0, ["x"])


def learner(**settings: Any) -> Learner:
    return Learner(MF(TRAIN, dim=4), TRAIN, **settings)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda a: learner().run_epoch("uniform"), "Learner.run_epoch .* sampler as Sampler, got"),
        (lambda a: learner(loss="bpr"), "Learner .* loss as Callable, got str"),
        (lambda a: learner(batch_size=2.5), "batch_size as int"),
        (lambda a: Learner(MF(TRAIN, dim=4), DATA), "interactions as Interactions, got Dataset"),
        (lambda a: MF(DATA), "interactions as Interactions, got Dataset"),
        (lambda a: LightGCN(TRAIN, depth=2.0), "depth as int"),
        (lambda a: Pairs(DATA), "interactions as Interactions, got Dataset"),
        (lambda a: NegativeSampling(None, TRAIN, dim=4), "sampler as str or Sampler, got NoneType"),
        (lambda a: NegativeSampling("ans", TRAIN, dim=4.0), "dim as int"),
        (lambda a: make_sampler(["dns"]), "make_sampler .* spec as str or Sampler, got list"),
        (lambda a: a.recommend(None), "AutoSample.recommend .* users as .*, got NoneType"),
        (lambda a: a.recommend("u1", k=2.0), "k as int, got float"),
        (lambda a: a.fit(DATA, folder=3), "folder as str or Path or NoneType, got int"),
        (lambda a: AutoSample().fit(ROWS, usr="a"), "load_dataset has no .*mean 'user'"),
        (lambda a: a.score(ROWS, ratng="a"), "read_events has no .*mean 'rating'"),
        (lambda a: a.report("x.html", titel="x"), "write_report has no .*mean 'title'"),
        (lambda a: load_dataset(ROWS, header="false"), "header as bool, got str"),
        (lambda a: load_dataset(ROWS, seed=None), "seed as int"),
        (lambda a: load_dataset(ROWS, test=ROWS), "test as float .*What is read is test_file"),
        (lambda a: load_dataset(ROWS, user=ROWS["user_id"]), "user as str or int, got Series"),
        (lambda a: Interactions.from_pairs([0], [0], 1.0, 1), "n_users as int"),
        (lambda a: set_threads(2.0), "set_threads .* n as int"),
        (lambda a: recommend(None, None, TRAIN, [0], 1), "users_table as Tensor"),
    ],
)
def test_public_calls(call, told, fitted):
    before = get_threads()
    with pytest.raises(SettingsError, match=f"AS284: .*{told}"):
        call(fitted)
    assert get_threads() == before


def test_numbers_of_numpy_train_the_same():
    def loss(whole: Callable[[int], Any]) -> float:
        one = MF(TRAIN, dim=whole(4), seed=whole(3))
        settings = {"batch_size": whole(64), "epochs": whole(2), "seed": whole(5)}
        return Learner(one, TRAIN, **settings).run_epoch(make_sampler("dns")).loss

    assert loss(np.int64) == loss(int)


@pytest.mark.parametrize(
    "users",
    [[0.5, 1], [0, float("nan")], ["0", "1"], ["a", "b"], [None, 1], np.array([0, 0.5], object)],
)
def test_numbers_that_are_not_whole_are_refused(users, fitted):
    result = fitted.result_
    for call in (
        lambda: Interactions.from_pairs(users, [0, 1], 2, 2),
        lambda: Interactions.from_pairs([0, 1], users, 2, 2),
        lambda: recommend(result.user_table, result.item_table, result.seen, users, 2),
        lambda: DATA.users.ids(users),
    ):
        with pytest.raises(DataError, match=r"AS111: Every \w+ number must be a whole number"):
            call()


@pytest.mark.parametrize(
    "users",
    [
        [0.0, 1.0],
        np.array([0, 1], np.uint8),
        np.array([0, 1], object),
        np.array([False, True]),
        pl.Series([0, 1]),
        torch.tensor([0, 1]),
        range(2),
    ],
)
def test_whole_numbers_of_any_type_are_taken(users):
    assert Interactions.from_pairs(users, users, 2, 2).users.tolist() == [0, 1]
