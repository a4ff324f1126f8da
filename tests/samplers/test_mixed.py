import pytest
import torch

from autosample.errors import SettingsError
from autosample.samplers.in_batch import InBatch
from autosample.samplers.mixed import Mixed
from autosample.testing import tiny_batch, tiny_interactions, tiny_views
from autosample.testing.checks import chi_square
from autosample.testing.samplers import Case


def test_the_first_part_is_in_batch():
    view = tiny_views()["flat"]
    mixed, alone = (
        Case(s, view).run(tiny_batch()) for s in (Mixed(in_batch=3, uniform=2), InBatch(k=3))
    )
    assert mixed.ids.shape[1] == 5
    assert torch.equal(mixed.ids[:, :3], alone.ids)


def test_the_second_part_is_uniform():
    case, batch = Case(Mixed(in_batch=1, uniform=4), tiny_views()["flat"]), tiny_batch(200, (3,))
    ids = case.run(batch).ids[:, 1:].flatten()
    chance = torch.ones(24, dtype=torch.float64)
    chance[tiny_interactions().of(3).tolist()] = 0
    assert chi_square(ids, chance / chance.sum()) > 1e-4


def test_log_q_by_hand():
    case, batch = Case(Mixed(in_batch=1, uniform=3), tiny_views()["flat"]), tiny_batch()
    answer = case.run(batch)
    interactions = tiny_interactions()
    for row, user in enumerate(batch.users.tolist()):
        free = sorted(set(range(24)) - set(interactions.of(user).tolist()))
        counts = interactions.item_counts[free].clip(1e-3)
        for column in range(4):
            popular = counts[free.index(answer.ids[row, column].item())] / counts.sum()
            expected = 0.25 * popular + 0.75 / len(free)
            assert answer.log_q[row, column].exp().item() == pytest.approx(expected, rel=1e-5)


def test_both_parts_are_needed():
    with pytest.raises(SettingsError, match=r"AS220.*uniform"):
        Mixed(uniform=0)
    with pytest.raises(SettingsError, match=r"AS220"):
        Mixed(in_batch=0)
