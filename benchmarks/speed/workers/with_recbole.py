"""Work of RecBole: its own trainer on its own data loader, some batches at a time."""

from __future__ import annotations

import protocol

THREADS = protocol.limit_threads()

import logging  # noqa: E402
import os  # noqa: E402
import tempfile  # noqa: E402
from collections.abc import Iterator  # noqa: E402
from functools import partial  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import torch  # noqa: E402
from protocol import METRICS_K, Options, Work  # noqa: E402
from recbole.config import Config  # noqa: E402
from recbole.data import create_dataset, data_preparation  # noqa: E402
from recbole.sampler import Sampler  # noqa: E402
from recbole.utils import get_model, get_trainer, init_seed  # noqa: E402

STEPS = {"BPR": 20, "LightGCN": 2}  # batches between two looks at the clock
RANKED, DRAWS = 4000, 200_000


class Few:
    """The next batches of an endless loader, as one epoch of its trainer."""

    shuffle = True

    def __init__(self, loader: Any, steps: int) -> None:
        self._batches, self._steps, self.positives = self._endless(loader), steps, 0

    @staticmethod
    def _endless(loader: Any) -> Iterator[Any]:
        while True:
            yield from loader

    def __iter__(self) -> Iterator[Any]:
        for _ in range(self._steps):
            batch = next(self._batches)
            self.positives += len(batch)
            yield batch


def prepared(model: str, options: Options, pool: int, *, distribution: str = "uniform") -> tuple:
    """Config, data loaders and trainer, by way of its own files."""
    logging.disable(logging.INFO)
    folder = Path(tempfile.mkdtemp(prefix="recbole-"))
    os.chdir(folder)  # where it leaves logs and checkpoints
    (folder / "pairs").mkdir()
    for part, prefix in (("train", ""), ("test", "test_")):
        columns = {
            f"{side}_id:token": options.arrays[f"{prefix}{side}s"] for side in ("user", "item")
        }
        path = folder / "pairs" / f"pairs.{part}.inter"
        pd.DataFrame(columns).to_csv(path, sep="\t", index=False)
    negatives = {"distribution": distribution, "sample_num": 1, "alpha": 1.0, "dynamic": pool > 1}
    settings = {
        "data_path": str(folder),
        "benchmark_filename": ["train", "test", "test"],
        "load_col": {"inter": ["user_id", "item_id"]},
        "embedding_size": options.dim,
        "n_layers": 3,
        "train_batch_size": options.batch,
        "eval_batch_size": 256 * options.n_items,  # its unit is users x items
        "train_neg_sample_args": {**negatives, "candidate_num": pool if pool > 1 else 0},
        "metrics": ["Recall", "MRR", "NDCG", "Hit", "Precision"],
        "valid_metric": "NDCG@20",
        "topk": [METRICS_K],
        "eval_args": {"mode": "full", "order": "RO", "group_by": "user"},
        "device": "cpu",
        "use_gpu": False,
        "show_progress": False,
    }
    config = Config(model=model, dataset="pairs", config_dict=settings)
    torch.set_num_threads(options.threads)
    init_seed(0, True)
    train, _, test = data_preparation(config, create_dataset(config))
    network = get_model(model)(config, train._dataset)
    train.get_model(network)  # scores candidates with it
    trainer = get_trainer(config["MODEL_TYPE"], model)(config, network)
    return train, test, trainer


def train(model: str, pool: int, options: Options) -> Work:
    """Positives trained; with a pool, its dynamic negative sampling."""
    loader, _, trainer = prepared(model, options, pool)
    few = Few(loader, STEPS[model])

    def do() -> float:
        before = few.positives
        trainer._train_epoch(few, 0)
        return few.positives - before

    do()
    return Work(do)


def draw(distribution: str, options: Options) -> Work:
    """Verified negatives, one a positive, from its sampler of the training phase."""
    loader, _, _ = prepared("BPR", options, 1, distribution=distribution)
    sampler: Sampler = loader._sampler
    pairs = loader._dataset.inter_feat
    order = np.random.default_rng(0).permutation(len(pairs))[:DRAWS]
    users, items = pairs["user_id"].numpy()[order], pairs["item_id"].numpy()[order]

    def do() -> float:
        return len(sampler.sample_by_user_ids(users, items, 1))

    do()
    return Work(do)


def rank(options: Options) -> Work:
    """Users ranked over all items, in blocks of 256 users, with five measures at 20."""
    first = np.isin(options.test_users, np.unique(options.test_users)[:RANKED])
    options.arrays |= {name: options.arrays[name][first] for name in ("test_users", "test_items")}
    loader, test, trainer = prepared("BPR", options, 1)
    trainer.eval_collector.data_collect(loader)
    users = len(np.unique(options.test_users))

    def do() -> float:
        trainer.evaluate(test, load_best_model=False)
        return users

    return Work(do)


WORKS = {
    "mf-uniform": partial(train, "BPR", 1),
    "mf-dns32": partial(train, "BPR", 32),
    "lightgcn-uniform": partial(train, "LightGCN", 1),
    "lightgcn-dns32": partial(train, "LightGCN", 32),
    "draws-uniform": partial(draw, "uniform"),
    "draws-popularity": partial(draw, "popularity"),
    "ranking": rank,
}

if __name__ == "__main__":
    protocol.serve(WORKS, ("recbole", "torch", "numpy", "pandas", "scipy"))
