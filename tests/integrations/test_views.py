"""An attached view says what a model's own view says, and its gradients are torch's."""

import pytest
import torch
from torch import nn

from autosample import NegativeSampling, make_sampler, view
from autosample.errors import SettingsError
from autosample.losses import bpr
from autosample.samplers import SAMPLERS
from autosample.search import Mixture
from autosample.testing import tiny_batch, tiny_interactions, tiny_views

USERS = torch.tensor([0, 3, 6])
ITEMS = torch.tensor([[1, 2, 4], [23, 0, 5], [5, 5, 5]])


def attached(name):
    """The model's view, and the same tables split into users and items."""
    theirs = tiny_views()[name]
    n = theirs.n_users
    return theirs, view(
        [layer[:n] for layer in theirs._layers],
        [layer[n:] for layer in theirs._layers],
        pooling=theirs._pooling,
    )


@pytest.mark.parametrize("name", tiny_views())
def test_it_is_the_models_own_view(name):
    theirs, ours = attached(name)
    for size in ("n_users", "n_items", "n_layers"):
        assert getattr(ours, size) == getattr(theirs, size)
    hops = ITEMS[:, : ours.n_layers]
    for method, arguments in (
        ("scores", (USERS, ITEMS)),
        ("layer_scores", (USERS, ITEMS)),
        ("user_layers", (USERS,)),
        ("item_layers", (ITEMS,)),
        ("item_layers", (USERS,)),
        ("item_hops", (hops,)),
    ):
        mine, its = (getattr(one, method)(*arguments) for one in (ours, theirs))
        torch.testing.assert_close(mine, its, msg=method)
    rows = ours.item_layers(ITEMS)
    torch.testing.assert_close(ours.pool(rows), theirs.pool(rows))


@pytest.mark.parametrize("name", [*SAMPLERS, "mixture"])
def test_every_sampler_trains_your_tables(name):
    """Gradients reach both tables, and are those of a finite difference of the same loss."""
    torch.manual_seed(0)
    users, items = (torch.randn(n, 6, dtype=torch.float64).float() for n in (8, 24))
    sampler = Mixture([make_sampler("dns"), make_sampler("mixgcf")]) if name == "mixture" else name
    sampling = NegativeSampling(sampler, tiny_interactions(), dim=6)
    batch = tiny_batch()
    tables = [nn.Parameter(users), nn.Parameter(items)]
    sampling.begin_epoch(0, view(*tables))
    seen = view(*tables)
    negatives = sampling(batch, seen)
    loss = bpr(*seen.pair(batch, negatives), negatives).mean()
    loss.backward()
    assert all(table.grad.abs().sum() > 0 for table in tables)
    if negatives.synthetic:
        return
    user, positive = tables[0].detach().double()[batch.users], batch.positives
    direction = torch.randn(24, 6, dtype=torch.float64)

    def at(step):
        table = tables[1].detach().double() + step * direction
        left = (user * table[positive]).sum(1)
        right = torch.einsum("bd,bkd->bk", user, table[negatives.ids])
        return bpr(left, right, negatives).mean()

    slope = (at(1e-5) - at(-1e-5)) / 2e-5
    torch.testing.assert_close((tables[1].grad * direction).sum(), slope, rtol=1e-4, atol=1e-6)


def test_embeddings_and_other_precisions_are_taken():
    users, items = nn.Embedding(4, 3), nn.Embedding(5, 3)
    seen = view(users, items)
    expected = users.weight @ items.weight.T
    columns = torch.arange(5).expand(4, -1).contiguous()
    torch.testing.assert_close(seen.scores(torch.arange(4), columns), expected.detach())
    half = view(users.weight.bfloat16(), items.weight.bfloat16())
    assert half.scores(torch.arange(4), columns).dtype == torch.float32


@pytest.mark.parametrize(
    ("users", "items"),
    [
        (torch.ones(2, 3), torch.ones(2, 4)),
        ([torch.ones(2, 3)] * 2, torch.ones(2, 3)),
        ([], []),
        (torch.ones(3), torch.ones(3)),
        ([torch.ones(2, 3), torch.ones(4, 3)], [torch.ones(5, 3)] * 2),
    ],
)
def test_tables_that_do_not_fit_are_refused(users, items):
    with pytest.raises(SettingsError, match="AS280"):
        view(users, items)


def test_another_pooling_is_refused():
    with pytest.raises(SettingsError, match=r"AS280: pooling must be .* got 'sum'"):
        view(torch.zeros(2, 3), torch.zeros(4, 3), pooling="sum")


@pytest.mark.parametrize("kind", [torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler_takes_tables_of_other_precisions(name, kind):
    generator = torch.Generator().manual_seed(0)
    plain = [torch.randn(n, 6, generator=generator).to(kind) for n in (8, 24)]
    tables = [nn.Parameter(table) for table in plain]
    sampling = NegativeSampling(name, tiny_interactions(), dim=6)
    seen = view(*tables)
    sampling.begin_epoch(0, seen)
    negatives = sampling(tiny_batch(), seen)
    positive, negative = seen.pair(tiny_batch(), negatives)
    assert positive.dtype == negative.dtype == kind
    loss = bpr(positive, negative, negatives).mean()
    if negatives.auxiliary is not None:
        loss = loss + negatives.auxiliary
    loss.backward()
    assert all(torch.isfinite(table.grad).all() for table in tables)


def test_embeddings_by_layer_are_taken_as_tensors_are():
    users, items = nn.ModuleList([nn.Embedding(4, 3)]), [nn.Embedding(5, 3)]
    seen, plain = view(users, items), view(users[0].weight, items[0].weight)
    columns = torch.arange(5).expand(4, -1).contiguous()
    assert torch.equal(
        seen.scores(torch.arange(4), columns), plain.scores(torch.arange(4), columns)
    )


@pytest.mark.parametrize("table", [None, 3, torch.ones(2, 3).numpy(), torch.ones(2, 3).long()])
def test_what_is_no_table_is_refused(table):
    with pytest.raises(SettingsError, match=r"AS280: A view needs tables of real numbers"):
        view(table, torch.ones(4, 3))


@pytest.mark.parametrize(
    ("users", "items", "told"),
    [
        ([0], [[5]], "items must be from 0 to 4, got 5 to 5"),
        ([4], [[0]], "users must be from 0 to 3, got 4 to 4"),
        ([-1], [[0]], "users must be from 0 to 3, got -1 to -1"),
        ([0, 1], [[0]], "got .2,. torch.int64 and .1, 1."),
        ([0], [0], "got .1,. torch.int64 and .1,."),
        ([0.0], [[0]], "whole numbers, got .1,. torch.float32"),
    ],
)
def test_scores_of_others_are_refused_before_a_kernel_reads_beyond(users, items, told):
    seen = view(torch.ones(4, 3), torch.ones(5, 3))
    for scores in (seen.scores, seen.layer_scores):
        with pytest.raises((IndexError, ValueError), match=told):
            scores(torch.tensor(users), torch.tensor(items))
    assert seen.scores(torch.zeros(0).long(), torch.zeros(0, 2).long()).shape == (0, 2)
