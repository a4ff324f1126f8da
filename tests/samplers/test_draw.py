"""The pool that samplers share, and what they may ask for."""

import weakref

import pytest
import torch

from autosample.errors import SamplerError
from autosample.kernels.draw import Unseen
from autosample.samplers.draw import Draw
from autosample.testing import FULL_USER, tiny_batch, tiny_interactions, tiny_views


class Counting:
    """A view that counts how often it scores."""

    def __init__(self, view):
        self.view, self.calls = view, 0

    def scores(self, users, items):
        self.calls += 1
        return self.view.scores(users, items)


def make(epoch=0, epochs=1):
    return Draw(Unseen(tiny_interactions()), seed=5, epoch=epoch, epochs=epochs)


def test_a_pool_is_scored_once_and_smaller_ones_are_its_columns():
    draw, batch, view = make(), tiny_batch(), Counting(tiny_views()["flat"])
    large, small = draw.pool(batch, view, 9), draw.pool(batch, view, 4)
    assert view.calls == 1
    assert torch.equal(small.ids, large.ids[:, :4])
    assert torch.equal(small.scores, large.scores[:, :4])
    assert torch.equal(large.scores, view.view.scores(batch.users, large.ids))
    assert torch.equal(make().pool(batch, view, 4).ids, small.ids)


def test_another_batch_or_view_gets_another_pool():
    draw, view = make(), Counting(tiny_views()["flat"])
    one = draw.pool(tiny_batch(), view, 3)
    part = tiny_batch().take(torch.tensor([5, 2]))
    assert torch.equal(draw.pool(part, view, 3).ids, one.ids[[5, 2]])
    other = tiny_views(seed=1)["flat"]
    assert not torch.equal(draw.pool(tiny_batch(), other, 3).scores, one.scores)


def test_a_pool_does_not_keep_its_view():
    """The memory of its tables is for the next one."""
    draw, view = make(), Counting(tiny_views()["flat"])
    draw.pool(tiny_batch(), view, 3)
    alive = weakref.ref(view)
    del view
    assert alive() is None
    other = tiny_views(seed=1)["flat"]
    scores = draw.pool(tiny_batch(), other, 3).scores
    assert torch.equal(scores, make().pool(tiny_batch(), other, 3).scores)


def test_progress():
    assert [make(e, 4).progress for e in (0, 1, 4, 9)] == [0.0, 0.25, 1.0, 1.0]
    assert make(0, 0).progress == 0.0


def test_streams_and_epochs_are_unrelated():
    batch = tiny_batch(repeat=40)
    columns = [make(e).uniform(batch, 1, stream=s)[:, 0] for e, s in ((0, 1), (0, 2), (1, 1))]
    correlation = torch.corrcoef(torch.stack(columns)) - torch.eye(3)
    assert correlation.abs().max() < 0.1


def test_by_user_skips_users_without_negatives():
    parts = list(make().by_user(size=3))
    assert [part.users.tolist() for part in parts] == [[0, 1, 2], [3, 4, 5], [6]]
    assert [part.positives.tolist() for part in parts] == [[0, 1, 2], [3, 4, 5], [0]]
    assert all(torch.equal(part.users, part.index) for part in parts)


def test_seen_and_unseen_are_complements():
    draw, users = make(), torch.arange(8)
    mask = draw.unseen_mask(users)
    for user in range(8):
        history = set(tiny_interactions().of(user).tolist())
        assert mask[user].tolist() == [item not in history for item in range(24)]
    assert draw.n_unseen(users).tolist() == mask.sum(dim=1).tolist()


def test_check_names_full_users():
    with pytest.raises(SamplerError, match=rf"AS301.*{FULL_USER}"):
        make().check(torch.tensor([1, FULL_USER]))
