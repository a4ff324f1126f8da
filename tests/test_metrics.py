"""Metrics by hand, by brute force and against ir-measures (trec_eval)."""

from math import log2

import ir_measures
import numpy as np
import pytest

from autosample.errors import DataError, SettingsError
from autosample.metrics import METRICS, Ranks, parse_metric, per_user, summarise


def make(*ranks_by_user, n_candidates=50):
    counts = [len(ranks) for ranks in ranks_by_user]
    return Ranks(
        users=np.arange(len(counts)),
        indptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        ranks=np.array([rank for ranks in ranks_by_user for rank in ranks], np.int32),
        n_candidates=np.full(len(counts), n_candidates),
    )


def random_ranks(seed, n_users=12, n_candidates=50):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 30, n_users)
    return make(*(rng.permutation(n_candidates)[:size] + 1 for size in sizes))


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("recall@3", [2 / 3, 0, 1]),
        ("precision@3", [2 / 3, 0, 1 / 3]),
        ("hit@3", [1, 0, 1]),
        ("mrr@3", [1 / 2, 0, 1]),
        ("mrr@10", [1 / 2, 1 / 4, 1]),
        ("map@3", [(1 / 2 + 2 / 3) / 3, 0, 1]),
        ("map@2", [1 / 2 / 2, 0, 1]),
        ("ndcg@3", [(1 / log2(3) + 1 / 2) / (1 + 1 / log2(3) + 1 / 2), 0, 1]),
        ("ndcg@2", [1 / log2(3) / (1 + 1 / log2(3)), 0, 1]),
        ("smooth_dcg", [(1 / log2(3) + 1 / 2 + 1 / 3) / 3, 1 / log2(5), 1]),
    ],
)
def test_by_hand(metric, expected):
    ranks = make([7, 2, 3], [4], [1])
    values = per_user(ranks, metric)
    assert values.dtype == np.float64
    np.testing.assert_allclose(values, expected, rtol=1e-14)


@pytest.mark.parametrize("k", [1, 3, 10, 100])
@pytest.mark.parametrize("name", ["recall", "precision", "hit", "mrr", "map", "ndcg"])
def test_agrees_with_trec_eval(name, k):
    """AP is the one that differs: trec_eval divides by R, here min(k, R) does."""
    ranks = random_ranks(k)
    measure = {
        "recall": ir_measures.R,
        "precision": ir_measures.P,
        "hit": ir_measures.Success,
        "mrr": ir_measures.RR,
        "map": ir_measures.AP,
        "ndcg": ir_measures.nDCG,
    }[name] @ k
    run = {str(u): {str(rank): -float(rank) for rank in range(1, 51)} for u in ranks.users}
    held = {
        str(u): {str(rank): 1 for rank in ranks.ranks[ranks.indptr[u] : ranks.indptr[u + 1]]}
        for u in ranks.users
    }
    found = {m.query_id: m.value for m in ir_measures.iter_calc([measure], held, run)}
    expected = np.array([found[str(u)] for u in ranks.users])
    if name == "map":
        expected *= ranks.n_relevant / np.minimum(k, ranks.n_relevant)
    np.testing.assert_allclose(per_user(ranks, f"{name}@{k}"), expected, rtol=1e-12)


def test_perfect_lists_have_one_except_where_the_formula_forbids_it():
    ranks = make(range(1, 6), range(1, 3), n_candidates=5)
    for name in ("ndcg", "map", "mrr", "hit"):
        assert per_user(ranks, f"{name}@4").tolist() == [1, 1]
    assert per_user(ranks, "recall@4").tolist() == [4 / 5, 1]
    assert per_user(ranks, "precision@4").tolist() == [1, 2 / 4]


def test_cutoff_beyond_the_catalogue():
    """All unseen items are held out: any order of them is perfect, precision knows only k."""
    ranks = make([3, 1, 2], n_candidates=3)
    for name in ("recall", "ndcg", "map", "mrr", "hit"):
        assert per_user(ranks, f"{name}@1000") == 1
    assert per_user(ranks, "precision@1000") == 3 / 1000


def test_order_of_held_out_items_does_not_matter():
    one, other = make([9, 2, 5], [4, 1]), make([2, 5, 9], [1, 4])
    for name in METRICS:
        metric = name if name == "smooth_dcg" else f"{name}@5"
        np.testing.assert_allclose(per_user(one, metric), per_user(other, metric), rtol=1e-15)


def test_smooth_dcg_notices_what_a_cutoff_does_not():
    near, far = make([21]), make([40])
    assert per_user(near, "ndcg@20") == per_user(far, "ndcg@20") == 0
    assert per_user(near, "smooth_dcg") > per_user(far, "smooth_dcg") > 0


def test_summarise_is_the_mean_over_users():
    names = ["recall@3", "smooth_dcg"]
    result = summarise(make([7, 2, 3], [4], [1]), names)
    assert list(result) == names
    assert result["recall@3"] == pytest.approx((2 / 3 + 0 + 1) / 3, rel=1e-15)


def test_nobody_to_average_over():
    nobody = make()
    for name in METRICS:
        assert per_user(nobody, name if name == "smooth_dcg" else f"{name}@5").shape == (0,)
    with pytest.raises(DataError, match="AS141"):
        summarise(nobody, ["recall@3"])


def test_parse():
    assert parse_metric("ndcg@20") == ("ndcg", 20)
    assert parse_metric("smooth_dcg") == ("smooth_dcg", None)


@pytest.mark.parametrize("text", ["ndgc@20", "NDCG@20", "ndcg_at@20"])
def test_unknown_metric_lists_all_and_the_nearest(text):
    with pytest.raises(SettingsError, match=r"AS230.*Did you mean 'ndcg'\?") as error:
        parse_metric(text)
    assert all(name in str(error.value) for name in METRICS)


def test_unknown_metric_with_nothing_near():
    with pytest.raises(SettingsError, match=r"got 'xyz'\. Write for instance"):
        parse_metric("xyz")


@pytest.mark.parametrize(
    "text", ["ndcg", "ndcg@", "ndcg@0", "ndcg@-1", "ndcg@2.5", "ndcg@9999999999"]
)
def test_bad_cutoff(text):
    with pytest.raises(SettingsError, match="AS231"):
        parse_metric(text)


def test_needless_cutoff():
    with pytest.raises(SettingsError, match=r"AS231.*Write 'smooth_dcg'"):
        parse_metric("smooth_dcg@20")
