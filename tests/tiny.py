"""Small data and short runs, and what it means that two results are the same."""

import dataclasses
from pathlib import Path

import numpy as np
import torch

from autosample.data import Dataset
from autosample.data.simulate import simulate
from autosample.demo import as_dataset
from autosample.run import RunResult
from autosample.settings import Settings

#: As keyword arguments of settings; a run takes a fraction of a second.
QUICK = {"dim": 8, "epochs": 8, "window": 2, "batch_size": 128, "lr": 0.05, "patience": 50}


def tiny_dataset(seed: int = 0) -> Dataset:
    """60 users, 80 items, about 10 interactions each."""
    return as_dataset(
        simulate(n_users=60, n_items=80, interactions_per_user=10, n_clusters=8, seed=seed)
    )


def quick(**changes: object) -> Settings:
    return Settings.of(**{**QUICK, **changes})


def write_events(path: Path, seed: int = 0) -> Path:
    """All interactions of the tiny dataset as a csv file."""
    dataset = tiny_dataset(seed)
    lines = ["user_id,item_id"]
    for part in (dataset.train, dataset.valid, dataset.test):
        names = (dataset.users.ids(part.users), dataset.items.ids(part.items))
        lines += [f"{user},{item}" for user, item in zip(*names, strict=True)]
    path.write_text("\n".join(lines))
    return path


def assert_same(one: RunResult, other: RunResult) -> None:
    """Equal to the bit, but for times."""
    for field in dataclasses.fields(RunResult):
        mine, its = getattr(one, field.name), getattr(other, field.name)
        if field.name == "ranks":
            for name in ("users", "indptr", "ranks", "n_candidates"):
                np.testing.assert_array_equal(getattr(mine, name), getattr(its, name))
        elif field.name == "state":
            assert mine.keys() == its.keys()
            assert all(torch.equal(mine[key], its[key]) for key in mine)
        elif field.name.endswith("_table"):
            assert torch.equal(mine, its)
        elif field.name == "seen":
            assert mine.fingerprint() == its.fingerprint()
        elif field.name == "history":
            assert without_times(mine) == without_times(its)
        elif field.name != "seconds":
            assert mine == its, field.name


def without_times(history: list[dict]) -> list[dict]:
    return [{key: value for key, value in r.items() if key != "seconds"} for r in history]
