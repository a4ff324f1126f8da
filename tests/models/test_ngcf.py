"""NGCF written out node by node, its normalised rows, and its gradient."""

import numpy as np
import pytest
import torch

from autosample.data.interactions import Interactions
from autosample.errors import SettingsError
from autosample.models.ngcf import NGCF
from autosample.testing import tiny_interactions


def by_the_paper(model, interactions):
    """Layers as messages of every node: own row and one message per neighbour (equations 3-8)."""
    n_users, n = interactions.n_users, interactions.n_users + interactions.n_items
    neighbours = [[] for _ in range(n)]
    for user, item in zip(interactions.users, interactions.items, strict=True):
        neighbours[user].append(n_users + int(item))
        neighbours[n_users + item].append(int(user))
    current = model.embedding.detach().double().numpy()
    layers = [current]
    for weight, bias in zip(model.weights, model.biases, strict=True):
        w1, w2 = weight.detach().double().numpy()
        b = bias.detach().double().numpy().sum(axis=0)
        rows = []
        for node in range(n):
            total = current[node] @ w1 + b
            for other in neighbours[node]:
                norm = 1 / np.sqrt(len(neighbours[node]) * len(neighbours[other]))
                message = current[other] @ w1 + (current[other] * current[node]) @ w2
                total = total + norm * message
            rows.append(np.where(total > 0, total, 0.2 * total))
        current = np.stack(rows)
        layers.append(current / np.linalg.norm(current, axis=1, keepdims=True))
    return np.concatenate(layers, axis=1)


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_agrees_with_messages(depth):
    interactions = tiny_interactions()
    model = NGCF(interactions, dim=5, depth=depth, seed=4)
    with torch.no_grad():
        model.biases.normal_(generator=torch.Generator().manual_seed(0))
    tables = torch.cat(model.tables()).numpy()
    assert tables.shape == (32, 5 * (depth + 1))
    assert np.allclose(tables, by_the_paper(model, interactions), atol=1e-5)


def test_rows_have_length_one():
    layers = NGCF(tiny_interactions(), dim=6, depth=2).layers()
    for layer in layers[1:]:
        assert torch.allclose(layer.norm(dim=1), torch.ones(32))
    assert not torch.allclose(layers[0].norm(dim=1), torch.ones(32))


def test_gradcheck():
    interactions = Interactions.from_pairs([0, 0, 1, 2], [0, 1, 1, 2], 3, 3)
    model = NGCF(interactions, dim=2, depth=2, seed=1).double()
    model.forward = model.layers
    names = ("embedding", "weights", "biases")

    def final(*values):
        parts = dict(zip(names, values, strict=True))
        return model.final(torch.func.functional_call(model, parts))

    start = [getattr(model, name).detach().clone().requires_grad_() for name in names]
    assert torch.autograd.gradcheck(final, start)


def test_transforms_start_within_the_bound_of_xavier():
    weights = NGCF(tiny_interactions(), dim=50, depth=3).weights.detach()
    bound = (6 / 100) ** 0.5
    assert bound * 0.99 < weights.abs().max() <= bound
    assert weights.var().item() == pytest.approx(bound**2 / 3, rel=0.05)


def test_depth_must_not_be_negative():
    with pytest.raises(SettingsError) as error:
        NGCF(tiny_interactions(), depth=-1)
    assert error.value.code == "AS211"
