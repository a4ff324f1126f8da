"""Training on a pretended GPU: every sampler with every model, and no tensor on the wrong device.

Results are compared with the compiled kernels on the CPU.
"""

import numpy as np
import pytest
import torch

from autosample.data import Interactions
from autosample.data.batches import Batches
from autosample.errors import TrainingError
from autosample.evaluate import rank_held_out, recommend
from autosample.kernels import order, score, spmm
from autosample.kernels.draw import Unseen
from autosample.models import MODELS
from autosample.samplers import SAMPLERS, Draw, make_sampler
from autosample.search import LearnedMixture, Mixture, Split
from autosample.search.engine import blend
from autosample.testing import pretended_device, tiny_interactions
from autosample.testing.pretend import DEVICE
from autosample.train import Learner

DATA = tiny_interactions()
BATCH = 64


def learner(model: str, device, **settings) -> Learner:
    extra = {} if model == "mf" else {"depth": 2}
    made = MODELS[model](DATA, dim=6, seed=1, **extra).to(device)
    return Learner(made, DATA, **{"batch_size": BATCH, "epochs": 2, "lr": 0.01, **settings})


def assert_close(state, other) -> None:
    assert state.keys() == other.keys()
    for name, value in state.items():
        assert torch.equal(value, value.cpu())  # a plain tensor, not on the device
        if name != "seconds":
            assert torch.allclose(value.double(), other[name].double(), atol=1e-4), name


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler_trains_every_model_there(model, name) -> None:
    here = learner(model, "cpu")
    expected = [here.run_epoch(make_sampler(name)) for _ in range(2)]
    with pretended_device():
        there = learner(model, DEVICE)
        for epoch in expected:  # the second meets what samplers remember
            done = there.run_epoch(make_sampler(name))
            assert done.loss == pytest.approx(epoch.loss, abs=1e-5)
            assert done.hardness == pytest.approx(epoch.hardness, abs=1e-5)
        assert_close(there.snapshot(), here.snapshot())


def combined(name: str):
    parts = [make_sampler(text) for text in ("uniform:k=2", "mixgcf:pool=4", "dens", "exposure")]
    if name == "mixture":
        return Mixture(parts)
    if name == "split":
        return Split(parts, assignment=torch.arange(DATA.n_users) % len(parts))
    return LearnedMixture(parts, held=Interactions.from_pairs([0, 1, 2], [1, 2, 3], 8, 24))


@pytest.mark.parametrize("name", ["mixture", "split", "weighted"])
def test_combined_samplers_train_there(name) -> None:
    here = learner("lightgcn", "cpu")
    expected = here.run_epoch(combined(name))
    with pretended_device():
        there = learner("lightgcn", DEVICE)
        assert there.run_epoch(combined(name)).loss == pytest.approx(expected.loss, abs=1e-5)
        assert_close(there.snapshot(), here.snapshot())


def test_draws_and_order_have_the_bits_of_the_cpu() -> None:
    with pretended_device():
        answers = []
        for device in (torch.device("cpu"), DEVICE):
            unseen = Unseen(DATA, device)
            draw = Draw(unseen, seed=2**60, epoch=3)
            batches = Batches(DATA, batch_size=40, seed=5, device=device)
            batch = next(iter(batches.epoch(2)))
            weights = draw.weighting(torch.arange(1.0, 25.0))
            answers.append(
                [*batch, draw.unseen(batch, 9), draw.uniform(batch, 9),
                 draw.weighted(batch, 9, weights), draw.seen(batch.users, draw.unseen(batch, 9))]
            )  # fmt: skip
        for mine, theirs in zip(*answers, strict=True):
            assert theirs.device == DEVICE
            assert torch.equal(mine, theirs.cpu())


@pytest.mark.parametrize("model", MODELS)
def test_a_state_goes_between_devices_within_an_epoch(model) -> None:
    """Begun on the device, interrupted after a batch, and ended on the CPU, and the other way."""
    whole = learner(model, "cpu")
    whole.run_epoch(make_sampler("srns"))
    with pretended_device():
        for first, second in ((DEVICE, "cpu"), ("cpu", DEVICE)):
            state = after_a_batch(learner(model, first))
            rest = learner(model, second)
            rest.restore(state)
            rest.run_epoch(make_sampler("srns"))
            assert_close(rest.snapshot(), whole.snapshot())


def after_a_batch(begun: Learner):
    """What is kept of a training that is stopped in an epoch."""
    taken = []
    begun.run_epoch(make_sampler("srns"), lambda _: taken.append(begun.snapshot()))
    return taken[0]


def test_states_are_blended_on_the_cpu() -> None:
    with pretended_device() as traffic:
        there = learner("ngcf", DEVICE)
        old = there.snapshot()
        there.run_epoch(make_sampler("dens"))
        new = there.snapshot()
        before = len(traffic.up), len(traffic.down)
        mean = blend(old, new, 0.5)
        assert (len(traffic.up), len(traffic.down)) == before
        there.restore(mean)
        assert_close(there.snapshot(), mean)


@pytest.mark.parametrize("rows", [1, 2**20])
def test_ranks_and_lists_there_are_those_of_the_cpu(rows, monkeypatch) -> None:
    """Also with one user a block: what is made at once is bounded, whatever the users."""
    monkeypatch.setattr(order, "_BUFFER_BYTES", 4 * DATA.n_items * rows)
    held = Interactions.from_pairs([0, 0, 1, 4], [1, 3, 0, 9], 8, 24)
    tables = learner("mf", "cpu").model.tables()
    users = np.array([5, 0, 6, 3])
    ranks, best = rank_held_out(*tables, DATA, held), recommend(*tables, DATA, users, 7)
    with pretended_device():
        there = [table.to(DEVICE) for table in tables]
        assert rank_held_out(*there, DATA, held).ranks.tolist() == ranks.ranks.tolist()
        items, scores = recommend(*there, DATA, users, 7)
    assert items.tolist() == best[0].tolist()
    assert np.allclose(scores, best[1], atol=1e-6)


def test_twins_do_the_same_in_small_blocks(monkeypatch) -> None:
    with pretended_device():
        expected = learner("lightgcn", DEVICE).run_epoch(make_sampler("dns:pool=8"))
        monkeypatch.setattr(score, "_BUFFER_NUMBERS", 1)
        monkeypatch.setattr(spmm, "_BUFFER_NUMBERS", 20)
        found = learner("lightgcn", DEVICE).run_epoch(make_sampler("dns:pool=8"))
    assert found.loss == pytest.approx(expected.loss, abs=1e-6)


@pytest.mark.parametrize(("name", "waits"), [("uniform", 2), ("dns", 2), ("mixgcf", 3)])
@pytest.mark.parametrize("model", MODELS)
def test_a_step_sends_nothing_up_and_waits_seldom(model, name, waits) -> None:
    """Two numbers of the check of ids and the report of the loss come down; no table moves."""
    users, items = DATA.users[DATA.users < 7], DATA.items[DATA.users < 7]
    data = Interactions.from_pairs(users, items, 7, 24)  # nobody has every item
    with pretended_device() as traffic:
        there = Learner(MODELS[model](data, dim=6).to(DEVICE), data, batch_size=16)
        there.run_epoch(make_sampler(name))
        marks: list[tuple[int, int]] = []
        there.run_epoch(
            make_sampler(name), lambda _: marks.append((len(traffic.up), len(traffic.down)))
        )
    steps = len(marks) - 1
    assert steps >= 3
    assert marks[-1][0] == marks[0][0]
    assert marks[-1][1] - marks[0][1] <= waits * steps
    assert max(traffic.down[marks[0][1] : marks[-1][1]]) <= 104  # the report


def test_a_loss_that_is_not_finite_is_told_there_too() -> None:
    with pretended_device():
        there = learner("mf", DEVICE)
        with torch.no_grad():
            there.model.embedding.fill_(float("nan"))
        with pytest.raises(TrainingError, match="AS402"):
            there.run_epoch(make_sampler("uniform"))
