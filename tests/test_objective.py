"""The slope of the loss by hand, and mixing instances against mixing losses."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autosample.losses import bpr, sampled_softmax
from autosample.models import MODELS
from autosample.models.view import TableView
from autosample.objective import differentiate, mix_instances
from autosample.testing import tiny_interactions, tiny_views
from autosample.types import Batch, Blend, Negatives

BATCH = Batch(torch.tensor([0, 2, 0]), torch.tensor([3, 5, 7]), torch.arange(3))
IDS = torch.tensor([[1, 2], [4, 4], [1, 9]])


@pytest.fixture(params=["flat", "mean", "concat"])
def view(request):
    return tiny_views()[request.param]


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def test_bpr_with_one_negative_by_hand():
    # users (1, 0), (0, 1); items (2, 1), (1, -1), (0, 3)
    table = torch.tensor([[1.0, 0.0], [0.0, 1.0], [2.0, 1.0], [1.0, -1.0], [0.0, 3.0]])
    view = TableView((table,), table, 2, "mean")
    batch = Batch(torch.tensor([0, 1]), torch.tensor([0, 0]), torch.arange(2))
    answer = differentiate(view, batch, Negatives(torch.tensor([[1], [2]])), bpr)
    gaps = [1 - 2, 3 - 1]  # negative minus positive score
    slopes = [sigmoid(gap) / 2 for gap in gaps]
    assert answer.items.tolist() == [[0, 1], [0, 2]]
    assert answer.coefficient.flatten().tolist() == pytest.approx(
        [-slopes[0], slopes[0], -slopes[1], slopes[1]]
    )
    loss = sum(math.log(1 + math.exp(gap)) for gap in gaps) / 2
    assert answer.report[:3].tolist() == pytest.approx([loss, sum(slopes), 0.0])
    # hardness 0.27 and 0.88: one of two negatives each in the third tenth and in the ninth
    assert answer.report[3:].tolist() == [0, 0, 0.5, 0, 0, 0, 0, 0, 0.5, 0]
    assert answer.report.dtype == torch.float64


@pytest.mark.parametrize("loss", [bpr, sampled_softmax])
def test_coefficients_are_the_derivative(view, loss):
    fields = {"weights": torch.rand(3, 2) + 0.5, "log_q": -torch.rand(3, 2)}
    answer = differentiate(view, BATCH, Negatives(IDS, **fields), loss)
    scores = view.scores(BATCH.users, answer.items).double().requires_grad_()
    mean = loss(scores[:, 0], scores[:, 1:], Negatives(IDS, **fields)).mean()
    mean.backward()
    assert torch.allclose(answer.coefficient.double(), scores.grad, atol=1e-6)
    assert answer.report[0].item() == pytest.approx(mean.item(), rel=1e-5)


@pytest.mark.parametrize("weights", [None, torch.tensor([[1.0, 0.0], [0.5, 2.0], [3.0, 1.0]])])
def test_the_formula_is_what_torch_finds(view, weights):
    def by_torch(*scores_and_negatives):
        return bpr(*scores_and_negatives)

    share = torch.tensor([[[0.3], [0.7]], [[1.0], [0.0]], [[0.5], [0.5]]])
    parts = torch.stack([BATCH.positives, IDS[:, 0]], dim=1)[:, :, None].repeat(1, 1, view.n_layers)
    blend = Blend(parts, share.repeat(1, 1, view.n_layers))
    plain = Negatives(IDS, weights=weights)
    mixed = Negatives(IDS, instance_weights=torch.tensor([[0.25, 0.75], [1.0, 0.0], [0.9, 0.1]]))
    both = Negatives(IDS, weights=weights, instance_weights=mixed.instance_weights)
    for negatives in (plain, mixed, both, Negatives(IDS[:, :1], blend=blend)):
        known, found = (differentiate(view, BATCH, negatives, loss) for loss in (bpr, by_torch))
        assert torch.allclose(known.coefficient, found.coefficient, atol=1e-7)
        assert torch.equal(known.report, found.report)
        assert torch.equal(known.items, found.items)


def test_weights_that_learn_are_left_to_torch(view):
    weights = torch.ones(IDS.shape, requires_grad=True)
    answer = differentiate(view, BATCH, Negatives(IDS, weights=weights), bpr)
    scores = view.scores(BATCH.users, answer.items).tolist()
    terms = [math.log1p(math.exp(n - p)) / 6 for p, *others in scores for n in others]
    assert weights.grad.flatten().tolist() == pytest.approx(terms, rel=1e-4)


def test_synthetic_copies_of_items_are_those_items(view):
    by_items = differentiate(view, BATCH, Negatives(IDS), bpr)
    expected = view.score_gradient(BATCH.users, by_items.items, by_items.coefficient)
    vectors = view.item_layers(IDS)
    synthetic = differentiate(view, BATCH, Negatives(IDS, vectors=vectors), bpr)
    assert synthetic.report.tolist() == pytest.approx(by_items.report.tolist(), rel=1e-5)
    assert torch.equal(synthetic.items, by_items.items)
    assert not synthetic.coefficient[:, 1:].any()
    assert torch.allclose(synthetic.coefficient[:, 0], by_items.coefficient[:, 0], atol=1e-6)
    of_scores = view.score_gradient(BATCH.users, synthetic.items, synthetic.coefficient)
    assert sorted(of_scores.rows.tolist()) == sorted(expected.rows.tolist())  # all in the L2 term
    if view.n_layers == 1:
        total = view.row_gradient(of_scores)
        order = expected.rows.argsort()
        assert torch.equal(total.rows, expected.rows[order])
        assert torch.allclose(total.values, expected.values[order], atol=1e-6)
        assert torch.equal(total.touches, expected.touches[order])


def test_vectors_without_gradient_still_move_the_user(view):
    frozen = view.item_layers(IDS).detach()
    answer = differentiate(view, BATCH, Negatives(IDS, vectors=frozen), bpr)
    moved = differentiate(view, BATCH, Negatives(IDS), bpr)
    assert torch.allclose(answer.coefficient[:, 0], moved.coefficient[:, 0], atol=1e-6)


def test_auxiliary_reaches_rows_and_parameters_but_not_the_report():
    view = tiny_views()["flat"]
    plain = differentiate(view, BATCH, Negatives(IDS), bpr)
    learned = torch.tensor(2.0, requires_grad=True)
    rows = view.user_layers(torch.tensor([4]))
    extra = Negatives(IDS, auxiliary=learned * rows.sum())
    answer = differentiate(view, BATCH, extra, bpr)
    assert torch.equal(answer.report, plain.report)
    assert torch.allclose(answer.coefficient, plain.coefficient, atol=1e-7)
    assert learned.grad.item() == pytest.approx(rows.sum().item())
    gradient = view.row_gradient(view.score_gradient(BATCH.users, answer.items, answer.coefficient))
    place = (gradient.rows == 4).nonzero().item()
    assert gradient.values[place].tolist() == [2.0] * 6
    assert gradient.touches[place] == 0


def test_one_hot_mixture_is_that_negative(view):
    weights = torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    mixed = differentiate(view, BATCH, Negatives(IDS, instance_weights=weights), bpr)
    alone = differentiate(view, BATCH, Negatives(IDS[:, :1]), bpr)
    assert torch.allclose(mixed.coefficient[:, :2], alone.coefficient, atol=1e-7)
    assert not mixed.coefficient[:, 2].any()
    assert mixed.report.tolist() == pytest.approx(alone.report.tolist(), abs=1e-7)


def test_mixture_slopes_by_hand(view):
    weights = torch.tensor([[0.25, 0.75], [0.5, 0.5], [0.9, 0.1]])
    answer = differentiate(view, BATCH, Negatives(IDS, instance_weights=weights), bpr)
    scores = view.scores(BATCH.users, answer.items).tolist()
    bounds = []
    for row, (share, other), slope in zip(
        scores, weights.tolist(), answer.coefficient.tolist(), strict=True
    ):
        mixed = share * row[1] + other * row[2]
        rise = sigmoid(mixed - row[0]) / 3
        assert slope == pytest.approx([-rise, share * rise, other * rise], rel=1e-4)
        bounds.append(share * other * (row[1] - row[2]) ** 2 / 8)  # variance of two points
    assert answer.report[2].item() == pytest.approx(sum(bounds) / 3, rel=1e-4)


# so that no two are 20 apart, from where torch.softplus leaves out what is below 2e-9
SCORES = hnp.arrays("f8", (4, 5), elements=st.floats(-9, 9))
SHARES = hnp.arrays("f8", (4, 5), elements=st.floats(0.01, 1))
POSITIVES = hnp.arrays("f8", 4, elements=st.floats(-9, 9))


@settings(deadline=None)
@given(SCORES, SHARES, POSITIVES)
def test_gap_of_mixing_is_within_the_bound(scores, shares, positives):
    scores, positive = torch.from_numpy(scores), torch.from_numpy(positives)
    weights = torch.from_numpy(shares / shares.sum(axis=1, keepdims=True))
    mixed, bound = mix_instances(scores, weights)
    instance = bpr(positive, mixed, Negatives(torch.zeros(4, 1, dtype=torch.int64)))
    losses = (weights * torch.nn.functional.softplus(scores - positive[:, None])).sum(dim=1)
    gap = losses - instance
    variance = (weights * scores**2).sum(dim=1) - (weights * scores).sum(dim=1) ** 2
    assert bool((gap >= -1e-9).all())
    assert bool((gap <= variance / 8 + 1e-9).all())
    assert bound.item() == pytest.approx(variance.mean().item() / 8, abs=1e-9)
    assert mixed.flatten().tolist() == pytest.approx((weights * scores).sum(dim=1).tolist())


def test_bound_is_tight_for_near_scores():
    # around x = x_pos the curvature is 1/4, so the gap approaches Var / 8
    scores, weights = torch.tensor([[-0.01, 0.01]]).double(), torch.tensor([[0.5, 0.5]]).double()
    mixed, bound = mix_instances(scores, weights)
    softplus = torch.nn.functional.softplus
    gap = (weights * softplus(scores)).sum() - softplus(mixed).sum()
    assert gap.item() == pytest.approx(bound.item(), rel=1e-4)


BLENDS = {
    "positive and id": ([3, 5, 7], [1, 4, 9]),
    "other items": ([2, 4, 9], [1, 8, 9]),
}


def gradients_of(name, negatives_of):
    """Gradient of the embedding's rows, and the report, of a small step of a model."""
    torch.manual_seed(0)
    model = MODELS[name](tiny_interactions(), dim=4, seed=1)
    view = model.view()
    answer = differentiate(view, BATCH, negatives_of(view), bpr)
    gradient = view.score_gradient(BATCH.users, answer.items, answer.coefficient)
    if not model.row_sparse:
        view.backward(gradient)
        return model.embedding.grad, answer.report, gradient
    total = view.row_gradient(gradient)
    dense = torch.zeros_like(model.embedding).index_add(0, total.rows, total.values)
    return dense.detach(), answer.report, total


@pytest.mark.parametrize("name", ["mf", "lightgcn", "ngcf"])
@pytest.mark.parametrize("parts", BLENDS.values(), ids=BLENDS)
def test_blends_move_rows_as_their_vectors_do(name, parts):
    n_layers = 1 if name == "mf" else 4
    items = torch.tensor(parts).T[:, :, None].repeat(1, 1, n_layers)
    items[0, 1, -1] = 6 if n_layers > 1 else items[0, 1, -1]
    shares = torch.rand(3, 2, n_layers, generator=torch.Generator().manual_seed(4))
    made = Negatives(torch.tensor([[1], [4], [9]]), blend=Blend(items, shares))

    def as_vectors(view):
        return Negatives(made.ids, vectors=made.instances(view))

    blended, report, touched = gradients_of(name, lambda view: made)
    expected, other_report, by_vectors = gradients_of(name, as_vectors)
    assert torch.allclose(blended, expected, atol=1e-6)
    assert torch.allclose(report, other_report, atol=1e-6)
    for one, two in zip(by_row(touched), by_row(by_vectors), strict=True):
        assert torch.equal(one, two)  # the same rows enter the L2 term as often


def by_row(gradient):
    order = gradient.rows.argsort()
    return gradient.rows[order], gradient.touches[order]
