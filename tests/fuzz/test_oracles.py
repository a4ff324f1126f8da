"""Draws, ranks and metrics against plain Python, and numba against torch, on random shapes."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autosample.data import Interactions
from autosample.evaluate import rank_held_out
from autosample.kernels.best import top_k, top_k_torch
from autosample.kernels.draw import Unseen
from autosample.kernels.score import pair_scores, pair_scores_torch
from autosample.kernels.spmm import Adjacency
from autosample.kernels.weighted import WeightedUnseen
from autosample.metrics import per_user
from autosample.testing import oracles
from autosample.testing.tables import interactions

QUICK = settings(max_examples=30, deadline=None, database=None, derandomize=True)
METRICS = ("recall", "precision", "hit", "mrr", "ndcg", "map")


@QUICK
@given(interactions(spare=1), st.integers(1, 9), st.integers(0, 2**32))
def test_draws_are_unseen_and_those_of_torch(data, n, key) -> None:
    users = torch.arange(data.n_users)
    drawn = Unseen(data).draw(users, users, n, key)
    assert torch.equal(drawn, Unseen(data).draw_torch(users, users, n, key))
    weights = torch.arange(1, data.n_items + 1).double()
    weighted = WeightedUnseen(Unseen(data), weights).draw(users, users, n, key)
    for user in range(data.n_users):
        allowed = set(oracles.unseen(data, user))
        assert set(drawn[user].tolist()) | set(weighted[user].tolist()) <= allowed


@QUICK
@given(interactions(), st.data())
def test_ranks_and_metrics_are_those_of_plain_python(seen, data) -> None:
    scores = data.draw(
        st.lists(
            st.lists(
                st.sampled_from([0.0, 0.5, 1.0, 2.0]), min_size=seen.n_items, max_size=seen.n_items
            ),
            min_size=seen.n_users,
            max_size=seen.n_users,
        )
    )
    held = [
        (user, item)
        for user in range(seen.n_users)
        for item in oracles.unseen(seen, user)
        if data.draw(st.booleans())
    ]
    if not held:
        return
    users, items = zip(*held, strict=True)
    part = Interactions.from_pairs(users, items, seen.n_users, seen.n_items)
    tables = torch.eye(seen.n_users), torch.tensor(scores).T.contiguous()
    ranks = rank_held_out(*tables, seen, part)
    for place, user in enumerate(ranks.users.tolist()):
        mine = ranks.ranks[ranks.indptr[place] : ranks.indptr[place + 1]].tolist()
        wanted = oracles.ranks(scores[user], seen.of(user).tolist(), part.of(user).tolist())
        assert mine == wanted
        for name in METRICS:
            for k in (1, 3, 50):
                value = per_user(ranks, f"{name}@{k}")[place]
                assert value == pytest.approx(oracles.metric(name, wanted, k), abs=1e-12)


@QUICK
@given(interactions(), st.integers(1, 9), st.integers(1, 5), st.integers(0, 999))
def test_compiled_kernels_are_those_of_torch(data, k, dim, seed) -> None:
    generator = torch.Generator().manual_seed(seed)
    n_users, n_items = data.n_users, data.n_items
    table = torch.randn(n_users + n_items, dim, generator=generator)
    users = torch.arange(n_users)
    columns = torch.randint(n_items, (n_users, k), generator=generator)
    asked = (table[:n_users], table[n_users:], users, columns)
    assert torch.allclose(pair_scores(*asked), pair_scores_torch(*asked), atol=1e-5)
    whole = table.round()  # small whole numbers: exact scores, with ties
    best = [
        f(whole[:n_users], whole[n_users:], np.arange(n_users), data, k)
        for f in (top_k, top_k_torch)
    ]
    assert (best[0][0] == best[1][0]).all()
    adjacency = Adjacency(data)
    assert torch.allclose(adjacency.product(table), adjacency.product_torch(table), atol=1e-5)


@QUICK
@given(interactions())
def test_strategies_give_what_they_promise(data) -> None:
    assert data.n_users >= 1
    assert data.n_items >= 2
    for user in range(data.n_users):
        own = data.of(user).tolist()
        assert own == sorted(set(own))
