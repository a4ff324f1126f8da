"""The training loop: repeatable to the bit, resumable to the bit, and it learns."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from autosample.data.interactions import Interactions
from autosample.data.simulate import simulate
from autosample.errors import DataError, SettingsError, TrainingError
from autosample.losses import sampled_softmax
from autosample.models import MODELS
from autosample.samplers import SAMPLERS as CATALOGUE
from autosample.samplers.base import Sampler
from autosample.samplers.dens import DENS
from autosample.samplers.dns import DNS
from autosample.samplers.mixgcf import MixGCF
from autosample.samplers.uniform import Uniform
from autosample.testing import FULL_USER, tiny_interactions
from autosample.train import Learner
from autosample.types import Negatives

SAMPLERS = {"dns": DNS(pool=4), "mixgcf": MixGCF(pool=3), "dens": DENS(pool=3)}


def tiny(name="mf", seed=0, **settings):
    interactions = tiny_interactions()
    model = MODELS[name](interactions, dim=4, seed=seed)
    settings = {"lr": 0.02, "l2": 0.01, "batch_size": 16, "seed": seed} | settings
    return Learner(model, interactions, **settings)


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def run(learner, sampler, epochs):
    return [learner.run_epoch(sampler) for _ in range(epochs)]


class Spy(Sampler):
    """Remembers the batches it sees; its negatives are the items in ``ids`` by user."""

    name = "spy"

    def __init__(self, *, ids=None):
        super().__init__()
        self.ids = ids

    def prepare(self, interactions, *, dim, n_layers):
        self.batches = []

    def sample(self, batch, view, draw):
        self.batches.append(batch)
        if self.ids is None:
            return Negatives(draw.unseen(batch, 1))
        return Negatives(torch.tensor([self.ids[user] for user in batch.users.tolist()]))


@pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=SAMPLERS)
@pytest.mark.parametrize("name", MODELS)
def test_same_seed_same_bits(name, sampler):
    first, second, other = tiny(name), tiny(name), tiny(name, seed=1)
    reports = []
    for learner in (first, second, other):
        torch.rand(1)
        reports.append([epoch.loss for epoch in run(learner, sampler, 2)])
    assert reports[0] == reports[1] != reports[2]
    assert same(first.snapshot(), second.snapshot())
    assert not same(first.snapshot(), other.snapshot())


@pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=SAMPLERS)
@pytest.mark.parametrize("name", MODELS)
def test_same_bits_on_one_and_two_threads(name, sampler, use_threads):
    data = simulate(n_users=400, n_items=700, seed=2, interactions_per_user=12).train
    snapshots = []
    for threads in (1, 2):
        use_threads(threads)
        model = MODELS[name](data, dim=33, seed=0)
        learner = Learner(model, data, lr=0.01, l2=0.01, batch_size=1024, seed=0)
        run(learner, sampler, 1)
        snapshots.append(learner.snapshot())
    assert same(*snapshots)


@pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=SAMPLERS)
@pytest.mark.parametrize("name", MODELS)
def test_restored_learners_go_on_to_the_bit(name, sampler):
    learner = tiny(name)
    run(learner, sampler, 2)
    run(learner, Uniform(), 1)
    saved = learner.snapshot()
    kept = {key: value.clone() for key, value in saved.items()}
    run(learner, sampler, 2)
    end = learner.snapshot()
    fresh = tiny(name)
    for again in (fresh, learner):
        again.restore(saved)
        assert again.epoch == 3
        assert same(again.snapshot(), saved)  # also of samplers that it has not used yet
        run(again, sampler, 2)
        assert same(again.snapshot(), end)
    assert same(saved, kept)


class Changing(Sampler):
    """Keeps through an epoch the items that user 0 likes when it begins, however many."""

    name = "changing"

    def begin_epoch(self, view, draw):
        items = torch.arange(view.n_items)
        scores = view.scores(torch.tensor([0]), items[None])[0]
        self.register_buffer("liked", items[scores > 0], persistent=False)

    def sample(self, batch, view, draw):
        pool = draw.pool(batch, view, 4).ids
        first = torch.isin(pool, self.liked).int().argmax(dim=1, keepdim=True)
        return Negatives(pool.gather(1, first))


@pytest.mark.parametrize("sampler", [*(make() for make in CATALOGUE.values()), Changing()], ids=str)
@pytest.mark.parametrize("name", ["mf", "ngcf"])
def test_snapshots_within_an_epoch_go_on_to_the_bit(name, sampler):
    learner, taken = tiny(name), []
    run(learner, sampler, 1)
    told = learner.run_epoch(sampler, lambda size: taken.append(learner.snapshot()))
    end = learner.snapshot()
    assert "batches" not in end
    fresh = tiny(name)
    for again, place in ((fresh, 0), (fresh, len(taken) // 2), (learner, -1)):
        again.restore(taken[place])
        assert same(again.snapshot(), taken[place])
        done = []
        rest = again.run_epoch(sampler, done.append)
        assert len(done) == len(taken) - int(taken[place]["batches"])
        assert same(again.snapshot(), end)
        assert replace(rest, seconds=told.seconds) == told
        assert rest.seconds >= taken[place]["seconds"]


def test_an_epoch_that_failed_is_not_half_done():
    learner = tiny()

    def fail(size):
        raise StopIteration

    with pytest.raises(StopIteration):
        learner.run_epoch(Uniform(), fail)
    assert learner.begun is None
    assert "batches" not in learner.snapshot()


def test_restoring_forgets_samplers_that_came_later():
    learner, twin = tiny(), tiny()
    run(learner, Uniform(), 1)
    saved = learner.snapshot()
    run(learner, SAMPLERS["dens"], 2)
    learner.restore(saved)
    run(twin, Uniform(), 1)
    for each in (learner, twin):
        run(each, SAMPLERS["dens"], 1)
    assert same(learner.snapshot(), twin.snapshot())


def test_samplers_are_copied():
    sampler = DENS(pool=2)
    run(tiny(), sampler, 1)
    assert not list(sampler.parameters())


def test_every_usable_positive_once_an_epoch():
    learner, sampler, counted = tiny(), Spy(), []
    epoch = learner.run_epoch(sampler, counted.append)
    batches = learner.slot(sampler).sampler.batches
    index = torch.cat([batch.index for batch in batches]).tolist()
    usable = np.flatnonzero(learner.interactions.users != FULL_USER).tolist()
    assert sorted(index) == usable
    assert all(FULL_USER not in batch.users for batch in batches)
    assert sum(counted) == epoch.positives == len(usable)
    assert max(counted) == 16


def test_one_step_by_hand():
    # one user, item 0 liked, item 1 the negative: u = (1, 2), i = (1, 0), j = (0, 1)
    interactions = Interactions.from_pairs([0], [0], 1, 2)
    model = MODELS["mf"](interactions, dim=2)
    start = torch.tensor([[1.0, 2.0], [1.0, 0.0], [0.0, 1.0]])
    with torch.no_grad():
        model.embedding.copy_(start)
    learner = Learner(model, interactions, lr=0.1, l2=0.5, batch_size=8)
    epoch = learner.run_epoch(Spy(ids={0: [1]}))
    slope = 1 / (1 + math.exp(-1))  # of softplus at 2 - 1
    assert epoch.loss == pytest.approx(math.log(1 + math.e))
    assert epoch.hardness == pytest.approx(slope)
    assert epoch.hardness_shares == [0, 0, 0, 0, 0, 0, 0, 1, 0, 0]  # 0.73 alone
    j_minus_i, user = start[2] - start[1], start[0]
    gradient = torch.stack([slope * j_minus_i, -slope * user, slope * user]) + 0.5 * start
    first = learner.snapshot()["optimiser/m"]
    assert torch.allclose(first, 0.1 * gradient)
    assert torch.allclose(model.embedding, start - 0.1 * gradient.sign(), atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_l2_shrinks_rows_once_per_use(name):
    """Two negatives of equal items: the gradients differ by l2 * uses / B * row alone."""
    rows = {}
    for l2 in (0.0, 0.6):
        interactions = Interactions.from_pairs([0, 0, 1], [0, 1, 0], 2, 4)
        model = MODELS[name](interactions, dim=3)
        learner = Learner(model, interactions, l2=l2, batch_size=8)
        start = model.embedding.detach().clone()
        learner.run_epoch(Spy(ids={0: [2, 3], 1: [2, 2]}))
        rows[l2] = learner.snapshot()["optimiser/m"]
    uses = torch.tensor([2.0, 1, 2, 1, 4, 2])  # users 0, 1; items 0..3
    expected = 0.1 * 0.6 / 3 * uses[:, None] * start
    assert torch.allclose(rows[0.6] - rows[0.0], expected, atol=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_epoch_reports_means_over_positives(name):
    learner = tiny(name, lr=1e-9, l2=0.0)
    sampler = Spy(ids={user: [(user + 1) % 24] for user in range(8)})
    epoch = learner.run_epoch(sampler)
    users, items = learner.model.tables()
    index = learner.batches.index
    u, i = (
        torch.tensor(part[index.numpy()], dtype=torch.int64)
        for part in (learner.interactions.users, learner.interactions.items)
    )
    gap = (users[u] * (items[(u + 1) % 24] - items[i])).sum(dim=1).double()
    assert epoch.loss == pytest.approx(torch.log1p(gap.exp()).mean().item(), rel=1e-5)
    hardness = torch.sigmoid(gap)
    assert epoch.hardness == pytest.approx(hardness.mean().item(), rel=1e-5)
    counts, _ = np.histogram(hardness.detach(), bins=10, range=(0, 1))
    assert epoch.hardness_shares == pytest.approx(counts / len(index), abs=1e-4)
    assert (epoch.epoch, epoch.positives, learner.epoch) == (1, len(index), 1)
    assert epoch.seconds > 0


@pytest.mark.parametrize("name", MODELS)
def test_numbers_that_are_not_finite_stop_with_the_step(name):
    learner = tiny(name)
    run(learner, Uniform(), 1)
    done = learner.optimiser.steps
    with torch.no_grad():
        learner.model.embedding[2] = float("nan")
    with pytest.raises(TrainingError, match=rf"is nan in step ({done + 1}|{done + 2}),") as error:
        learner.run_epoch(Uniform())
    assert error.value.code == "AS402"


@pytest.mark.parametrize("loss", [sampled_softmax])
def test_other_losses_learn_the_checkerboard(loss):
    pairs = [(u, i) for u in range(12) for i in range(u % 2, 12, 2) if u != i]
    interactions = Interactions.from_pairs(*zip(*pairs, strict=True), 12, 12)
    model = MODELS["mf"](interactions, dim=8)
    learner = Learner(model, interactions, loss=loss, lr=0.03, l2=1e-3, batch_size=32)
    run(learner, DNS(pool=2), 25)
    users, items = model.tables()
    scores = users @ items.T
    scores[torch.tensor(pairs).unbind(dim=1)] = -torch.inf
    assert scores.argmax(dim=1).tolist() == list(range(12))


@pytest.mark.parametrize("settings", [{"lr": 0}, {"lr": 10}, {"l2": -1}, {"lr": float("nan")}])
def test_settings_out_of_range(settings):
    with pytest.raises(SettingsError) as error:
        tiny(**settings)
    assert error.value.code == "AS213"


def test_a_model_of_other_interactions_is_refused():
    other = Interactions.from_pairs([0, 1], [0, 1], 2, 3)
    with pytest.raises(DataError, match=r"AS142.*got 2 x 3 and 8 x 24"):
        Learner(MODELS["mf"](other, dim=4), tiny_interactions())
