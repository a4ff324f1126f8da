"""From negatives to the derivative of the loss by each score."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from autosample.losses import SLOPES, Loss, Slope
from autosample.models.view import TableView
from autosample.types import Batch, Blend, Negatives

BINS = 10  #: of the distribution of hardness over 0 .. 1


class Derivative(NamedTuple):
    """The loss of a batch and its slope."""

    report: Tensor  # (3 + BINS,) float64, means over the batch: loss, hardness, bound on the
    # mixture gap, and the share of negatives in each tenth of hardness
    items: Tensor  # (B, 1 + K) the positive, then the negatives' items
    coefficient: Tensor  # (B, 1 + K) derivative of the mean loss by each score


def differentiate(view: TableView, batch: Batch, negatives: Negatives, loss: Loss) -> Derivative:
    """Differentiate the mean loss by scores; synthetic vectors get their gradient on the side.

    A loss of :data:`autosample.losses.SLOPES` that depends on scores alone knows its derivative;
    torch finds that of others. Items enter by their scores alone, so nothing of size B x K x D is
    made for them. Synthetic vectors and learned samplers are differentiated by torch, down to the
    rows that the view gave out; their items get a zero coefficient, which keeps them in the L2
    term.
    """
    items = torch.cat([batch.positives[:, None], negatives.ids], dim=1)
    blend = negatives.blend
    if blend is not None:
        positive = view.scores(batch.users, items[:, :1])
        scores = torch.cat([positive, view.blend_scores(batch.users, blend)], dim=1)
    else:
        scores = view.scores(batch.users, items if negatives.vectors is None else items[:, :1])
    if loss in SLOPES and _scores_are_all(negatives):
        mean, negative, gap, coefficient = _by_formula(scores, negatives, SLOPES[loss])
    else:
        mean, negative, gap, slope = _by_torch(view, batch, scores, negatives, loss)
        coefficient = torch.zeros(items.shape, device=items.device)
        coefficient[:, : slope.shape[1]] = slope
    if blend is not None:
        coefficient = _by_item(view, batch, blend, items, coefficient)
    hardness = torch.sigmoid(negative - scores[:, :1]).float()
    shares = torch.histc(hardness, BINS, 0, 1) / hardness.numel()
    report = torch.cat([torch.stack([mean, hardness.mean(), gap]), shares]).double().cpu()
    return Derivative(report, items, coefficient)


def _scores_are_all(negatives: Negatives) -> bool:
    """Whether the loss depends on nothing that learns but the scores, in a way with a formula.

    Weights of a mixture beside weights of its parts have none.
    """
    weights = [w for w in (negatives.weights, negatives.instance_weights) if w is not None]
    learned = negatives.auxiliary is not None or any(w.requires_grad for w in weights)
    return negatives.vectors is None and not learned and len(weights) < 2


def _by_formula(
    scores: Tensor, negatives: Negatives, slope: Slope
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Mean loss, negative scores, bound on the mixture gap, and the derivative by ``scores``."""
    negative, gap, shares = scores[:, 1:], scores.new_zeros(()), negatives.instance_weights
    if shares is not None:
        negative, gap = mix_instances(negative, shares)
    losses, of_positive, of_negative = slope(scores[:, 0], negative, negatives)
    of_negative = of_negative if shares is None else of_negative * shares
    coefficient = torch.cat([of_positive[:, None], of_negative], dim=1).div_(len(scores))
    return losses.mean(), negative, gap, coefficient


def _by_torch(
    view: TableView, batch: Batch, scores: Tensor, negatives: Negatives, loss: Loss
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Mean loss, negative scores, bound on the mixture gap, and the derivative by ``scores``."""
    negative, gap = scores.requires_grad_()[:, 1:], scores.new_zeros(())
    if negatives.vectors is not None:
        user = view.pool(view.user_layers(batch.users))
        negative = torch.einsum("bd,bkd->bk", user, view.pool(negatives.vectors))
    if negatives.instance_weights is not None:
        negative, gap = mix_instances(negative, negatives.instance_weights)
    mean = loss(scores[:, 0], negative, negatives).mean()
    total = mean if negatives.auxiliary is None else mean + negatives.auxiliary
    total.backward()  # type: ignore[no-untyped-call]
    slope = torch.zeros_like(scores) if scores.grad is None else scores.grad
    scores.requires_grad_(False)
    return mean.detach(), negative.detach(), gap, slope


def _by_item(
    view: TableView, batch: Batch, blend: Blend, items: Tensor, coefficient: Tensor
) -> Tensor:
    """The (B, 2) coefficients of a positive and its blend as those of ``items``.

    A blend in one layer of the positive and the negative's id, as MixGCF makes them, is a matter of
    two scores; the gradient of others goes to the rows on the side.
    """
    slope, parts = coefficient[:, 1:], blend.items[:, :, 0]
    same = [parts == item for item in (items[:, :1], items[:, 1:])]
    if view.n_layers > 1 or not bool((same[0] | same[1]).all()):
        view.blend_backward(batch.users, blend, slope[:, 0].contiguous())
        return torch.cat([coefficient[:, :1], torch.zeros_like(slope)], dim=1)
    shares = blend.shares[:, :, 0]
    at_positive = (shares * same[0]).sum(dim=1, keepdim=True)
    rest = shares.sum(dim=1, keepdim=True) - at_positive
    return torch.cat([coefficient[:, :1] + slope * at_positive, slope * rest], dim=1)


def mix_instances(scores: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """The score of the weighted sum of instances, and how far the loss is from loss mixing.

    A dot product is linear, so the score of sum_s w_s e_s is sum_s w_s x_s. For the loss
    f(x) = softplus(x - x_pos), convex with curvature at most 1/4,

        0 <= sum_s w_s f(x_s) - f(sum_s w_s x_s) <= Var_w(x_s) / 8.

    Args:
        scores: (B, S) scores of the instances.
        weights: (B, S), non-negative, rows sum to one.

    Returns:
        (B, 1) mixed scores, and the mean of the bound Var_w(x) / 8 over the batch.
    """
    mixed = (weights * scores).sum(dim=1, keepdim=True)
    variance = (weights * (scores - mixed) ** 2).sum(dim=1)
    return mixed, variance.detach().mean() / 8
