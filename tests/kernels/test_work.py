"""Work counted, not timed, so that a regression shows anywhere: recompilations, memory, rows."""

import importlib
import pkgutil
import tracemalloc

import numpy as np
import pytest
import torch
from numba.core.registry import CPUDispatcher

from autosample import kernels
from autosample.data.interactions import Interactions
from autosample.evaluate import rank_held_out, recommend
from autosample.kernels.step import edge_gradient
from autosample.models import MODELS
from autosample.samplers import make_sampler
from autosample.samplers.draw import Draw
from autosample.train import Learner
from tests.tiny import tiny_dataset


def signatures():
    """How many types each compiled function has been compiled for, by its full name."""
    names = [module.name for module in pkgutil.iter_modules(kernels.__path__)]
    modules = [importlib.import_module(f"autosample.kernels.{name}") for name in names]
    return {
        f"{module.__name__}.{name}": len(value.signatures)
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, CPUDispatcher)
    }


def train_and_rank(model, seed, dim, batch_size):
    dataset = tiny_dataset(seed)
    chosen = MODELS[model](dataset.train, dim=dim)
    learner = Learner(chosen, dataset.train, batch_size=batch_size)
    for label in ("uniform", "dns:pool=4", "mixgcf:pool=3", "popularity"):
        learner.run_epoch(make_sampler(label))
    tables = chosen.tables()
    rank_held_out(*tables, dataset.train, dataset.valid)
    recommend(*tables, dataset.train, [0, 1], 5)


@pytest.mark.parametrize("model", MODELS)
def test_nothing_is_compiled_again_for_other_sizes(model):
    train_and_rank(model, 0, 8, 128)
    before = signatures()
    train_and_rank(model, 1, 5, 77)
    assert signatures() == before
    assert len(before) > 15


def peak_of_ranking(n_users):
    """Bytes that numpy had at once while ranking one held-out item for each of n users."""
    users, n_items = np.arange(n_users), 3000
    held = Interactions.from_pairs(users, users % n_items, n_users, n_items)
    seen = Interactions.from_pairs(users, (users + 1) % n_items, n_users, n_items)
    tables = torch.zeros(n_users, 16), torch.zeros(n_items, 16)
    tracemalloc.start()
    try:
        rank_held_out(*tables, seen, held)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_of_ranking_is_a_few_numbers_a_user():
    peak_of_ranking(10)  # compiled before it is measured
    few, many = peak_of_ranking(1000), peak_of_ranking(5000)
    assert many - few < 4000 * 100  # a row of scores would be 12,000 bytes a user


def test_a_step_touches_each_row_of_its_batch_once():
    left, right = torch.tensor([3, 3, 0]), torch.tensor([[7, 8], [8, 9], [7, 7]])
    gradient = edge_gradient(torch.ones(1000, 4), left, right, torch.ones(3, 2))
    assert gradient.rows.tolist() == [3, 0, 7, 8, 9]
    assert gradient.values.shape == (5, 4)


def test_a_step_of_lightgcn_makes_the_rows_of_its_batch_alone_of_the_last_layer(monkeypatch):
    interactions = tiny_dataset(0).train
    model, made = MODELS["lightgcn"](interactions, dim=8), []
    product = model.adjacency.product
    monkeypatch.setattr(
        model.adjacency,
        "product",
        lambda *tables, rows=None, **others: (
            made.append(rows) or product(*tables, rows=rows, **others)
        ),
    )
    learner = Learner(model, interactions, batch_size=4)
    batch = next(learner.batches.epoch(0))
    sampler, draw = make_sampler("uniform"), Draw(learner.unseen, seed=0, epoch=0, epochs=1)
    learner.step(batch, learner.slot(sampler), draw)
    ids = sampler.sample(batch, model.view(), draw).ids
    items = torch.cat([batch.positives, ids.flatten()]) + interactions.n_users
    there, last, back = made[:2], made[2], made[3:5]
    assert there == back == [None, None]
    assert last.tolist() == torch.cat([batch.users, items]).unique().tolist()
