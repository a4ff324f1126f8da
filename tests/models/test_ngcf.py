"""NGCF written out node by node, its normalised rows, and its gradient."""

import numpy as np
import pytest
import torch

from autosample.data.interactions import Interactions
from autosample.errors import SettingsError
from autosample.kernels import paths
from autosample.kernels.draw import Unseen
from autosample.losses import bpr
from autosample.models.base import Recommender
from autosample.models.ngcf import NGCF
from autosample.objective import differentiate
from autosample.samplers import make_sampler
from autosample.samplers.draw import Draw
from autosample.testing import tiny_batch, tiny_interactions


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


class Differentiated(NGCF):
    """The same by torch."""

    def view(self):
        return Recommender.view(self)


def gradients_of_a_step(kind, interactions, depth, sampler):
    """Gradients by name, and the final table, of one batch."""
    model = kind(interactions, dim=6, depth=depth, seed=3)
    with torch.no_grad():  # nobody's neighbours, and a row of zeros
        model.embedding[0] = 0.0
    own = make_sampler(sampler)
    own.prepare(interactions, dim=6, n_layers=depth + 1)
    view, draw = model.view(), Draw(Unseen(interactions), seed=1, epoch=0)
    own.begin_epoch(view, draw)
    batch = tiny_batch().take(torch.arange(0, 60, 5))
    found = differentiate(view, batch, own.sample(batch, view, draw), bpr)
    view.backward(view.score_gradient(batch.users, found.items, found.coefficient))
    gradients = {name: value.grad for name, value in model.named_parameters()}
    return view.table, {name: slope for name, slope in gradients.items() if slope is not None}


def with_lonely_nodes():
    """The tiny interactions, of which user 0 and item 23 keep none."""
    data = tiny_interactions()
    kept = (data.users != 0) & (data.items != 23)
    return Interactions.from_pairs(data.users[kept], data.items[kept], 8, 24)


@pytest.mark.parametrize("sampler", ["dns:pool=4", "mixgcf:pool=4", "dens:pool=4", "ahns:pool=4"])
@pytest.mark.parametrize("depth", [0, 1, 3])
@pytest.mark.parametrize("lonely", [False, True])
def test_the_way_back_is_autograd(sampler, depth, lonely):
    data = with_lonely_nodes() if lonely else tiny_interactions()
    table, mine = gradients_of_a_step(NGCF, data, depth, sampler)
    expected, theirs = gradients_of_a_step(Differentiated, data, depth, sampler)
    assert torch.allclose(table, expected, atol=1e-6)
    assert theirs.keys() <= mine.keys()
    for name, slope in theirs.items():
        scale = float(slope.abs().max())  # 1e12 times as large where a row of zeros learns
        assert torch.allclose(mine[name], slope, rtol=1e-4, atol=1e-5 * scale), name


def test_no_graph_is_made_and_memory_is_used_again():
    model = NGCF(tiny_interactions(), dim=6, depth=2)
    view = model.view()
    assert not any(layer.requires_grad for layer in view._layers)
    place = view.table.data_ptr()
    assert model.view().table.data_ptr() != place
    del view
    assert model.view().table.data_ptr() == place


class OwnLayers(NGCF):
    """Twice the embedding before the propagations."""

    def layers(self):
        first, *others = super().layers()
        return (2 * first, *others)


class Averaged(NGCF):
    """The mean of the layers."""

    pooling = "mean"


def test_pooling_of_a_subclass():
    model = Averaged(tiny_interactions(), dim=6, depth=2)
    mean = torch.stack(model.layers()).mean(dim=0)
    assert torch.allclose(model.view().table, mean, atol=1e-6)
    assert torch.allclose(torch.cat(model.tables()), mean, atol=1e-6)


def test_layers_of_a_subclass_and_other_paths_are_for_torch(monkeypatch):
    data = tiny_interactions()
    own = OwnLayers(data, dim=6, depth=1)
    assert torch.equal(own.view().table[:, :6], 2 * own.embedding)
    for model in (own, NGCF(data, dim=6, depth=1).double()):
        assert model.view()._final.requires_grad
        assert not torch.cat(model.tables()).requires_grad
    model = NGCF(data, dim=6, depth=1)
    ours = torch.cat(model.tables())
    monkeypatch.setattr(paths, "chosen", lambda: "torch")
    assert model.view()._final.requires_grad
    assert torch.allclose(torch.cat(model.tables()), ours, atol=1e-6)
