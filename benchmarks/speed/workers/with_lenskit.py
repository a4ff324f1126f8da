"""Work of LensKit's FlexMF: its own trainer, batch by batch as its epochs do it."""

from __future__ import annotations

import protocol

THREADS = protocol.limit_threads()

import os  # noqa: E402

os.environ |= {"LK_NUM_THREADS": str(THREADS), "LK_NUM_BACKEND_THREADS": str(THREADS)}

from collections.abc import Iterator  # noqa: E402
from functools import partial  # noqa: E402

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import torch  # noqa: E402
from lenskit import batch as lenskit_batch  # noqa: E402
from lenskit.data import Dataset, ItemListCollection, from_interactions_df  # noqa: E402
from lenskit.flexmf import FlexMFImplicitScorer  # noqa: E402
from lenskit.metrics import NDCG, Hit, Precision, Recall, RecipRank, RunAnalysis  # noqa: E402
from lenskit.pipeline import topn_pipeline  # noqa: E402
from lenskit.training import TrainingOptions  # noqa: E402
from protocol import METRICS_K, Options, Work  # noqa: E402

STEPS = {"bpr": 20, "lightgcn": 2}  # batches between two looks at the clock
RANKED, DRAWS = 200, 200_000


def dataset(options: Options) -> Dataset:
    torch.set_num_threads(options.threads)
    frame = pd.DataFrame({"user_id": options.users, "item_id": options.items})
    return from_interactions_df(frame)


def scorer(options: Options, preset: str, regularise: str) -> FlexMFImplicitScorer:
    return FlexMFImplicitScorer(
        preset=preset,
        reg_method=regularise,
        embedding_size=options.dim,
        batch_size=options.batch,
        epochs=1,
    )


def train(preset: str, regularise: str, options: Options, *, compiled: bool = True) -> Work:
    """Positives trained; ``L2`` is its SparseAdam, ``AdamW`` its dense optimiser.

    It compiles its model where that works, which takes a minute; ``compiled=False`` forbids it.
    """
    os.environ["LK_TORCH_COMPILE"] = str(int(compiled))
    component = scorer(options, preset, regularise)
    trainer = component.create_trainer(dataset(options), TrainingOptions(rng=0))

    def endless() -> Iterator:
        while True:
            yield from trainer.epoch_data().batches()

    batches = endless()

    def do() -> float:
        done = 0
        for _ in range(STEPS[preset]):
            batch = next(batches)
            trainer.train_batch(batch)
            trainer.opt.zero_grad()
            done += len(batch.users)
        return done

    do()
    return Work(do, {"compiled": trainer._compiled_model is not None})


def draw(weighting: str, n: int, options: Options) -> Work:
    """Negatives from its Rust sampler, verified up to ten times."""
    matrix = dataset(options).interactions().matrix()
    numbers = np.random.default_rng(0)
    users = numbers.permutation(matrix.coo_structure().row_numbers)[: DRAWS // n]
    users = np.ascontiguousarray(users, np.int32)

    def do() -> float:
        return matrix.sample_negatives(users, weighting=weighting, n=n, rng=numbers).size

    do()
    return Work(do)


def rank(options: Options) -> Work:
    """Users ranked by its batch runner and measured by its analysis."""
    data = dataset(options)
    component = scorer(options, "bpr", "L2")
    trainer = component.create_trainer(data, TrainingOptions(rng=0))
    trainer.finalize()
    pipeline = topn_pipeline(component, n=METRICS_K)
    pipeline.train(data, TrainingOptions(retrain=False))
    first = np.isin(options.test_users, np.unique(options.test_users)[:RANKED])
    frame = pd.DataFrame(
        {"user_id": options.test_users[first], "item_id": options.test_items[first]}
    )
    held = ItemListCollection.from_df(frame, ["user_id"])
    users = list(held.keys())
    measures = RunAnalysis(
        Recall(METRICS_K), RecipRank(METRICS_K), NDCG(METRICS_K), Hit(METRICS_K),
        Precision(METRICS_K),
    )  # fmt: skip

    def do() -> float:
        found = lenskit_batch.recommend(pipeline, users, METRICS_K, n_jobs=options.threads)
        measures.measure(found, held)
        return len(users)

    do()
    return Work(do)


WORKS = {
    "mf-uniform/sparse-adam": partial(train, "bpr", "L2"),
    "mf-uniform/adamw": partial(train, "bpr", "AdamW"),
    "lightgcn-uniform/compiled": partial(train, "lightgcn", "AdamW"),
    "lightgcn-uniform/eager": partial(train, "lightgcn", "AdamW", compiled=False),
    "draws-uniform": partial(draw, "uniform", 1),
    "draws-uniform32": partial(draw, "uniform", 32),
    "draws-popularity": partial(draw, "popularity", 1),
    "ranking": rank,
}

if __name__ == "__main__":
    protocol.serve(WORKS, ("lenskit", "torch", "numpy"))
