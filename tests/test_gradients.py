"""The gradient of every sampler under every loss, against finite differences in float64."""

import pytest
import torch

from autosample.kernels.draw import Unseen
from autosample.losses import LOSSES
from autosample.models.mf import MF
from autosample.models.view import TableView
from autosample.objective import differentiate
from autosample.samplers import SAMPLERS, make_sampler
from autosample.samplers.draw import Draw
from autosample.testing import tiny_batch, tiny_interactions, tiny_views
from autosample.testing.samplers import Case
from autosample.types import Negatives

VIEWS = tiny_views()


def detached(negatives: Negatives) -> Negatives:
    """What the sampler answered, as constants."""
    vectors = None if negatives.vectors is None else negatives.vectors.detach()
    return Negatives(
        negatives.ids, vectors, negatives.weights, negatives.log_q, negatives.instance_weights
    )


def mean_loss(table, n_users, batch, negatives, loss) -> torch.Tensor:
    """The loss from its definition, in the table's precision."""
    users, items = table[:n_users][batch.users], table[n_users:]
    positive = (users * items[batch.positives]).sum(1)
    given = items[negatives.ids] if negatives.vectors is None else negatives.vectors[:, :, 0]
    negative = torch.einsum("bd,bkd->bk", users, given.to(table.dtype))
    if negatives.instance_weights is not None:
        negative = (negatives.instance_weights * negative).sum(1, keepdim=True)
    return loss(positive, negative, negatives).mean()


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", SAMPLERS)
def test_gradient(name, loss) -> None:
    data, batch = tiny_interactions(), tiny_batch().take(torch.arange(0, 60, 5))
    model, sampler = MF(data, dim=4, seed=3), make_sampler(name)
    sampler.prepare(data, dim=4, n_layers=1)
    draw, view = Draw(Unseen(data), seed=1, epoch=0), model.view()
    sampler.begin_epoch(view, draw)
    negatives = detached(sampler.sample(batch, view, draw))
    answer = differentiate(view, batch, negatives, LOSSES[loss])
    rows = view.row_gradient(view.score_gradient(batch.users, answer.items, answer.coefficient))
    gradient = torch.zeros_like(model.embedding).index_add_(0, rows.rows, rows.values).double()
    table, generator = model.embedding.detach().double(), torch.Generator().manual_seed(0)
    assert float(answer.report[0]) == pytest.approx(
        float(mean_loss(table, data.n_users, batch, negatives, LOSSES[loss])), rel=1e-5
    )
    for _ in range(4):
        direction = torch.randn(table.shape, generator=generator, dtype=torch.float64)
        above, below = (
            mean_loss(table + step * direction, data.n_users, batch, negatives, LOSSES[loss])
            for step in (1e-5, -1e-5)
        )
        slope = float(above - below) / 2e-5
        assert float((gradient * direction).sum()) == pytest.approx(slope, rel=1e-3, abs=1e-5)


def tables(layers, pooling):
    """A view of (L, N, D) layers that are its leaf."""
    final = torch.cat(tuple(layers), dim=1) if pooling == "concat" else layers.mean(dim=0)
    return TableView(tuple(layers), final, 8, "concat" if pooling == "concat" else "mean")


def objective(layers, pooling, sampler, batch, draw) -> torch.Tensor:
    """Loss and auxiliary loss with the sampler at work, from their definitions."""
    view = tables(layers, pooling)
    answer = sampler.sample(batch, view, draw)
    vectors = answer.vectors
    if answer.blend is not None:
        which = torch.arange(len(layers)).expand_as(answer.blend.items)
        rows = layers[which, 8 + answer.blend.items]  # (B, P, L, D)
        vectors = (rows * answer.blend.shares[..., None]).sum(dim=1)[:, None]
    user, positive = (view.table[nodes] for nodes in (batch.users, 8 + batch.positives))
    negative = torch.einsum("bd,bkd->bk", user, view.pool(vectors))
    mean = LOSSES["bpr"]((user * positive).sum(dim=1), negative, answer).mean()
    return mean if answer.auxiliary is None else mean + answer.auxiliary


@pytest.mark.parametrize("pooling", ["flat", "mean", "concat"])
@pytest.mark.parametrize("name", [name for name, s in SAMPLERS.items() if s.kind == "instance"])
def test_gradient_through_what_is_synthesised(name, pooling) -> None:
    """By rows of every layer and by what the sampler learns; with its auxiliary loss."""
    batch, case = (
        tiny_batch().take(torch.arange(0, 60, 5)),
        Case(make_sampler(name), VIEWS[pooling]),
    )
    draw, layers = case.draw(1), torch.stack(VIEWS[pooling]._layers).requires_grad_()
    view = tables(layers, pooling)
    case.sampler.begin_epoch(view, draw)
    found = differentiate(view, batch, case.sampler.sample(batch, view, draw), LOSSES["bpr"])
    view.backward(view.score_gradient(batch.users, found.items, found.coefficient))
    gradients = [layers.grad, *(parameter.grad for parameter in case.sampler.parameters())]
    exact = case.sampler.double()
    leaves = [layers.detach().double(), *(p.detach() for p in exact.parameters())]
    generator = torch.Generator().manual_seed(0)
    for leaf, gradient in zip(leaves, gradients, strict=True):
        start = leaf.clone()
        for _ in range(3):
            direction = torch.randn(leaf.shape, generator=generator, dtype=torch.float64)
            values = []
            with torch.no_grad():
                for step in (1e-6, -1e-6):
                    leaf.copy_(start + step * direction)
                    values.append(float(objective(leaves[0], pooling, exact, batch, draw)))
                leaf.copy_(start)
            slope = (values[0] - values[1]) / 2e-6
            assert abs(slope) > 1e-6
            found = float((gradient.double() * direction).sum())
            assert found == pytest.approx(slope, rel=2e-3, abs=1e-5)
