"""Learned weights: the hypergradient against finite differences, and its direction."""

import pytest
import torch

from autosample.data.interactions import Interactions
from autosample.errors import SettingsError
from autosample.models import MF
from autosample.samplers import make_sampler
from autosample.search.gradient import LearnedMixture, held_out_loss
from autosample.train import Learner


def rows(seed: int, b: int = 5, s: int = 3, m: int = 4, d: int = 6) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shapes = [(b, s), (b, d), (b, d), (b, s, d), (b, d), (b, m, d)]
    return [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]


def test_hypergradient_agrees_with_finite_differences():
    logits, *others = rows(0)
    logits.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: held_out_loss(x, *others, 0.7), (logits,))


def test_the_virtual_step_is_the_gradient_step_of_the_training_loss():
    logits, user, positive, instances, held, contrasts = rows(1)
    free = user.clone().requires_grad_()
    mixed = torch.einsum("bs,bsd->bd", torch.softmax(logits, dim=1), instances)
    loss = torch.nn.functional.softplus((free * mixed).sum(1) - (free * positive).sum(1)).sum()
    (slope,) = torch.autograd.grad(loss, free)
    moved = user - 0.3 * slope
    scores = torch.cat([(moved * held).sum(1, keepdim=True),
                        torch.einsum("bd,bmd->bm", moved, contrasts)], dim=1)  # fmt: skip
    expected = -torch.log_softmax(scores, dim=1)[:, 0].mean()
    found = held_out_loss(logits, user, positive, instances, held, contrasts, 0.3)
    assert found.item() == pytest.approx(expected.item(), rel=1e-10)


def test_weight_leaves_a_sampler_that_pushes_held_out_items_away():
    """One instance is the held-out row itself, the other its opposite: the latter must win."""
    logits = torch.zeros(1, 2, requires_grad=True)
    held = torch.tensor([[1.0, 0.0]])
    instances = torch.stack([held, -held], dim=1)
    user, positive = torch.tensor([[0.1, 0.2]]), torch.tensor([[0.0, 1.0]])
    contrasts = torch.tensor([[[0.0, -1.0], [0.5, 0.5]]])
    held_out_loss(logits, user, positive, instances, held, contrasts, 1.0).backward()
    assert logits.grad[0, 0] > 0 > logits.grad[0, 1]


def test_weights_move_in_training_and_survive_a_snapshot():
    users, items = torch.meshgrid(torch.arange(12), torch.arange(10), indexing="ij")
    seen = (users * 3 + items) % 5 == 0
    held = (users * 3 + items) % 5 == 1
    data = Interactions.from_pairs(users[seen], items[seen], 12, 10)
    valid = Interactions.from_pairs(users[held], items[held], 12, 10)
    groups = torch.arange(12) % 2
    parts = [make_sampler("uniform"), make_sampler("dns:pool=6")]
    sampler = LearnedMixture(parts, held=valid, groups=groups)
    learner = Learner(MF(data, dim=8), data, lr=0.05, batch_size=16, epochs=4)
    for _ in range(4):
        learner.run_epoch(sampler)
    own = learner.slot(sampler).sampler
    weights = own.weights(1.0)
    assert weights.shape == (2, 2)
    assert torch.allclose(weights.sum(dim=1), torch.ones(2))
    assert (own.logits.detach().abs() > 1e-3).all()
    assert torch.equal(sampler.logits, torch.zeros(2, 2))  # the caller's own is left alone
    saved = learner.snapshot()
    other = Learner(MF(data, dim=8, seed=5), data, lr=0.05, batch_size=16, epochs=4)
    other.restore(saved)
    assert torch.equal(other.slot(sampler).sampler.logits, own.logits)


def test_settings_are_checked():
    valid = Interactions.from_pairs([0], [0], 2, 2)
    with pytest.raises(SettingsError, match="AS262"):
        LearnedMixture([make_sampler("uniform")], held=valid, eta=0)
