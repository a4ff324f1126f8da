"""Propagation by hand, against scipy, and its gradient against finite differences."""

import numpy as np
import pytest
import scipy.sparse
import torch

from autosample.data.interactions import Interactions
from autosample.kernels import paths
from autosample.kernels.spmm import Adjacency


def random_interactions(n_users=30, n_items=21, n=150, seed=0):
    rng = np.random.default_rng(seed)
    return Interactions.from_pairs(
        rng.integers(n_users - 2, size=n), rng.integers(1, n_items, size=n), n_users, n_items
    )


def with_scipy(interactions):
    """D^-1/2 A D^-1/2, rows and columns of empty nodes zero."""
    n_users, n_items = interactions.n_users, interactions.n_items
    pairs = (np.ones(len(interactions)), (interactions.users, interactions.items))
    r = scipy.sparse.coo_array(pairs, shape=(n_users, n_items))
    a = scipy.sparse.block_array([[None, r], [r.T, None]]).tocsr()
    degree = a.sum(axis=1)
    scale = np.divide(1.0, np.sqrt(degree), out=np.zeros_like(degree), where=degree > 0)
    return a.multiply(scale[:, None]).multiply(scale[None]).tocsr()


def table_for(adjacency, d=5, seed=0):
    return torch.randn(adjacency.n_nodes, d, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("twin", [False, True])
def test_by_hand(twin):
    # users 0: items 0, 1; 1: item 1; item 2 alone
    adjacency = Adjacency(Interactions.from_pairs([0, 0, 1], [0, 1, 1], 2, 3))
    table = torch.tensor([[1.0], [2.0], [10.0], [20.0], [30.0]])
    product = adjacency.product_torch(table) if twin else adjacency.product(table)
    half, root = 1 / 2, 1 / 2**0.5
    expected = [10 * root + 20 * half, 20 * root, 1 * root, 1 * half + 2 * root, 0.0]
    assert product.flatten().tolist() == pytest.approx(expected)


@pytest.mark.parametrize("d", [1, 5, 16, 32, 40, 64, 112, 150])
def test_agrees_with_scipy(d):
    interactions = random_interactions()
    adjacency = Adjacency(interactions)
    table = table_for(adjacency, d)
    expected = torch.from_numpy(with_scipy(interactions) @ table.double().numpy())
    assert torch.allclose(adjacency.product(table).double(), expected, atol=1e-6)
    assert torch.allclose(adjacency.product_torch(table).double(), expected, atol=1e-6)
    in_double = adjacency.product(table.double())
    assert in_double.dtype == torch.float64
    assert torch.allclose(in_double, expected, atol=1e-6)


def test_same_bits_on_one_and_two_threads(use_threads):
    adjacency = Adjacency(random_interactions(2000, 900, 20000))
    table, rows = table_for(adjacency, 83), torch.arange(5, 2900, 3)
    results = []
    for threads in (1, 2):
        use_threads(threads)
        few = rows, table[rows]
        some = adjacency.product(table, torch.zeros_like(table), rows=rows)
        results.append([adjacency.product(table, plus=few), adjacency.product_of_rows(few), some])
    assert all(map(torch.equal, *results))


@pytest.mark.parametrize("path", paths.CHOICES)
@pytest.mark.parametrize("rows", [[], [3], [50, 0, 7, 31]])
def test_a_few_rows(path, rows, monkeypatch):
    """Multiplied as the table that they are a part of, and added to a product."""
    monkeypatch.setattr(paths, "chosen", lambda: path)
    adjacency = Adjacency(random_interactions())
    table, rows = table_for(adjacency, 70), torch.tensor(rows, dtype=torch.int64)
    few = torch.zeros_like(table)
    few[rows] = table[rows]
    for _ in range(2):  # what the first left behind does not matter
        answer = adjacency.product_of_rows((rows, table[rows]))
        torch.testing.assert_close(answer, adjacency.product_torch(few) + few)
    out = torch.full_like(table, torch.nan)
    assert adjacency.product(table, out, plus=(rows, table[rows])) is out
    torch.testing.assert_close(out, adjacency.product_torch(table) + few)
    answer = adjacency.product_of_rows((rows, 2 * table[rows]), table[rows])
    torch.testing.assert_close(answer, adjacency.product_torch(2 * few) + few)


@pytest.mark.parametrize("path", paths.CHOICES)
@pytest.mark.parametrize("dim", [64, 70])
@pytest.mark.parametrize("rows", [[], [0, 3, 49, 50]])
def test_rows_of_a_product(path, dim, rows, monkeypatch):
    """The same bits as in the whole product, and the others stay."""
    monkeypatch.setattr(paths, "chosen", lambda: path)
    adjacency = Adjacency(random_interactions())
    table, rows = table_for(adjacency, dim), torch.tensor(rows, dtype=torch.int64)
    expected = torch.full_like(table, torch.nan)
    expected[rows] = adjacency.product(table)[rows]
    out = torch.full_like(table, torch.nan)
    assert adjacency.product(table, out, rows=rows) is out
    assert torch.equal(out.nan_to_num(7), expected.nan_to_num(7))


@pytest.mark.parametrize("path", paths.CHOICES)
def test_factors_of_rows(path, monkeypatch):
    monkeypatch.setattr(paths, "chosen", lambda: path)
    adjacency = Adjacency(random_interactions())
    table, factors = table_for(adjacency, 70), table_for(adjacency, 1, seed=5)[:, 0]
    expected = adjacency.product_torch(factors[:, None] * table)
    torch.testing.assert_close(adjacency.product(table, factors=factors), expected)


def test_strided_tables():
    adjacency = Adjacency(random_interactions())
    table = table_for(adjacency, 10)
    assert torch.equal(adjacency.product(table[:, ::2]), adjacency.product(table)[:, ::2])


def test_gradient():
    adjacency = Adjacency(random_interactions(6, 5, 12))
    table = table_for(adjacency, 2).double().requires_grad_()
    assert torch.autograd.gradcheck(adjacency, table)


def test_kernel_is_its_own_transpose():
    adjacency = Adjacency(random_interactions())
    one, other = table_for(adjacency, seed=1), table_for(adjacency, seed=2)
    leaf = one.clone().requires_grad_()
    (adjacency(leaf) * other).sum().backward()
    assert torch.equal(leaf.grad, adjacency.product(other))
    inner = [(adjacency.product(a) * b).sum().item() for a, b in ((one, other), (other, one))]
    assert inner[0] == pytest.approx(inner[1], rel=1e-4)
