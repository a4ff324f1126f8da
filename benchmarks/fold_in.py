"""Fold-in against popularity and the mean of items, on users who were not there in training.

python benchmarks/fold_in.py ../shared/data

A fifth of the users is left out of training; their items of the training and validation parts are
folded in, and their test items ranked. For comparison: the users who were trained.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from autosample.data import Dataset, Interactions, Vocabulary, load_dataset
from autosample.data.simulate import simulate
from autosample.demo import as_dataset
from autosample.evaluate import rank_held_out
from autosample.fold_in import FoldIn
from autosample.metrics import summarise
from autosample.run import run
from autosample.settings import Settings

RESULT = Path(__file__).parent / "results" / "fold-in.json"
METRIC = "ndcg@20"
WEIGHTS = (0.01, 0.03, 0.1, 0.3, 1.0)


def of(part: Interactions, who: npt.NDArray[np.bool_]) -> Interactions:
    """The rows of some users."""
    taken, place = who[part.users], np.cumsum(who) - 1
    pairs = (place[part.users[taken]], part.items[taken])
    return Interactions.from_pairs(*pairs, int(who.sum()), part.n_items)


def measure(dataset: Dataset, model: str, epochs: int) -> dict[str, float]:
    """NDCG@20 of every way."""
    new = np.arange(dataset.n_users) % 5 == 0
    parts = [of(part, ~new) for part in (dataset.train, dataset.valid, dataset.test)]
    users = Vocabulary(dataset.users.names.filter(~new))
    settings = Settings.of(
        model=model, strategy="fixed", candidates=("dns:pool=4",), epochs=epochs, metrics=(METRIC,)
    )
    result = run(Dataset(*parts, users, dataset.items), settings)
    had, test = of(dataset.train.union(dataset.valid), new), of(dataset.test, new)
    table, counts = result.item_table, torch.from_numpy(result.seen.item_counts).float()

    def score(rows: torch.Tensor, items: torch.Tensor) -> float:
        return round(summarise(rank_held_out(rows, items, had, test), [METRIC])[METRIC], 4)

    mean = torch.stack([table[torch.tensor(had.of(u))].sum(dim=0) for u in range(had.n_users)])
    found = {
        "trained users": round(result.metrics[METRIC], 4),
        "popular items": score(torch.ones(had.n_users, 1), counts[:, None]),
        "mean of the items": score(mean, table),
    }
    for weight in WEIGHTS:
        found[f"fold-in, weight {weight}"] = score(
            FoldIn(table, counts > 0, weight).rows(had), table
        )
    return found


def main(data: str) -> None:
    simulated = as_dataset(simulate(n_users=1200, n_items=1200))
    lastfm = load_dataset(f"{data}/lastfm/train.txt", test_file=f"{data}/lastfm/test.txt")
    report: dict[str, object] = {"command": f"python benchmarks/fold_in.py {data}"}
    for name, dataset, epochs in (("simulated", simulated, 40), ("lastfm", lastfm, 60)):
        for model in ("mf", "lightgcn"):
            report[f"{name}, {model}"] = found = measure(dataset, model, epochs)
            print(name, model, found)
    RESULT.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
