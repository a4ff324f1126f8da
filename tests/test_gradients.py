"""The gradient of every sampler under every loss, against finite differences in float64."""

import pytest
import torch

from autosample.kernels.draw import Unseen
from autosample.losses import LOSSES
from autosample.models.mf import MF
from autosample.objective import differentiate
from autosample.samplers import SAMPLERS, make_sampler
from autosample.samplers.draw import Draw
from autosample.testing import tiny_batch, tiny_interactions
from autosample.types import Negatives


def detached(negatives: Negatives) -> Negatives:
    """What the sampler answered, as constants."""
    vectors = None if negatives.vectors is None else negatives.vectors.detach()
    return Negatives(
        negatives.ids, vectors, negatives.weights, negatives.log_q, negatives.instance_weights
    )


def mean_loss(table, n_users, batch, negatives, loss) -> torch.Tensor:
    """The loss from its definition, in the table's precision."""
    users, items = table[:n_users][batch.users], table[n_users:]
    positive = (users * items[batch.positives]).sum(1)
    given = items[negatives.ids] if negatives.vectors is None else negatives.vectors[:, :, 0]
    negative = torch.einsum("bd,bkd->bk", users, given.to(table.dtype))
    if negatives.instance_weights is not None:
        negative = (negatives.instance_weights * negative).sum(1, keepdim=True)
    return loss(positive, negative, negatives).mean()


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", SAMPLERS)
def test_gradient(name, loss) -> None:
    data, batch = tiny_interactions(), tiny_batch().take(torch.arange(0, 60, 5))
    model, sampler = MF(data, dim=4, seed=3), make_sampler(name)
    sampler.prepare(data, dim=4, n_layers=1)
    draw, view = Draw(Unseen(data), seed=1, epoch=0), model.view()
    sampler.begin_epoch(view, draw)
    negatives = detached(sampler.sample(batch, view, draw))
    answer = differentiate(view, batch, negatives, LOSSES[loss])
    rows = view.row_gradient(view.score_gradient(batch.users, answer.items, answer.coefficient))
    gradient = torch.zeros_like(model.embedding).index_add_(0, rows.rows, rows.values).double()
    table, generator = model.embedding.detach().double(), torch.Generator().manual_seed(0)
    assert float(answer.report[0]) == pytest.approx(
        float(mean_loss(table, data.n_users, batch, negatives, LOSSES[loss])), rel=1e-5
    )
    for _ in range(4):
        direction = torch.randn(table.shape, generator=generator, dtype=torch.float64)
        above, below = (
            mean_loss(table + step * direction, data.n_users, batch, negatives, LOSSES[loss])
            for step in (1e-5, -1e-5)
        )
        slope = float(above - below) / 2e-5
        assert float((gradient * direction).sum()) == pytest.approx(slope, rel=1e-3, abs=1e-5)
