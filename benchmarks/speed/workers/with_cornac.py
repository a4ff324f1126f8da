"""Work of cornac: SGD by sample in Cython; skips a positive when its negative is not one."""

from __future__ import annotations

import protocol

THREADS = protocol.limit_threads()

from collections import OrderedDict  # noqa: E402

from cornac.data import Dataset  # noqa: E402
from cornac.eval_methods.base_method import ranking_eval  # noqa: E402
from cornac.metrics import MRR, NDCG, HitRatio, Precision, Recall  # noqa: E402
from cornac.models import BPR  # noqa: E402
from protocol import METRICS_K, Options, Work  # noqa: E402

RANKED = 2000  # users of one ranking


def dataset(options: Options, part: str = "") -> Dataset:
    users, items = options.arrays[f"{part}users"], options.arrays[f"{part}items"]
    whole = [
        OrderedDict((n, n) for n in range(size)) for size in (options.n_users, options.n_items)
    ]
    rows = zip(users.tolist(), items.tolist(), [1.0] * len(users), strict=True)
    return Dataset.build(rows, global_uid_map=whole[0], global_iid_map=whole[1])


def model(options: Options, iterations: int) -> BPR:
    return BPR(k=options.dim, max_iter=iterations, num_threads=options.threads, verbose=False)


def train(options: Options) -> Work:
    pairs, learner = dataset(options), model(options, iterations=2)

    def do() -> float:
        learner.fit(pairs)
        return 2 * pairs.num_ratings

    do()
    return Work(do)


def rank(options: Options) -> Work:
    first = options.test_users < RANKED
    options.arrays |= {name: options.arrays[name][first] for name in ("test_users", "test_items")}
    pairs, held, learner = dataset(options), dataset(options, "test_"), model(options, iterations=1)
    learner.fit(pairs)
    measures = [kind(k=METRICS_K) for kind in (Recall, NDCG, HitRatio, Precision)] + [MRR()]
    users = len(set(options.test_users.tolist()))

    def do() -> float:
        ranking_eval(learner, measures, pairs, held, exclude_unknowns=False)
        return users

    return Work(do)


if __name__ == "__main__":
    protocol.serve({"mf-uniform": train, "ranking": rank}, ("cornac", "numpy", "scipy"))
