"""Numbers in training and evaluation: cases 50 and 55 to 63 of docs/bad-inputs.md."""

import numpy as np
import pytest
import torch

from autosample import memory
from autosample.data import Interactions
from autosample.errors import TrainingError
from autosample.evaluate import rank_held_out, recommend
from autosample.models import MODELS
from autosample.run import advice, check, run
from autosample.samplers import make_sampler
from autosample.testing import tiny_interactions
from autosample.train import Learner
from tests.cases.making import code_of, table
from tests.tiny import quick, tiny_dataset


def learner(model: str = "mf", **settings) -> Learner:
    data = tiny_interactions()
    return Learner(MODELS[model](data, dim=4), data, batch_size=16, **settings)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30])
@pytest.mark.parametrize("sampler", ["uniform", "dns:pool=4", "softmax", "mixgcf:pool=4"])
def test_scores_that_are_not_finite_stop_at_that_step(value, sampler) -> None:
    """Case 50 and 55: the step, sampler, length, row and pairs are named; nothing is updated."""
    one = learner()
    one.run_epoch(make_sampler(sampler))
    with torch.no_grad():
        one.model.embedding.fill_(value)
    before, steps = one.model.embedding.clone(), one.optimiser.steps
    with pytest.raises(TrainingError) as caught:
        one.run_epoch(make_sampler(sampler))
    assert caught.value.code == "AS402"
    for word in (f"step {steps + 1}", "epoch 2", sampler, "lr 0.001", "16 pairs", "row of length"):
        assert word in str(caught.value)
    assert "user " in caught.value.examples[0]
    assert torch.equal(one.model.embedding.nan_to_num(), before.nan_to_num())
    assert one.optimiser.steps == steps


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("scale", [1e4, 1e-30])
def test_extreme_but_finite_rows_train(model, scale) -> None:
    one = learner(model)
    with torch.no_grad():
        one.model.embedding.mul_(scale)
    assert np.isfinite(one.run_epoch(make_sampler("dns:pool=4")).loss)
    assert torch.isfinite(one.model.embedding).all()


@pytest.mark.parametrize(
    "option",
    ["--lr=0", "--lr=-1", "--lr=1e6", "--lr=nan", "--dim=0", "--dim=100000000", "--epochs=0",
     "--batch-size=0", "--window=0", "--patience=0", "--l2=-1"],
)  # fmt: skip
def test_settings_out_of_range(run, option) -> None:
    told = run(table(), option)
    assert (told.exit, told.codes) == (4, ["AS202"])
    assert option[2:].partition("=")[0].replace("-", "_") in told.text


def test_a_batch_larger_than_the_data_is_said(run) -> None:
    told = run(table(), "--batch-size=100000")
    assert (told.exit, told.codes.count("AS405")) == (0, 1)


def test_rows_that_grow_are_said() -> None:
    lengths = [{"kind": "epoch", "longest_row": length} for length in (1.0, 101.0, 1e6)]
    (note,) = advice(quick(batch_size=8), tiny_dataset(), lengths)
    assert (note.code, note.count) == ("AS403", 2)
    one = learner()
    done = one.run_epoch(make_sampler("uniform"))
    rows = one.model.embedding.detach().numpy()
    assert done.longest_row == pytest.approx(np.linalg.norm(rows, axis=1).max())


def test_too_little_memory_is_said_before_the_start(monkeypatch) -> None:
    data, settings = tiny_dataset(), quick(dim=64)
    needs = memory.estimate(settings, data)
    least = needs.tables + needs.data
    assert needs.tables == 4 * (data.n_users + data.n_items) * 64 * 3
    monkeypatch.setattr(memory, "free", lambda *_: least)
    check(settings, data)
    monkeypatch.setattr(memory, "free", lambda *_: least - 1)
    assert code_of(check, settings, data) == "AS404"
    assert code_of(run, data, settings) == "AS404"


def test_lack_of_memory_while_it_runs_is_one_message(cli, monkeypatch) -> None:
    from autosample import demo  # noqa: PLC0415

    for error in (MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")):

        def fail(error=error, **keywords):
            raise error

        monkeypatch.setattr(demo, "compare", fail)
        code, out, err = cli("demo")
        assert (code, out) == (6, "")
        assert "AS404" in err


def scored(scores: list[list[float]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Tables whose dot products are the scores."""
    matrix = torch.tensor(scores)
    return torch.eye(len(scores)), matrix.T.contiguous()


@pytest.mark.parametrize("block", [1, 7, 60])
def test_ranks_do_not_depend_on_the_block(block) -> None:
    """So many users are ranked at a time."""
    data = tiny_dataset()
    generator = torch.Generator().manual_seed(0)
    tables = [torch.randn(n, 8, generator=generator) for n in (data.n_users, data.n_items)]
    whole, parts = rank_held_out(*tables, data.train, data.test), []
    for first in range(0, data.n_users, block):
        some = (data.test.users >= first) & (data.test.users < first + block)
        pairs = (data.test.users[some], data.test.items[some])
        held = Interactions.from_pairs(*pairs, data.n_users, data.n_items)
        parts.append(rank_held_out(*tables, data.train, held).ranks)
    assert np.concatenate(parts).tolist() == whole.ranks.tolist()


def test_ties_go_to_the_lower_number() -> None:
    users, items = scored([[1.0, 1.0, 1.0, 1.0]] * 2)
    none = Interactions.from_pairs([], [], 2, 4)
    held = Interactions.from_pairs([0, 1], [3, 0], 2, 4)
    assert rank_held_out(users, items, none, held).ranks.tolist() == [4, 1]
    assert recommend(users, items, none, [0], 4)[0].tolist() == [[0, 1, 2, 3]]


def test_lists_longer_than_the_catalogue_are_never_padded(run, cli) -> None:
    told = run(table())
    data = told.dataset()
    for k in (1000, 10**18):
        code, out, _ = cli("recommend", "run", "--user", "u3", "-k", k)
        rows = [line.split("\t") for line in out.splitlines()[1:]]
        number = data.users.numbers(["u3"])[0]
        seen = {*data.train.of(number).tolist(), *data.valid.of(number).tolist()}
        left = {name for n, name in enumerate(data.items.names) if n not in seen}
        assert code == 0
        assert {row[1] for row in rows} == left
        assert len(rows) == len(left)


def test_users_without_a_test_are_left_out_of_the_mean() -> None:
    users, items = scored([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0]])
    none, held = Interactions.from_pairs([], [], 2, 3), Interactions.from_pairs([1], [0], 2, 3)
    ranks = rank_held_out(users, items, none, held)
    assert (ranks.users.tolist(), ranks.ranks.tolist()) == ([1], [3])
    summary = tiny_dataset().summary()
    assert 0 < summary["test_users"] <= summary["users"]
