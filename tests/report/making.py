"""A tiny real run, made once, and variations of it."""

from functools import cache

import polars as pl

from autosample.data import Dataset, Interactions, Note, Vocabulary
from autosample.data.simulate import simulate
from autosample.run import RunResult, run
from autosample.settings import Settings


def vocabulary(name: str, n: int) -> Vocabulary:
    return Vocabulary(pl.Series([name.format(i) for i in range(n)], dtype=pl.String))


@cache
def tiny_dataset(item: str = "item {}", with_test: bool = True) -> Dataset:
    made = simulate(n_users=60, n_items=80, interactions_per_user=12, n_clusters=8, seed=3)
    nothing = Interactions.from_pairs([], [], 60, 80)
    return Dataset(
        made.train,
        made.valid,
        made.test if with_test else nothing,
        vocabulary("user {}", 60),
        vocabulary(item, 80),
        (Note("AS160", "Repeated pairs were dropped.", 1234),),
    )


@cache
def tiny_run(with_test: bool = True, strategy: str = "adaptive", retrain: str = "continue"):
    settings = Settings.of(
        dim=8,
        strategy=strategy,
        retrain=retrain,
        epochs=6,
        window=1,
        batch_size=64,
        lr=0.05,
        candidates=("uniform", "dns:pool=4", "popularity"),
        metric="ndcg@10",
        metrics=("ndcg@10", "recall@5", "smooth_dcg"),
    )
    result: RunResult = run(tiny_dataset(with_test=with_test), settings)
    return result
