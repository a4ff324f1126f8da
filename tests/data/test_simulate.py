"""The simulated truth: what was told about it holds, and it tells samplers apart."""

import numpy as np
import pytest
import torch

from autosample.data.interactions import Interactions
from autosample.data.simulate import Simulation, false_negative_rate, simulate
from autosample.errors import SettingsError
from autosample.evaluate import rank_held_out
from autosample.metrics import summarise
from autosample.models.mf import MF
from autosample.samplers.dns import DNS
from autosample.samplers.draw import Draw
from autosample.train import Learner


@pytest.fixture(scope="module")
def small():
    return simulate(n_users=200, n_items=300, seed=3)


def test_parts_are_disjoint_and_liked(small):
    parts = [small.train, small.valid, small.test]
    assert all((part.n_users, part.n_items) == (200, 300) for part in [*parts, small.relevant])
    for number, part in enumerate(parts):
        assert len(part.overlap(small.relevant)) == len(part)
        for other in parts[:number]:
            assert len(part.overlap(other)) == 0


def test_sizes(small):
    counts = np.stack([part.user_counts for part in (small.train, small.valid, small.test)])
    total = counts.sum(axis=0)
    assert total.min() >= 5
    assert (counts >= 1).all()
    assert np.array_equal(counts[1], np.maximum(1, np.round(0.1 * total)))
    assert np.array_equal(counts[2], np.maximum(1, np.round(0.2 * total)))
    # about like_rate of the items; noise flattens the threshold towards one half
    assert 0.18 < len(small.relevant) / 60000 < 0.27


def test_numbers_of_interactions_follow_the_setting():
    many = simulate(n_users=2000, n_items=400, interactions_per_user=12, seed=1)
    counts = sum(part.user_counts for part in (many.train, many.valid, many.test))
    assert counts.mean() == pytest.approx(12, rel=0.05)
    assert np.log(counts).std() == pytest.approx(0.5, abs=0.06)  # cut below at 5


def test_one_seed_one_truth(small):
    again, other = (simulate(n_users=200, n_items=300, seed=seed) for seed in (3, 4))
    for name in ("train", "valid", "test", "relevant"):
        assert getattr(again, name).fingerprint() == getattr(small, name).fingerprint()
        assert getattr(other, name).fingerprint() != getattr(small, name).fingerprint()


def test_a_user_does_not_depend_on_the_others(small):
    fewer = simulate(n_users=50, n_items=300, seed=3)
    for user in range(50):
        assert np.array_equal(fewer.train.of(user), small.train.of(user))
        assert np.array_equal(fewer.relevant.of(user), small.relevant.of(user))


def test_taste_and_exposure():
    """Users with equal taste like equal items, and popular items are seen more than liked."""
    sharp = simulate(n_users=300, n_items=200, noise=1e-3, n_clusters=3, dim=2, like_rate=0.3)
    assert np.allclose(sharp.relevant.user_counts, 60, atol=3)  # 0.3 of 200
    for bias, low, high in ((0.0, 0.5, 0.75), (2.0, 0.8, 1.0)):
        world = simulate(
            n_users=1000, n_items=200, exposure_bias=bias, interactions_per_user=5, seed=1
        )
        taken = np.sort(world.train.item_counts / np.maximum(world.relevant.item_counts, 1))
        assert low < taken[-100:].sum() / taken.sum() < high  # the better half's share


def test_relevance_is_membership(small):
    likes = set(zip(small.relevant.users.tolist(), small.relevant.items.tolist(), strict=True))
    users, items = np.arange(200)[:, None], np.arange(300)[None]
    table = small.is_relevant(users, items)
    assert {(int(u), int(i)) for u, i in np.argwhere(table)} == likes
    assert small.is_relevant(5, 299) == ((5, 299) in likes)


def test_false_negatives_by_hand():
    nothing = Interactions.from_pairs([], [], 2, 4)
    likes = Interactions.from_pairs([0, 0, 1], [1, 2, 3], 2, 4)
    world = Simulation(nothing, nothing, nothing, likes)
    negatives = torch.tensor([[1, 0], [2, 3], [3, 2]])
    assert false_negative_rate(world, torch.tensor([0, 0, 1]), negatives) == 0.5
    empty = Simulation(nothing, nothing, nothing, nothing)
    assert false_negative_rate(empty, [1], [[3]]) == 0.0


def train(world, pool, epochs):
    """Best test NDCG@20 on the way, and the share of liked negatives drawn at the end."""
    model, sampler = MF(world.train, dim=32), DNS(pool=pool)
    learner = Learner(model, world.train, lr=5e-3, l2=3e-2, batch_size=1024)
    best = 0.0
    for epoch in range(1, epochs + 1):
        learner.run_epoch(sampler)
        if epoch % 5 == 0:
            ranks = rank_held_out(*model.tables(), world.train, world.test)
            best = max(best, summarise(ranks, ["ndcg@20"])["ndcg@20"])
    batch, draw = learner.batches.at(learner.batches.index), Draw(learner.unseen, seed=1, epoch=0)
    ids = learner.slot(sampler).sampler.sample(batch, model.view(), draw).ids
    return best, false_negative_rate(world, batch.users, ids)


def test_neither_the_easiest_nor_the_hardest_sampler_is_best():
    world = simulate()
    easy, medium, hard = train(world, 1, 45), train(world, 4, 15), train(world, 64, 15)
    assert medium[0] > 1.08 * easy[0]
    assert medium[0] > 1.3 * hard[0]
    assert easy[1] + 0.05 < medium[1]  # harder negatives are more often liked
    # uniform draws from the unseen like the truth does
    unseen = world.train.n_users * world.train.n_items - len(world.train)
    liked = len(world.relevant) - len(world.train)
    assert easy[1] == pytest.approx(liked / unseen, abs=0.02)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_users", 0),
        ("n_items", 0),
        ("dim", 0),
        ("n_clusters", 0),
        ("interactions_per_user", 0),
        ("exposure_bias", -1),
        ("like_rate", 1),
        ("noise", float("nan")),
    ],
)
def test_settings_out_of_range(name, value):
    with pytest.raises(SettingsError, match=name) as error:
        simulate(**{name: value})
    assert error.value.code == "AS214"
