import numpy as np
import torch
from scipy.cluster.vq import kmeans2

from autosample.kernels.threads import get_threads, set_threads
from autosample.samplers.codewords import k_means


def rows(n=300, width=4):
    return torch.randn(n, width, generator=torch.Generator().manual_seed(1))


def test_it_ends_where_scipy_ends():
    given = rows()
    centres, nearest = k_means(given, given[:6], 5)
    theirs, _ = kmeans2(given.double().numpy(), given[:6].double().numpy(), iter=5, minit="matrix")
    np.testing.assert_allclose(centres, theirs, atol=1e-5)
    distance = torch.cdist(given.double(), centres.double())
    assert torch.equal(nearest, distance.argmin(dim=1))


def test_a_centre_without_rows_stays():
    given = torch.tensor([[0.0], [1.0], [10.0]])
    centres, nearest = k_means(given, torch.tensor([[0.0], [100.0], [9.0]]), 9)
    assert centres[:, 0].tolist() == [0.5, 100.0, 10.0]
    assert nearest.tolist() == [0, 0, 2]


def test_rows_without_columns_share_the_first():
    centres, nearest = k_means(torch.zeros(5, 0), torch.zeros(2, 0), 3)
    assert centres.shape == (2, 0)
    assert nearest.tolist() == [0] * 5


def test_threads_change_no_bit():
    given, threads = rows(20_000, 9), get_threads()
    try:
        found = []
        for n in (1, 2):
            set_threads(n)
            found.append(k_means(given, given[:32], 4))
    finally:
        set_threads(threads)
    assert torch.equal(found[0][0], found[1][0])
    assert torch.equal(found[0][1], found[1][1])
