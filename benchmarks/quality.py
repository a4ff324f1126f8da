"""Quality and cost of searches against every fixed sampler, on real data.

One cell is a dataset, a model and a seed (of the validation split and of training). In each cell
every candidate is trained alone and every strategy is run once; the test split is ranked once per
run and plays no part in any choice. The best fixed sampler is the one with the best validation
value: what exhaustive trial would hand to a user.

    python benchmarks/quality.py --data ../shared/data/lastfm --model mf --seeds 0,1,2 \\
        --out benchmarks/results/quality-lastfm-mf.json
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from autosample.data import Dataset, load_dataset
from autosample.kernels import threads
from autosample.metrics import per_user
from autosample.run import RunResult, run
from autosample.settings import DEFAULT_CANDIDATES, Settings


def load(folder: Path, seed: int) -> Dataset:
    valid = folder / "valid.txt"
    return load_dataset(
        folder / "train.txt",
        test_file=folder / "test.txt",
        valid_file=valid if valid.exists() else None,
        file_format="lightgcn",
        valid=0.1,
        seed=seed,
    )


def record(name: str, result: RunResult) -> dict[str, Any]:
    return {
        "strategy": name,
        "valid": result.valid_metric,
        "test": result.metrics,
        "trainings": result.trainings,
        "positives": result.positives,
        "seconds": result.seconds,
        "schedule": result.schedule,
    }


def cell(dataset: Dataset, base: dict[str, Any], strategies: list[str]) -> list[dict[str, Any]]:
    """All runs of one dataset, model and seed, with paired comparisons to the best fixed one."""
    rows, scores = [], {}
    metric = Settings.of(**base).metric
    plans = [("fixed", sampler) for sampler in base["candidates"]]
    plans += [(strategy, "") for strategy in strategies]
    for strategy, sampler in plans:
        own = {"candidates": (sampler,)} if sampler else {}
        result = run(dataset, Settings.of(**base | own, strategy=strategy))
        name = f"fixed {sampler}" if sampler else strategy
        rows.append(record(name, result))
        scores[name] = per_user(result.ranks, metric)
        print(f"  {name:24} valid {result.valid_metric:.4f}  test {result.metrics[metric]:.4f}  "
              f"trainings {result.trainings:.2f}  {result.seconds:.0f} s", flush=True)  # fmt: skip
    fixed = [row for row in rows if row["strategy"].startswith("fixed")]
    best = max(fixed, key=lambda row: row["valid"])["strategy"]
    spent = sum(row["trainings"] for row in fixed)
    for row in rows:
        mine, theirs = scores[row["strategy"]], scores[best]
        row["best_fixed"] = best
        row["gain"] = float(mine.mean() / theirs.mean() - 1)
        row["share_of_exhaustive"] = row["trainings"] / spent
        if row["strategy"] != best:
            row["paired_p"] = float(stats.ttest_rel(mine, theirs).pvalue)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="mf")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--strategies", default="adaptive")
    parser.add_argument("--candidates", default=" ".join(DEFAULT_CANDIDATES))
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--batch-size", type=int, default=2048)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    threads.set_threads(options.threads)
    cells = []
    for seed in (int(text) for text in options.seeds.split(",")):
        print(f"{options.data.name} {options.model} seed {seed}", flush=True)
        base = {
            "model": options.model,
            "candidates": tuple(options.candidates.split()),
            "epochs": options.epochs,
            "batch_size": options.batch_size,
            "seed": seed,
        }
        dataset = load(options.data, seed)
        cells.append({"seed": seed, "runs": cell(dataset, base, options.strategies.split(","))})
        report = {
            "command": "python " + shlex.join(sys.argv),
            "date": time.strftime("%Y-%m-%d"),
            "dataset": options.data.name,
            "model": options.model,
            "settings": Settings.of(**base).model_dump(),
            "mean_gain": mean_gain(cells),
            "cells": cells,
        }
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(report, indent=1) + "\n")
    print({name: f"{gain:+.2%}" for name, gain in report["mean_gain"].items()})


def mean_gain(cells: list[dict[str, Any]]) -> dict[str, float]:
    """Mean over seeds of the gain in test metric over each cell's best fixed sampler."""
    gains: dict[str, list[float]] = {}
    for one in cells:
        for row in one["runs"]:
            gains.setdefault(row["strategy"], []).append(row["gain"])
    return {name: float(np.mean(values)) for name, values in gains.items()}


if __name__ == "__main__":
    main()
