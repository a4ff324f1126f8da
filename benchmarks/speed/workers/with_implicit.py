"""Work of implicit: SGD by sample in C++; skips a positive when its negative is not one."""

from __future__ import annotations

import protocol

THREADS = protocol.limit_threads()

import numpy as np  # noqa: E402
from implicit.cpu.bpr import BayesianPersonalizedRanking  # noqa: E402
from implicit.evaluation import ranking_metrics_at_k  # noqa: E402
from protocol import METRICS_K, Options, Work  # noqa: E402
from scipy import sparse  # noqa: E402


def matrix(options: Options, part: str = "") -> sparse.csr_matrix:
    users, items = options.arrays[f"{part}users"], options.arrays[f"{part}items"]
    ones = np.ones(len(users), np.float32)
    return sparse.csr_matrix((ones, (users, items)), (options.n_users, options.n_items))


def model(options: Options, iterations: int) -> BayesianPersonalizedRanking:
    return BayesianPersonalizedRanking(
        factors=options.dim - 1,  # it adds a column for the bias
        iterations=iterations,
        num_threads=options.threads,
        random_state=0,
    )


def train(options: Options) -> Work:
    pairs, learner = matrix(options), model(options, iterations=2)

    def do() -> float:
        learner.fit(pairs, show_progress=False)
        return 2 * pairs.nnz

    do()
    return Work(do)


def rank(options: Options) -> Work:
    pairs, held, learner = matrix(options), matrix(options, "test_"), model(options, iterations=1)
    learner.fit(pairs, show_progress=False)
    users = int(np.count_nonzero(np.diff(held.indptr)))

    def do() -> float:
        ranking_metrics_at_k(
            learner, pairs, held, K=METRICS_K, show_progress=False, num_threads=options.threads
        )
        return users

    return Work(do)


if __name__ == "__main__":
    protocol.serve({"mf-uniform": train, "ranking": rank}, ("implicit", "numpy", "scipy"))
