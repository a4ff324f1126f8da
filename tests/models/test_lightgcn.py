"""LightGCN by hand on a small graph, against scipy, and its gradient."""

import numpy as np
import pytest
import scipy.sparse
import torch

from autosample.data.interactions import Interactions
from autosample.errors import SettingsError
from autosample.models.lightgcn import LightGCN
from autosample.testing import check_model, tiny_interactions


def test_three_by_three_by_hand():
    # user 0: items 0, 1; user 1: item 1; user 2 and item 2 alone
    model = LightGCN(Interactions.from_pairs([0, 0, 1], [0, 1, 1], 3, 3), dim=1, depth=2)
    with torch.no_grad():
        model.embedding.copy_(torch.tensor([[1.0], [2], [3], [10], [20], [30]]))
    r = 1 / 2**0.5
    once = [10 * r + 20 / 2, 20 * r, 0, 1 * r, 1 / 2 + 2 * r, 0]
    twice = [
        once[3] * r + once[4] / 2,
        once[4] * r,
        0,
        once[0] * r,
        once[0] / 2 + once[1] * r,
        0,
    ]
    layers = model.layers()
    assert layers[1].flatten().tolist() == pytest.approx(once)
    assert layers[2].flatten().tolist() == pytest.approx(twice)
    mean = (model.embedding.detach().flatten().numpy() + once + twice) / 3
    assert torch.cat(model.tables()).flatten().tolist() == pytest.approx(mean.tolist(), rel=1e-6)


def test_agrees_with_powers_of_the_matrix():
    interactions = tiny_interactions()
    model = LightGCN(interactions, dim=6, depth=3, seed=2)
    ones = np.ones(len(interactions))
    r = scipy.sparse.coo_array((ones, (interactions.users, interactions.items)), shape=(8, 24))
    a = scipy.sparse.block_array([[None, r], [r.T, None]]).toarray()
    root = np.diag(1 / np.sqrt(a.sum(axis=1)))
    a = root @ a @ root
    powers = sum(np.linalg.matrix_power(a, power) for power in range(4)) / 4
    expected = powers @ model.embedding.detach().double().numpy()
    assert np.allclose(torch.cat(model.tables()).numpy(), expected, atol=1e-6)


def test_without_depth_it_is_matrix_factorisation():
    model = LightGCN(tiny_interactions(), dim=4, depth=0)
    assert model.n_layers == 1
    assert torch.equal(torch.cat(model.tables()), model.embedding)


class Concatenated(LightGCN):
    """All layers side by side."""

    pooling = "concat"


class LastLayer(LightGCN):
    """Nothing but the last layer."""

    def final(self, layers):
        return layers[-1]


def test_pooling_of_a_subclass():
    model = Concatenated(tiny_interactions(), dim=4, depth=2)
    assert torch.allclose(model.view().table, torch.cat(model.layers(), dim=1), atol=1e-6)
    check_model(Concatenated)
    model = LastLayer(tiny_interactions(), dim=4, depth=2)
    assert torch.allclose(torch.cat(model.tables()), model.layers()[-1], atol=1e-6)


def test_gradcheck():
    interactions = Interactions.from_pairs([0, 0, 1, 2], [0, 1, 1, 2], 3, 4)
    model = LightGCN(interactions, dim=2, depth=3).double()
    model.forward = model.layers

    def final(values):
        return model.final(torch.func.functional_call(model, {"embedding": values}))

    start = torch.randn(7, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert torch.autograd.gradcheck(final, start.requires_grad_())


def test_depth_must_not_be_negative():
    with pytest.raises(SettingsError) as error:
        LightGCN(tiny_interactions(), depth=-1)
    assert error.value.code == "AS211"
