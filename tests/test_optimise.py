"""Optimisers against torch's own on losses written out, and their states."""

import pytest
import torch
from torch import nn

from autosample.models import MODELS
from autosample.optimise import Optimiser, SamplerSlot, copied
from autosample.samplers.dens import DENS
from autosample.samplers.uniform import Uniform
from autosample.search.gradient import LearnedMixture
from autosample.testing import tiny_interactions

USERS = torch.tensor([2, 0, 2])
ITEMS = torch.tensor([[1, 5], [5, 7], [23, 0]])
SLOPES = torch.tensor([[1.0, -2.0], [0.5, 0.25], [3.0, -1.0]])


def make(name, lr=0.05, l2=0.3):
    model = MODELS[name](tiny_interactions(), dim=4, seed=1)
    return model, Optimiser(model, lr=lr, l2=l2)


def steps(model, optimiser, n):
    for _ in range(n):
        view = model.view()
        optimiser.step(view, view.score_gradient(USERS, ITEMS, SLOPES), len(USERS))


def penalised(model, l2):
    """Sum of slopes times scores, plus L2 of each use of a row, by autograd."""
    final = model.final(model.layers())
    scores = (final[:8][USERS][:, None] * final[8:][ITEMS]).sum(dim=2)
    rows = model.embedding[torch.cat([USERS, 8 + ITEMS.flatten()])]
    return (SLOPES * scores).sum() + l2 / len(USERS) * 0.5 * rows.square().sum()


@pytest.mark.parametrize("name", ["lightgcn", "ngcf"])
@pytest.mark.parametrize("l2", [0.0, 0.3])
def test_graph_models_take_adam_on_the_penalised_loss(name, l2):
    model, optimiser = make(name, l2=l2)
    reference, _ = make(name)
    steps(model, optimiser, 3)
    adam = torch.optim.Adam(reference.parameters(), lr=0.05)
    for _ in range(3):
        adam.zero_grad()
        penalised(reference, l2).backward()
        adam.step()
    for mine, theirs in zip(model.parameters(), reference.parameters(), strict=True):
        assert torch.allclose(mine, theirs, atol=1e-4)


@pytest.mark.parametrize("l2", [0.0, 0.3])
def test_mf_takes_sparse_adam_on_the_penalised_loss(l2):
    model, optimiser = make("mf", l2=l2)
    reference, _ = make("mf")
    start = reference.embedding.detach().clone()
    steps(model, optimiser, 3)
    adam = torch.optim.SparseAdam([reference.embedding], lr=0.05)
    touched = torch.cat([USERS, 8 + ITEMS.flatten()]).unique()
    for _ in range(3):
        reference.embedding.grad = None
        penalised(reference, l2).backward()
        values = reference.embedding.grad[touched]
        reference.embedding.grad = torch.sparse_coo_tensor(
            touched[None], values, start.shape, check_invariants=True
        )
        adam.step()
    assert torch.allclose(model.embedding, reference.embedding, atol=1e-5)
    untouched = torch.ones(32, dtype=torch.bool).index_fill(0, touched, False)
    assert torch.equal(model.embedding[untouched], start[untouched])
    assert not torch.isclose(model.embedding[touched], start[touched]).any()


@pytest.mark.parametrize("name", MODELS)
def test_state_goes_on_as_before(name):
    model, optimiser = make(name)
    steps(model, optimiser, 2)
    saved = copied([*model.state_dict().items()]), copied(optimiser.state().items())
    steps(model, optimiser, 2)
    for other, second in (make(name), (model, optimiser)):  # a fresh one, and one gone too far
        other.load_state_dict(saved[0])
        second.load_state(saved[1])
        steps(other, second, 2)
        assert all(map(torch.equal, other.parameters(), model.parameters()))
        assert second.steps == 4


@pytest.mark.parametrize("name", MODELS)
def test_state_before_the_first_step(name):
    model, optimiser = make(name)
    values, state = copied(model.state_dict().items()), copied(optimiser.state().items())
    steps(model, optimiser, 2)
    end = [value.detach().clone() for value in model.parameters()]
    model.load_state_dict(values)
    optimiser.load_state(state)
    steps(model, optimiser, 2)
    assert all(map(torch.equal, model.parameters(), end))


def test_loaded_states_are_copies():
    model, optimiser = make("mf")
    steps(model, optimiser, 1)
    state = copied(optimiser.state().items())
    kept = {name: value.clone() for name, value in state.items()}
    optimiser.load_state(state)
    steps(model, optimiser, 1)
    assert all(torch.equal(state[name], kept[name]) for name in kept)


def dens_slot():
    sampler = DENS(pool=2)
    sampler.prepare(tiny_interactions(), dim=4, n_layers=1)
    return SamplerSlot(sampler, lr=0.01)


def pull(slot):
    for parameter in slot.sampler.parameters():
        parameter.grad = parameter.detach().cos()
    slot.step()


def test_samplers_within_a_sampler_learn_at_their_own_rate():
    held, parts = tiny_interactions(), [DENS(pool=2), DENS(pool=3)]
    parts[1].lr = 0.5
    mixture = LearnedMixture(parts, held=held, lr=0.05)
    mixture.prepare(held, dim=4, n_layers=1)
    before = [one.detach().clone() for one in (mixture.logits, *(p.gates.bias for p in parts))]
    pull(SamplerSlot(mixture, lr=0.01))  # Adam's first step is as long as the rate
    after = [mixture.logits, *(p.gates.bias for p in parts)]
    for old, new, rate in zip(before, after, (0.05, 0.01, 0.5), strict=True):
        torch.testing.assert_close((old - new).abs(), torch.full_like(old, rate))


def test_slot_of_a_sampler_that_learns():
    slot, reference = dens_slot(), dens_slot()
    adam = torch.optim.Adam(reference.sampler.parameters(), lr=0.01)
    for _ in range(3):
        pull(slot)
        for parameter in reference.sampler.parameters():
            parameter.grad = parameter.detach().cos()
        adam.step()
    for mine, theirs in zip(slot.sampler.parameters(), reference.sampler.parameters(), strict=True):
        assert mine.grad is None
        assert torch.equal(mine, theirs)
    state = copied(slot.state().items())
    pull(slot)
    other = dens_slot()
    other.load_state(state)
    pull(other)
    assert all(map(torch.equal, other.sampler.parameters(), slot.sampler.parameters()))


def test_slot_without_parameters():
    slot = SamplerSlot(Uniform(), lr=0.1)
    slot.step()
    assert list(slot.state()) == ["present"]
    slot.load_state(slot.state())


def test_copied_is_apart():
    value = nn.Parameter(torch.ones(2))
    copy = copied([("x", value)])["x"]
    with torch.no_grad():
        value += 1
    assert copy.tolist() == [1, 1]
    assert not copy.requires_grad
