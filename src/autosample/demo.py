"""The story in a minute: simulated feedback, where false negatives can be counted.

A negative is false when the user would like the item but never came to see it. Hard negatives
teach much and are often false, easy ones seldom either; which is best cannot be told beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from autosample.data import Dataset, Vocabulary
from autosample.data.simulate import Simulation, false_negative_rate, simulate
from autosample.run import RunResult, make_learner, run
from autosample.samplers import make_sampler
from autosample.samplers.draw import Draw
from autosample.settings import DEFAULT_CANDIDATES, Settings

COLUMNS = ("training", "test NDCG@20", "false negatives", "cost in trainings")
#: Of the default candidates, those that pick items: what is synthesised is neither true nor false.
CANDIDATES = tuple(c for c in DEFAULT_CANDIDATES if make_sampler(c).kind == "item")
SEARCH = "search"


@dataclass(frozen=True)
class Row:
    """One way to train and what came of it.

    Attributes:
        name: The sampler, or "search".
        ndcg: NDCG@20 on the test users.
        false_negatives: Share of the last epoch's negatives that their users like in truth.
        trainings: Cost in trainings of all epochs.
        schedule: Samplers and epochs.
        seconds: Wall time.
    """

    name: str
    ndcg: float
    false_negatives: float
    trainings: float
    schedule: tuple[tuple[str, int], ...]
    seconds: float

    def cells(self) -> tuple[str, str, str, str]:
        """The row as :data:`COLUMNS`."""
        share = f"{self.false_negatives:.1%}"
        return self.name, f"{self.ndcg:.4f}", share, f"{self.trainings:.1f}"

    def as_dict(self) -> dict[str, Any]:
        """The row for JSON."""
        return asdict(self)


def compare(
    *,
    n_users: int = 1200,
    n_items: int = 1200,
    epochs: int = 50,
    dim: int = 32,
    seed: int = 0,
    alone: Sequence[str] = CANDIDATES,
) -> Iterator[Row]:
    """Train with samplers alone, then search among the candidates; yields a row after each.

    Args:
        n_users: Simulated users.
        n_items: Simulated items.
        epochs: Length of a training.
        dim: Width of the embedding.
        seed: Seed of simulation and training.
        alone: Samplers that are trained alone.
    """
    truth = simulate(n_users=n_users, n_items=n_items, seed=seed)
    dataset = as_dataset(truth)
    every = {sampler: ("fixed", (sampler,)) for sampler in alone}
    for name, (strategy, candidates) in (every | {SEARCH: ("adaptive", CANDIDATES)}).items():
        settings = Settings.of(
            strategy=strategy,
            candidates=candidates,
            epochs=epochs,
            dim=dim,
            batch_size=1024,
            lr=0.003,
            seed=seed,
        )
        result = run(dataset, settings)
        yield Row(
            name=name,
            ndcg=result.metrics["ndcg@20"],
            false_negatives=_false_negatives(truth, result),
            trainings=result.trainings,
            schedule=result.schedule,
            seconds=result.seconds,
        )


def sentence(rows: Sequence[Row]) -> str:
    """What the comparison shows, as it came out."""
    found = next(row for row in rows if row.name == SEARCH)
    best, worst = (
        choose((row for row in rows if row is not found), key=lambda row: row.ndcg)
        for choose in (max, min)
    )
    change = found.ndcg / best.ndcg - 1
    against = f"{abs(change):.1%} {'above' if change >= 0 else 'below'}"
    together = sum(row.trainings for row in rows if row is not found)
    return (
        f"Between {worst.name} and {best.name} lie {best.ndcg / worst.ndcg - 1:.0%} of NDCG@20. "
        f"The search ended {against} the best of them for {found.trainings:.1f} trainings; to try "
        f"them all took {together:.1f}."
    )


def as_dataset(truth: Simulation) -> Dataset:
    """The simulation's parts with made-up ids."""
    users, items = (
        Vocabulary.from_ids([f"{letter}{number}" for number in range(size)])
        for letter, size in (("u", truth.train.n_users), ("i", truth.train.n_items))
    )
    return Dataset(truth.train, truth.valid, truth.test, users, items)


def _false_negatives(truth: Simulation, result: RunResult) -> float:
    """Share of false ones among an epoch of negatives for the final model."""
    learner = make_learner(result.settings, truth.train)
    learner.restore(result.state)
    draw = Draw(learner.unseen, seed=learner.seed, epoch=learner.epoch, epochs=learner.epochs)
    users, negatives = [], []
    view = learner.model.view()
    sampler = learner.slot(make_sampler(result.schedule[-1][0])).sampler
    sampler.begin_epoch(view, draw)
    for batch in learner.batches.epoch(learner.epoch):
        users.append(batch.users.numpy())
        negatives.append(sampler.sample(batch, view, draw).ids[:, :1].numpy())
    return false_negative_rate(truth, np.concatenate(users), np.concatenate(negatives))
