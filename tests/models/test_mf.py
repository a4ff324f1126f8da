"""Matrix factorisation is its embedding."""

import copy

import pytest
import torch

from autosample.errors import SettingsError
from autosample.models.mf import MF
from autosample.testing import tiny_interactions


def test_tables_are_the_embedding():
    model = MF(tiny_interactions(), dim=5, seed=3)
    users, items = model.tables()
    assert users.shape == (8, 5)
    assert items.shape == (24, 5)
    assert torch.equal(torch.cat([users, items]), model.embedding)
    assert model.n_layers == 1
    assert not users.requires_grad


def test_initial_values_are_normal():
    model = MF(tiny_interactions(), dim=600, seed=1)
    values = model.embedding.detach().flatten() / model.initial_scale
    n = len(values)
    assert abs(values.mean()) < 5 / n**0.5
    assert abs(values.var() - 1) < 5 * (2 / n) ** 0.5
    within = (values.abs() < 1).double().mean().item()
    assert within == pytest.approx(0.6827, abs=5 * (0.22 / n) ** 0.5)


def test_view_follows_the_embedding():
    model = MF(tiny_interactions(), dim=2)
    with torch.no_grad():
        model.embedding.zero_()
        model.embedding[3] = torch.tensor([1.0, 2.0])
        model.embedding[8 + 5] = torch.tensor([4.0, -1.0])
    scores = model.view().scores(torch.tensor([3]), torch.tensor([[4, 5]]))
    assert scores.tolist() == [[0.0, 2.0]]


def test_models_can_be_copied():
    model = MF(tiny_interactions(), dim=3)
    other = copy.deepcopy(model)
    with torch.no_grad():
        other.embedding.zero_()
    assert model.embedding.all()


def test_width_must_be_positive():
    with pytest.raises(SettingsError) as error:
        MF(tiny_interactions(), dim=0)
    assert error.value.code == "AS210"
