"""Our own work."""

from __future__ import annotations

import protocol

THREADS = protocol.limit_threads()

import torch  # noqa: E402

BARE = protocol.status_mb("VmRSS")  # what the bare import of torch takes

import hashlib  # noqa: E402
import itertools  # noqa: E402
from collections.abc import Callable  # noqa: E402
from functools import partial  # noqa: E402

import numpy as np  # noqa: E402
from protocol import METRICS_K, Options, Work  # noqa: E402

from autosample.data.interactions import Interactions  # noqa: E402
from autosample.evaluate import rank_held_out  # noqa: E402
from autosample.kernels.draw import Unseen  # noqa: E402
from autosample.kernels.threads import set_threads  # noqa: E402
from autosample.kernels.weighted import WeightedUnseen  # noqa: E402
from autosample.metrics import summarise  # noqa: E402
from autosample.models import MODELS  # noqa: E402
from autosample.samplers import make_sampler  # noqa: E402
from autosample.search.mixture import Mixture  # noqa: E402
from autosample.train import Learner  # noqa: E402

POOLS = (1, 4, 16, 64)  # of the samplers that share one pool
CHUNK = {"mf": 400_000, "lightgcn": 20_480}  # positives between two looks at the clock
DRAWS = 200_000
MEASURES = [f"{name}@{METRICS_K}" for name in ("recall", "mrr", "ndcg", "hit", "precision")]


class Enough(Exception):  # noqa: N818  it ends an epoch early, nothing went wrong
    """The chunk is done."""


def read(options: Options) -> Interactions:
    """The training pairs; the arrays they came from are let go."""
    pairs = options.arrays.pop("users"), options.arrays.pop("items")
    return Interactions.from_pairs(*pairs, options.n_users, options.n_items)


def digest(*arrays: np.ndarray | torch.Tensor) -> str:
    """SHA-256 of the bits, to compare runs with different numbers of threads."""
    total = hashlib.sha256()
    for array in arrays:
        total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


def prepare(model: str, options: Options) -> tuple[Learner, dict[str, float]]:
    """A learner with the defaults of a run, and the memory that its tables and data must take."""
    set_threads(options.threads)
    interactions = read(options)
    kind = MODELS[model]
    learner = Learner(
        kind(interactions, dim=options.dim),
        interactions,
        lr=kind.default_lr,
        l2=kind.default_l2,
        batch_size=options.batch,
    )
    tables_and_moments = 3 * (options.n_users + options.n_items) * options.dim
    needed = 4 * (tables_and_moments + len(interactions)) + 8 * options.n_users
    return learner, {"bare_mb": BARE, "needed_mb": needed / 2**20}


def train(model: str, sampler: str, options: Options) -> Work:
    """Positives trained, the start of an epoch included."""
    learner, facts = prepare(model, options)
    pools = [make_sampler(f"dns:pool={pool}") for pool in POOLS]
    chosen = Mixture(pools) if sampler == "shared" else make_sampler(sampler)
    enough = max(CHUNK[model], options.batch)

    def do() -> float:
        done = 0

        def count(positives: int) -> None:
            nonlocal done
            done += positives
            if done >= enough:
                raise Enough

        try:
            learner.run_epoch(chosen, count)
        except Enough:
            learner.epoch += 1
        return done

    do()
    return Work(do, {**facts, "digest": digest(learner.model.embedding.detach())})


def train_epochs(model: str, options: Options) -> Work:
    """Whole epochs with uniform negatives, the first of them not set apart."""
    learner, facts = prepare(model, options)
    sampler = make_sampler("uniform")
    return Work(lambda: learner.run_epoch(sampler).positives, facts)


def draw(weighting: str, n: int, options: Options) -> Work:
    """Negatives drawn, ``n`` a positive, none of them an item of its user."""
    set_threads(options.threads)
    interactions = read(options)
    source: Unseen | WeightedUnseen = Unseen(interactions)
    if weighting == "popularity":
        source = WeightedUnseen(source, torch.tensor(interactions.item_counts).clamp_min(1))
    order = np.random.default_rng(0).permutation(len(interactions))[: DRAWS // n]
    users, index = torch.from_numpy(interactions.users[order]), torch.from_numpy(order)
    keys = itertools.count()

    def do() -> float:
        return source.draw(users, index, n, next(keys)).numel()

    do()
    return Work(do, {"bare_mb": BARE, "digest": digest(source.draw(users, index, n, 0))})


def rank(options: Options) -> Work:
    """Users ranked over all items, with five measures at 20."""
    set_threads(options.threads)
    test = options.test_users, options.test_items
    seen = read(options)
    held = Interactions.from_pairs(*test, seen.n_users, seen.n_items)
    generator = torch.Generator().manual_seed(0)
    tables = [
        torch.randn(size, options.dim, generator=generator) for size in (seen.n_users, seen.n_items)
    ]

    def do() -> float:
        ranks = rank_held_out(*tables, seen, held)
        summarise(ranks, MEASURES)
        return len(ranks)

    facts = {
        "bare_mb": BARE,
        "tables_mb": sum(map(torch.numel, tables)) * 4 / 2**20,
        "digest": digest(rank_held_out(*tables, seen, held).ranks),
    }
    return Work(do, facts)


WORKS: dict[str, Callable[[Options], Work]] = {
    **{
        f"{model}-{name}": partial(train, model, sampler)
        for model in CHUNK
        for name, sampler in {
            "uniform": "uniform",
            "dns32": "dns:pool=32",
            "mixgcf32": "mixgcf:pool=32",
            "shared": "shared",
            **{f"pool{size}": f"dns:pool={size}" for size in (1, 4, 16, 64, 256)},
        }.items()
    },
    "mf-epochs": partial(train_epochs, "mf"),
    "draws-uniform": partial(draw, "uniform", 1),
    "draws-uniform32": partial(draw, "uniform", 32),
    "draws-popularity": partial(draw, "popularity", 1),
    "ranking": rank,
}

if __name__ == "__main__":
    protocol.serve(WORKS, ("autosample", "torch", "numpy", "numba"))
