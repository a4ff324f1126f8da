import pytest
import torch

from autosample.samplers.dins import DINS
from autosample.testing import tiny_batch, tiny_views
from autosample.testing.samplers import Case


def parts(case, batch, pool):
    """Rows (B, L, D) of meeting user, positive and the hardest item of each layer."""
    view, layers = case.view, torch.stack(case.view._layers, dim=1)
    candidates = case.draw(1).unseen(batch, pool)
    user = layers[batch.users] if view._pooling == "concat" else view.table[batch.users][:, None]
    scores = torch.einsum(
        "bld,bmld->bml", user.expand(-1, layers.shape[1], -1), layers[8 + candidates]
    )
    chosen = candidates.gather(1, scores.argmax(dim=1))
    hardest = torch.stack([layers[8 + chosen[:, i], i] for i in range(layers.shape[1])], dim=1)
    return user, layers[8 + batch.positives], hardest


@pytest.mark.parametrize("name", ["flat", "mean", "concat"])
def test_formula_of_the_paper(name):
    case, batch = Case(DINS(pool=5, alpha=1.7), tiny_views()[name]), tiny_batch()
    vectors = case.run(batch).vectors[:, 0]
    user, positive, hardest = parts(case, batch, 5)
    top, bottom = torch.exp(user * hardest), torch.exp(user * positive)
    weight = top / (top + 1.7 * bottom)
    assert torch.allclose(vectors, (1 - weight) * positive + weight * hardest, atol=1e-6)


def test_alpha_zero_is_hop_mixing_and_a_large_one_the_positive():
    batch = tiny_batch()
    bare = Case(DINS(pool=5, alpha=0.0), tiny_views()["mean"])
    _, positive, hardest = parts(bare, batch, 5)
    assert torch.equal(bare.run(batch).vectors[:, 0], hardest)
    pulled = Case(DINS(pool=5, alpha=1e20), tiny_views()["mean"])
    assert torch.allclose(pulled.run(batch).vectors[:, 0], positive)


def test_gradient_also_flows_through_the_weights():
    case = Case(DINS(pool=4), tiny_views()["flat"])
    case.run(tiny_batch(), epochs=1).vectors.sum().backward()
    by_shape = [leaf.grad for _, leaf in case.view._taken]
    assert all(grad is not None and bool(grad.abs().sum() > 0) for grad in by_shape)
