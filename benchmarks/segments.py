"""Whether users of different activity need samplers of different hardness.

    python benchmarks/segments.py ../shared/data/lastfm --pools 2 4 8 --seeds 3

Users are cut into thirds by their number of training items, and every third trains with a pool size
of its own in one shared model: the same for all, harder for the active, or harder for the others.
Training, validation and test are parts of the dataset's training file; its test split is untouched.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from autosample.data import Dataset, load_dataset
from autosample.evaluate import rank_held_out
from autosample.kernels import threads
from autosample.metrics import per_user
from autosample.run import make_learner
from autosample.samplers import make_sampler
from autosample.search import Engine, Fixed
from autosample.search.mixture import Split
from autosample.settings import Settings

RESULTS = Path(__file__).parent / "results"
METRIC = "ndcg@20"


def thirds(counts: np.ndarray) -> np.ndarray:
    """(U,) third of each user by activity: 0 the least active."""
    rank = np.argsort(np.argsort(counts, kind="stable"), kind="stable")
    return rank * 3 // len(counts)


def train(dataset: Dataset, settings: Settings, pools: tuple[int, ...]) -> dict[str, Any]:
    """One training with a pool size per third."""
    segment = thirds(dataset.train.user_counts)
    samplers = [make_sampler(f"dns:pool={pool}") for pool in pools]
    split = Split(samplers, assignment=torch.from_numpy(segment))
    learner = make_learner(settings, dataset.train)
    search = Fixed(split, epochs=settings.epochs, window=settings.trial_window)
    found = Engine(learner, dataset.valid, metric=METRIC).run(search)
    seen = dataset.train.union(dataset.valid)
    ranks = rank_held_out(*learner.model.tables(), seen, dataset.test)
    scores = per_user(ranks, METRIC)
    by_third = [float(scores[segment[ranks.users] == third].mean()) for third in range(3)]
    return {"pools": pools, "valid": found.metric, "test": float(scores.mean()), "thirds": by_third}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder with train.txt")
    parser.add_argument("--pools", nargs=3, type=int, default=[2, 4, 8], help="easy to hard")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=60)
    options = parser.parse_args()
    threads.set_threads(1)
    easy, middle, hard = options.pools
    plans = [(pool,) * 3 for pool in options.pools]
    plans += [(easy, middle, hard), (hard, middle, easy)]
    plans += [(middle, middle, hard), (hard, middle, middle)]
    runs = []
    for seed in range(options.seeds):
        file, shares = options.data / "train.txt", {"valid": 0.1, "test": 0.1}
        dataset = load_dataset(file, file_format="lightgcn", seed=seed, **shares)
        settings = Settings.of(model="mf", epochs=options.epochs, seed=seed)
        for pools in plans:
            runs.append({"seed": seed, **train(dataset, settings, pools)})
            print(runs[-1], flush=True)
    command = f"python benchmarks/segments.py {options.data} --pools {easy} {middle} {hard}"
    report = {"command": f"{command} --seeds {options.seeds} --epochs {options.epochs}"}
    path = RESULTS / f"segments-{options.data.name}.json"
    path.write_text(json.dumps(report | {"runs": runs}, indent=1) + "\n")


if __name__ == "__main__":
    main()
