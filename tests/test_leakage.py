"""Held-out data changes nothing in training: not one byte of the final state."""

import dataclasses

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autosample.data import Interactions, load_dataset
from autosample.errors import AutosampleError
from autosample.models import MODELS
from autosample.run import run
from autosample.samplers import SAMPLERS
from autosample.testing.tables import nasty_tables
from tests.tiny import quick, tiny_dataset

DATA = tiny_dataset()
POPULAR = [name for name, one in SAMPLERS.items() if "popularity" in one.needs]


def other_tests() -> dict[str, Interactions]:
    """The test split permuted, halved, swapped for something else, and deleted."""
    test, rng = DATA.test, np.random.default_rng(0)
    shape = (DATA.n_users, DATA.n_items)
    half = rng.random(len(test)) < 0.5
    return {
        "permuted": Interactions.from_pairs(test.users, rng.permutation(test.items), *shape),
        "halved": Interactions.from_pairs(test.users[half], test.items[half], *shape),
        "changed": Interactions.from_pairs(np.arange(shape[0]), np.zeros(shape[0], int), *shape),
        "deleted": Interactions.from_pairs([], [], *shape),
    }


def trained(data, **changes) -> dict[str, bytes]:
    """Bytes of everything that training made, and what was decided."""
    result = run(data, quick(epochs=2, strategy="fixed", **changes))
    state = {name: tensor.numpy().tobytes() for name, tensor in result.state.items()}
    return state | {"decided": repr((result.schedule, result.valid_metric)).encode()}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("sampler", POPULAR)
def test_no_byte_of_training_depends_on_the_test(model, sampler) -> None:
    expected = trained(DATA, model=model, candidates=[sampler])
    for name, test in other_tests().items():
        apart = test.without(DATA.train).without(DATA.valid)
        other = dataclasses.replace(DATA, test=apart)
        assert trained(other, model=model, candidates=[sampler]) == expected, name


def test_the_search_decides_the_same_whatever_the_test() -> None:
    settings = quick(epochs=4, candidates=["uniform", "dns:pool=4"])
    one = run(DATA, settings)
    other = run(dataclasses.replace(DATA, test=other_tests()["deleted"]), settings)
    assert one.schedule == other.schedule
    assert all(torch.equal(one.state[name], other.state[name]) for name in one.state)
    assert other.metrics == {}


@pytest.mark.parametrize("sampler", POPULAR)
def test_training_would_notice_if_train_changed(sampler) -> None:
    """The proof can fail: one training pair less is another state."""
    train = Interactions.from_pairs(
        DATA.train.users[1:], DATA.train.items[1:], DATA.n_users, DATA.n_items
    )
    changed = dataclasses.replace(DATA, train=train)
    assert trained(changed, candidates=[sampler]) != trained(DATA, candidates=[sampler])


def test_ids_are_numbered_by_train_first(tmp_path) -> None:
    """The order of test rows, or rows less, move no number of a user or item of train."""
    train = pl.DataFrame({"user_id": list("aabbcc"), "item_id": list("xyyzzx")})
    test = pl.DataFrame({"user_id": ["a", "b", "c"], "item_id": ["z", "x", "y"]})
    prints = set()
    for part in (test, test.reverse(), test.head(1)):
        data = load_dataset(train, test_file=part, valid=0.4)
        prints.add((data.train.fingerprint(), data.valid.fingerprint(), data.users.fingerprint()))
    assert len(prints) == 1


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(nasty_tables(), st.sampled_from(("ratio", "leave-last", "temporal")), st.integers(0, 99))
def test_no_pair_is_in_two_parts(frame, split, seed) -> None:
    try:
        data = load_dataset(
            frame.with_columns(pl.col("time").fill_null(5)),
            time="time", split=split, seed=seed, skip_bad_lines=True, valid=0.3, test=0.3,
        )  # fmt: skip
    except AutosampleError:
        return
    for one, other in (("train", "valid"), ("train", "test"), ("valid", "test")):
        assert len(getattr(data, one).overlap(getattr(data, other))) == 0
