"""The contract holds for every model of the catalogue, and notices models that break it."""

from functools import partial

import pytest
import torch

from autosample.models import MF, MODELS, NGCF, LightGCN
from autosample.models.view import TableView
from autosample.testing import tiny_interactions
from autosample.testing.models import ModelContract, check_model


class TestMF(ModelContract):
    make = staticmethod(MF)


class TestLightGCN(ModelContract):
    make = staticmethod(LightGCN)


class TestNGCF(ModelContract):
    make = staticmethod(NGCF)


class TestLightGCNWithoutLayers(ModelContract):
    make = staticmethod(partial(LightGCN, depth=0))


class TestNGCFOfOneLayer(ModelContract):
    make = staticmethod(partial(NGCF, depth=1))


def test_nothing_is_left_out():
    tested = {case.make for case in ModelContract.__subclasses__()}
    assert set(MODELS.values()) <= tested


class DoublesGradients(LightGCN):
    """Layers whose gradient is not that of their values."""

    def layers(self):
        return tuple(layer + layer - layer.detach() for layer in super().layers())


class ForgetsTheSeed(MF):
    def __init__(self, interactions, *, dim, seed):
        super().__init__(interactions, dim=dim, seed=0)


class UsesGlobalNumbers(MF):
    def __init__(self, interactions, *, dim, seed):
        super().__init__(interactions, dim=dim, seed=seed)
        self.embedding.data += torch.rand(1)


class HidesState(MF):
    """Its tables depend on a number outside the state."""

    def layers(self):
        return (self.embedding * self.generator.initial_seed() / 2**63,)


class SumsLayers(LightGCN):
    """Its pooling is not the one it declares."""

    def final(self, layers):
        return torch.stack(layers).sum(dim=0)


class ViewsOtherLayers(LightGCN):
    """Its view is not of its layers."""

    def view(self):
        return TableView(self.layers(), 2 * self.embedding, self.n_users, "mean")


class NotSparse(MF):
    """Its final table is not its embedding, though it says so."""

    def layers(self):
        return (self.embedding**3,)


class SameForAll(LightGCN):
    """All users have one row."""

    def layers(self):
        users, items = super().layers()[0].split([self.n_users, self.n_items])
        return (torch.cat([users.mean(dim=0).expand_as(users), items]),)

    n_layers = 1


class UnusedParameter(LightGCN):
    def __init__(self, interactions, *, dim, seed):
        super().__init__(interactions, dim=dim, seed=seed)
        self.spare = torch.nn.Parameter(torch.ones(2))


@pytest.mark.parametrize(
    ("model", "clause", "message"),
    [
        (DoublesGradients, "gradients", "items: gradient of embedding is off by 1"),
        (ViewsOtherLayers, "scores_are_dot_products", "not those of the layers"),
        (NotSparse, "gradients", "gradient of embedding is off"),
        (UnusedParameter, "gradients", "no gradient reaches spare"),
        (SumsLayers, "layers_pool_to_the_tables", "users do not pool"),
        (SameForAll, "learns_the_checkerboard", "ranks of the withheld items"),
        (HidesState, "state_survives", "tables differ"),
        (UsesGlobalNumbers, "seed", "global random state"),
        (ForgetsTheSeed, "seed", "seeds make no difference"),
    ],
)
def test_broken_models_are_noticed(model, clause, message):
    contract = ModelContract()
    contract.make = model
    with pytest.raises(AssertionError, match=message):
        getattr(contract, f"test_{clause}")()


def test_a_model_that_is_made_is_refused():
    with pytest.raises(AssertionError, match="give the class"):
        check_model(MF(tiny_interactions(), dim=4))


def test_check_model_runs_everything():
    check_model(MF)
    for broken in (DoublesGradients, SameForAll, HidesState, ForgetsTheSeed):
        with pytest.raises(AssertionError):
            check_model(broken)
