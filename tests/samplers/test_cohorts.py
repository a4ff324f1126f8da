import numpy as np
import pytest
import torch

from autosample.data.interactions import Interactions
from autosample.errors import SamplerError, SettingsError
from autosample.samplers.cohorts import Cohorts
from autosample.testing import tiny_batch, tiny_interactions, tiny_views
from autosample.testing.samplers import Case


def test_cohorts_hold_a_third_of_the_interactions_each():
    # counts 4, 4, 2, 2, 1, 1, 0 fall to thirds 4 | 4 + 2 ... of 14: before 0, 4, 8, 10, 12, 13, 14
    counts = [1, 4, 0, 2, 4, 2, 1]
    pairs = [(user, item) for item, count in enumerate(counts) for user in range(count)]
    sampler = Cohorts()
    sampler.prepare(Interactions.from_pairs(*zip(*pairs, strict=True), 4, 7), dim=1, n_layers=1)
    assert sampler.cohort.tolist() == [2, 0, 2, 1, 0, 2, 2]


def test_share_of_the_positives_cohort_without_history():
    case = Case(Cohorts(same=0.7), tiny_views()["flat"])
    batch = tiny_batch()
    case.run(batch)
    chance = case.sampler.probability(batch, case.view, case.draw(0))
    cohort = case.sampler.cohort.numpy()
    sizes = np.bincount(cohort, minlength=3)
    for row, (user, positive) in enumerate(zip(batch.users, batch.positives, strict=True)):
        weights = np.where(cohort == cohort[positive], 0.7, 0.15) / sizes[cohort]
        weights[tiny_interactions().of(int(user))] = 0
        assert chance[row].numpy() == pytest.approx(weights / weights.sum())


def test_an_even_split_prefers_nobody():
    case, batch = Case(Cohorts(same=1 / 3), tiny_views()["flat"]), tiny_batch(users=(2,))
    case.run(batch)
    chance = case.sampler.probability(batch, case.view, case.draw(0))
    assert torch.allclose(chance, chance[:1].expand_as(chance))


def test_drawing_before_an_epoch_begins_is_explained():
    case = Case(Cohorts(), tiny_views()["flat"])
    with pytest.raises(SamplerError, match=r"AS303"):
        case.sampler.sample(tiny_batch(), case.view, case.draw(0))


@pytest.mark.parametrize("same", [0.0, 1.0])
def test_certainty_is_refused(same):
    with pytest.raises(SettingsError, match=r"AS220.*same"):
        Cohorts(same=same)
