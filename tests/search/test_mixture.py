"""Mixtures: limit cases, the gap bound, and one sampler per user."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autosample.errors import SettingsError
from autosample.kernels.draw import Unseen
from autosample.losses import bpr, sampled_softmax
from autosample.models import MF
from autosample.objective import differentiate, mix_instances
from autosample.samplers import make_sampler
from autosample.samplers.draw import Draw
from autosample.samplers.softmax_v import SoftmaxV
from autosample.search.mixture import Mixture, Split
from autosample.testing import tiny_batch, tiny_interactions, tiny_views
from autosample.train import Learner


def prepared(sampler):
    sampler.prepare(tiny_interactions(), dim=8, n_layers=1)
    sampler.begin_epoch(tiny_views()["flat"], draw())
    return sampler


def draw():
    return Draw(Unseen(tiny_interactions()), seed=3, epoch=1)


@pytest.fixture
def view():
    return tiny_views()["flat"]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_hot_weights_are_that_sampler(view, place):
    specs = ["uniform", "dns:pool=4", "popularity"]
    weights = [float(i == place) for i in range(3)]
    mixture = prepared(Mixture([make_sampler(s) for s in specs], weights=weights))
    batch = tiny_batch()
    alone = prepared(make_sampler(specs[place])).sample(batch, view, draw())
    mixed = differentiate(view, batch, mixture.sample(batch, view, draw()), bpr)
    single = differentiate(view, batch, alone, bpr)
    assert mixed.report[0].item() == pytest.approx(single.report[0].item(), rel=1e-6)
    assert mixed.report[2].item() == pytest.approx(0, abs=1e-7)
    torch.testing.assert_close(mixed.coefficient[:, 1 + place], single.coefficient[:, 1])


def test_a_learner_keeps_mixtures_of_other_weights_apart():
    data, parts = tiny_interactions(), [make_sampler("uniform"), make_sampler("dns")]
    learner = Learner(MF(data, dim=4), data)
    for weights in ([1.0, 3.0], [3.0, 1.0], [2.0, 2.0]):
        own = learner.slot(Mixture(parts, weights=weights)).sampler
        assert own.weights.tolist() == [weight / 4 for weight in weights]
    labels = ["mixture(uniform dns:pool=16)" + end for end in (":weights=0.25,0.75", "")]
    assert [Mixture(parts, weights=w).label for w in ([1, 3], None)] == labels


def test_the_pool_is_shared_and_changes_nothing(view):
    batch = tiny_batch()
    mixture = prepared(Mixture([make_sampler("dns:pool=2"), make_sampler("dns:pool=5")]))
    ids = mixture.sample(batch, view, draw()).ids
    for place, spec in enumerate(["dns:pool=2", "dns:pool=5"]):
        alone = make_sampler(spec).sample(batch, view, draw()).ids
        assert torch.equal(ids[:, place : place + 1], alone)


def test_synthetic_and_real_instances_mix(view):
    batch = tiny_batch()
    mixture = prepared(Mixture([make_sampler("mixgcf:pool=3"), make_sampler("uniform")]))
    negatives = mixture.sample(batch, view, draw())
    assert negatives.vectors.shape[:2] == (len(batch.users), 2)
    items = view.item_layers(negatives.ids[:, 1:])
    torch.testing.assert_close(negatives.vectors[:, 1:], items)
    differentiate(view, batch, negatives, bpr)


@given(
    # no two are 20 apart, from where torch.softplus leaves out what is below 2e-9
    scores=st.lists(st.floats(-9, 9), min_size=2, max_size=6),
    raw=st.lists(st.floats(0.01, 1), min_size=6, max_size=6),
    positive=st.floats(-9, 9),
)
@settings(max_examples=200, deadline=None)
def test_the_gap_lies_between_zero_and_its_bound(scores, raw, positive):
    x = torch.tensor([scores], dtype=torch.float64)
    w = torch.tensor([raw[: len(scores)]], dtype=torch.float64)
    w = w / w.sum()
    mixed, bound = mix_instances(x, w)
    loss = torch.nn.functional.softplus
    gap = (w * loss(x - positive)).sum() - loss(mixed - positive).sum()
    assert -1e-9 <= gap.item() <= bound.item() + 1e-9


def test_every_user_keeps_one_sampler(view):
    data, batch = tiny_interactions(), tiny_batch()
    assignment = torch.arange(data.n_users) % 3
    specs = ["uniform", "dns_top:pool=6:top=2", "mixgcf:pool=3"]
    split = prepared(Split([make_sampler(s) for s in specs], assignment=assignment))
    negatives = split.sample(batch, view, draw())
    assert negatives.vectors is not None
    for place, spec in enumerate(specs[:2]):
        rows = torch.nonzero(assignment[batch.users] == place).flatten()
        alone = prepared(make_sampler(spec)).sample(batch.take(rows), view, draw())
        assert torch.equal(negatives.ids[rows][:, : alone.ids.shape[1]], alone.ids)


@pytest.mark.parametrize("loss", [bpr, sampled_softmax])
@pytest.mark.parametrize(
    "specs", [["uniform", "in_batch:k=4"], ["popularity:k=2", "softmax_v:k=3"]]
)
def test_one_sampler_per_user_has_the_loss_of_each_alone(view, specs, loss):
    batch, assignment = tiny_batch(), torch.arange(8) % 2
    split = prepared(Split([make_sampler(s) for s in specs], assignment=assignment))
    whole = differentiate(view, batch, split.sample(batch, view, draw()), loss)
    total = 0.0
    for place, spec in enumerate(specs):
        rows = torch.nonzero(assignment[batch.users] == place).flatten()
        own = batch.take(rows)
        alone = prepared(make_sampler(spec)).sample(own, view, draw())
        single = differentiate(view, own, alone, loss)
        share = len(rows) / len(batch.users)
        total += single.report[0].item() * share
        k = single.coefficient.shape[1]
        torch.testing.assert_close(whole.coefficient[rows, :k], single.coefficient * share)
        assert float(whole.coefficient[rows, k:].abs().sum()) < 1e-6
    assert whole.report[0].item() == pytest.approx(total, rel=1e-5)


def test_weights_in_float64_may_be_among_the_samplers_of_users(view):
    class Double(SoftmaxV):
        """Weights as numpy makes them."""

        def sample(self, batch, view, draw):
            negatives = super().sample(batch, view, draw)
            return replace(negatives, weights=negatives.weights.double())

    batch, assignment = tiny_batch(), torch.arange(50) % 2
    found = [
        Split([weighted(k=4), make_sampler("dns:pool=4")], assignment=assignment)
        for weighted in (SoftmaxV, Double)
    ]
    plain, double = (prepared(split).sample(batch, view, draw()).weights for split in found)
    assert torch.equal(plain, double)


def test_a_mixture_within_others_stays_one_instance(view):
    def inner():
        return Mixture([make_sampler("dns:pool=8"), make_sampler("popularity")], weights=[1, 3])

    batch, everyone = tiny_batch(), torch.zeros(8, dtype=torch.int64)
    losses = [
        differentiate(view, batch, prepared(one).sample(batch, view, draw()), bpr).report[0].item()
        for one in (inner(), Mixture([inner()]), Split([inner()], assignment=everyone))
    ]
    assert losses == pytest.approx([losses[0]] * 3, rel=1e-6)


def test_weights_must_fit():
    with pytest.raises(SettingsError, match="AS260"):
        Mixture([])
    with pytest.raises(SettingsError, match="AS261"):
        Mixture([make_sampler("uniform")], weights=[0.5, 0.5])
    with pytest.raises(SettingsError, match="AS261"):
        Mixture([make_sampler("uniform")], weights=[-1.0])
    assert np.allclose(Mixture([make_sampler("uniform")] * 4).weights, 0.25)
