"""The view: what it hands out, and the way back to the tables."""

import pytest
import torch

from autosample.models import MODELS
from autosample.models.view import TableView
from autosample.testing import tiny_interactions, tiny_views
from autosample.types import Blend

USERS = torch.tensor([2, 0, 2])
ITEMS = torch.tensor([[1, 5], [5, 5], [23, 0]])


@pytest.fixture(params=["flat", "mean", "concat"])
def view(request):
    return tiny_views()[request.param]


def test_scores_by_hand():
    first = torch.tensor([[1.0, 2.0], [3.0, 0.0], [0.0, 1.0]])  # a user, then two items
    second = torch.tensor([[0.0, 2.0], [1.0, 1.0], [4.0, -1.0]])
    user, items = torch.tensor([0]), torch.tensor([[1, 0]])
    mean = TableView((first, second), (first + second) / 2, 1, "mean")
    # pooled user (0.5, 2); pooled items (2, 0.5), (2, 0)
    assert mean.scores(user, items).tolist() == [[1.0, 2.0]]
    assert mean.layer_scores(user, items).tolist() == [[[2.0, 0.0], [1.5, 2.5]]]
    both = TableView((first, second), torch.cat([first, second], dim=1), 1, "concat")
    assert both.scores(user, items).tolist() == [[2 - 2, 3 + 2]]
    assert both.layer_scores(user, items).tolist() == [[[2.0, -2.0], [3.0, 2.0]]]
    assert (mean.n_users, mean.n_items, mean.n_layers) == (1, 2, 2)


def test_rows_are_those_of_the_layers(view):
    users, items = view.user_layers(USERS), view.item_layers(ITEMS)
    for layer, table in enumerate(view._layers):
        assert torch.equal(users[:, layer], table[USERS])
        assert torch.equal(items[:, :, layer], table[8 + ITEMS])
    assert torch.equal(view.item_layers(ITEMS[:, 0]), items[:, 0])
    assert users.requires_grad
    assert users.is_leaf
    scores = torch.einsum("bd,bkd->bk", view.pool(users), view.pool(items))
    assert torch.allclose(scores, view.scores(USERS, ITEMS), atol=1e-5)


def test_rows_without_gradient_are_not_kept(view):
    with torch.no_grad():
        rows = view.user_layers(USERS)
    assert not rows.requires_grad
    assert torch.equal(rows, view.user_layers(USERS))
    assert len(view._taken) == 1


BLEND = Blend(ITEMS[:, :, None].expand(3, 2, 3), torch.full((3, 2, 3), 0.25))
ASKED = {
    "scores": lambda view: view.scores(USERS, ITEMS),
    "layer_scores": lambda view: view.layer_scores(USERS, ITEMS),
    "user_layers": lambda view: view.user_layers(USERS),
    "item_layers": lambda view: view.item_layers(ITEMS),
    "item_hops": lambda view: view.item_hops(ITEMS[:, [0, 1, 0]]),
    "blend_scores": lambda view: view.blend_scores(USERS, BLEND),
    "score_gradient": lambda view: view.score_gradient(USERS, ITEMS, torch.ones(3, 2)).values,
    "table": lambda view: view.table,
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("kind", ["mean", "concat"])
def test_rows_are_made_when_first_asked_for(kind, asked):
    whole, made = tiny_views()[kind], []
    last, final = (torch.full_like(one, torch.nan) for one in (whole._layers[-1], whole.table))

    def fill(rows):
        made.extend(rows.tolist())
        last[rows], final[rows] = whole._layers[-1][rows], whole.table[rows]

    view = TableView((*whole._layers[:-1], last), final, 8, kind, fill=fill)
    assert made == []
    for _ in range(2):
        assert torch.equal(ASKED[asked](view), ASKED[asked](whole))
    few = {0, 2} if asked == "user_layers" else {8, 9, 13, 31}
    assert len(made) == len(set(made)) <= 6 or asked == "table"
    assert few <= set(made)
    view.scores(USERS, ITEMS)
    assert sorted(made) == (list(range(32)) if asked == "table" else [0, 2, 8, 9, 13, 31])


def tables_and_view(name):
    """A model, and the gradients of its tables by autograd for the loss below."""
    model = MODELS[name](tiny_interactions(), dim=4, seed=1)
    return model, model.view()


def some_loss(rows, other):
    return (rows.sin() * other).sum() + rows.prod(dim=-1).sum()


@pytest.mark.parametrize("name", ["lightgcn", "ngcf"])
@pytest.mark.parametrize("with_rows", [False, True])
def test_backward_is_autograd(name, with_rows):
    coefficient = torch.tensor([[1.0, -2.0], [0.5, 0.25], [3.0, -1.0]])
    model, view = tables_and_view(name)
    if with_rows:
        some_loss(view.user_layers(USERS), view.item_layers(ITEMS[:, 0])).backward()
        view.item_layers(ITEMS)  # asked for, but without part in the loss
    view.backward(view.score_gradient(USERS, ITEMS, coefficient))

    reference, _ = tables_and_view(name)
    layers = reference.layers()
    final = reference.final(layers)
    users, items = final[:8], final[8:]
    loss = (coefficient * (users[USERS][:, None] * items[ITEMS]).sum(dim=2)).sum()
    if with_rows:
        stacked = torch.stack(layers, dim=1)
        loss = loss + some_loss(stacked[USERS], stacked[8 + ITEMS[:, 0]])
    loss.backward()
    for (which, mine), theirs in zip(model.named_parameters(), reference.parameters(), strict=True):
        assert torch.allclose(mine.grad, theirs.grad, atol=1e-4), which


def test_row_gradient_adds_rows_that_were_handed_out():
    view = tiny_views()["flat"]
    coefficient = torch.tensor([[1.0, -2.0], [0.5, 0.25], [3.0, -1.0]])
    of_scores = view.score_gradient(USERS, ITEMS, coefficient)
    assert view.row_gradient(of_scores) is of_scores
    some_loss(view.user_layers(USERS), view.item_layers(ITEMS[:, 0])).backward()
    total = view.row_gradient(of_scores)

    table = view.table.clone().requires_grad_()
    users, items = table[:8], table[8:]
    loss = (coefficient * (users[USERS][:, None] * items[ITEMS]).sum(dim=2)).sum()
    (loss + some_loss(users[USERS][:, None], items[ITEMS[:, 0]][:, None])).backward()
    dense = torch.zeros_like(table).index_copy(0, total.rows, total.values)
    assert torch.allclose(dense, table.grad, atol=1e-4)
    touches = dict(zip(total.rows.tolist(), total.touches.tolist(), strict=True))
    assert touches == {0: 1, 2: 2, 8: 1, 9: 1, 13: 3, 31: 1}


@pytest.mark.parametrize(("user", "item"), [(8, 0), (-1, 0), (0, 24), (0, -1)])
def test_scores_of_no_user_or_item_are_refused(view, user, item):
    """Below its first item a table has users, and above its last user items."""
    for ask in (view.scores, view.layer_scores):
        with pytest.raises(IndexError, match="must be from 0 to"):
            ask(torch.tensor([0, user]), torch.tensor([[0], [item]]))
