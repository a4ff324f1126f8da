import numpy as np
import pytest
import torch

from autosample.data.interactions import Interactions
from autosample.errors import SamplerError, SettingsError
from autosample.kernels.draw import Unseen
from autosample.samplers.draw import Draw
from autosample.samplers.popularity import Popularity
from autosample.samplers.uniform import Uniform
from autosample.testing import tiny_batch, tiny_interactions, tiny_views
from autosample.testing.samplers import Case
from autosample.types import Batch


def probability(sampler):
    case, batch = Case(sampler, tiny_views()["flat"]), tiny_batch()
    case.run(batch)
    return case.sampler.probability(batch, case.view, case.draw(0))


def test_beta_zero_is_uniform():
    assert torch.allclose(probability(Popularity(beta=0.0)), probability(Uniform()))


def test_chance_by_hand():
    # item counts 3, 2, 1, 0; user 3 has item 1 only, so items 0, 2, 3 are left: 9 : 1 : 1
    interactions = Interactions.from_pairs([0, 1, 2, 0, 3, 1], [0, 0, 0, 1, 1, 2], 4, 4)
    sampler, draw = Popularity(beta=2.0, k=3), Draw(Unseen(interactions), seed=0, epoch=0)
    sampler.prepare(interactions, dim=1, n_layers=1)
    sampler.begin_epoch(tiny_views()["flat"], draw)
    batch = Batch(torch.tensor([3]), torch.tensor([1]), torch.tensor([0]))
    chance = sampler.probability(batch, tiny_views()["flat"], draw)
    assert chance[0].tolist() == pytest.approx([9 / 11, 0, 1 / 11, 1 / 11])
    answer = sampler.sample(batch, tiny_views()["flat"], draw)
    assert answer.log_q[0].exp().tolist() == pytest.approx(chance[0, answer.ids[0]].tolist())


def test_items_nobody_has_count_as_one():
    interactions = Interactions.from_pairs([0, 1], [0, 0], 3, 3)
    weights = Popularity(beta=1.0).weigh(interactions)
    assert weights.tolist() == [2, 1, 1]


def test_weights_are_counts_to_the_power():
    counts = np.maximum(tiny_interactions().item_counts, 1)
    weights = Popularity(beta=0.75).weigh(tiny_interactions())
    assert weights.numpy() == pytest.approx(counts**0.75)


def test_drawing_before_an_epoch_begins_is_explained():
    case = Case(Popularity(), tiny_views()["flat"])
    with pytest.raises(SamplerError, match=r"AS303.*begin_epoch"):
        case.sampler.sample(tiny_batch(), case.view, case.draw(0))


def test_out_of_range_is_refused():
    with pytest.raises(SettingsError, match=r"AS220.*beta"):
        Popularity(beta=float("nan"))
    with pytest.raises(SettingsError, match=r"AS220.*k must"):
        Popularity(k=0)
