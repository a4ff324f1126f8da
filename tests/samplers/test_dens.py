import pytest
import torch

from autosample.errors import SettingsError
from autosample.samplers.dens import DENS
from autosample.testing import tiny_batch, tiny_views
from autosample.testing.samplers import Case
from autosample.types import Batch


def linear(case, gate, row):
    return case.sampler.gates.weight[gate] @ row + case.sampler.gates.bias[gate]


@torch.no_grad()
def by_the_paper(case, batch, epoch):
    """Chosen rows (B, L, D) and the auxiliary loss, one positive and one layer at a time."""
    sampler, candidates = case.sampler, case.draw(epoch).unseen(batch, case.sampler.pool)
    keep = 1 - min(1, epoch / sampler.warmup)
    rows, losses = [], []
    for b in range(len(batch.users)):
        picked, parts = [], []
        for table in case.view._layers:
            u, p = table[batch.users[b]], table[8 + batch.positives[b]]
            p_r = p * torch.sigmoid(linear(case, 1, p) + linear(case, 0, u))
            options = []
            for item in candidates[b]:
                n = table[8 + item]
                n_r = n * torch.sigmoid(linear(case, 3, n) + linear(case, 2, p_r))
                options.append((float(u @ (keep * n - n_r)), n, n_r))
            _, n, n_r = max(options, key=lambda option: option[0])
            picked.append(n)
            parts.append(torch.stack([p_r, n_r, p - p_r, n - n_r]))
        user = torch.stack([table[batch.users[b]] for table in case.view._layers])
        pooled = case.view.pool(torch.stack(parts, dim=1)) @ case.view.pool(user)
        p_r, n_r, p_ir, n_ir = pooled
        slopes = torch.stack([p_ir - p_r, n_r - n_ir, n_r - p_r, p_ir - n_ir])
        losses.append(torch.log1p(slopes.exp()).sum())
        rows.append(torch.stack(picked))
    return torch.stack(rows), sampler.gamma / 4 * torch.stack(losses).mean()


@pytest.mark.parametrize("name", ["flat", "mean", "concat"])
def test_same_rows_and_loss_as_the_paper(name):
    case, batch = Case(DENS(pool=4, warmup=3, gamma=0.5), tiny_views()[name]), tiny_batch()
    answer = case.run(batch)
    rows, loss = by_the_paper(case, batch, epoch=1)
    assert torch.allclose(answer.vectors[:, 0], rows)
    assert answer.auxiliary.item() == pytest.approx(loss.item(), rel=1e-5)


def test_auxiliary_teaches_every_gate():
    case = Case(DENS(), tiny_views()["mean"])
    case.run(tiny_batch()).auxiliary.backward()
    gradient = case.sampler.gates.weight.grad
    assert bool((gradient.abs().sum(dim=(1, 2)) > 0).all())


def test_without_gamma_there_is_no_auxiliary_loss():
    case = Case(DENS(gamma=0.0), tiny_views()["mean"])
    assert case.run(tiny_batch()).auxiliary is None


def test_closed_gates_at_the_start_are_hop_mixing():
    # n_r -> 0, so the first epoch takes the hardest row of each layer
    case, batch = Case(DENS(pool=6), tiny_views()["concat"]), tiny_batch()
    with torch.no_grad():
        case.sampler.gates.bias[3] = -1e4
    vectors = case.run(batch, epochs=1).vectors[:, 0]
    candidates = case.draw(0).unseen(batch, 6)
    best = case.view.layer_scores(batch.users, candidates).argmax(dim=1)
    for level in range(3):
        item = candidates.gather(1, best[:, [level]])[:, 0]
        assert torch.equal(vectors[:, level], case.view._layers[level][8 + item])


def test_seed_makes_the_gates():
    one, same, other = (Case(DENS(seed=s), tiny_views()["flat"]).sampler for s in (1, 1, 2))
    assert torch.equal(one.gates.weight, same.gates.weight)
    assert not torch.equal(one.gates.weight, other.gates.weight)


def test_a_batch_of_one():
    case = Case(DENS(), tiny_views()["mean"])
    batch = Batch(torch.tensor([1]), torch.tensor([1]), torch.tensor([0]))
    assert case.run(batch).vectors.shape == (1, 1, 3, 6)


@pytest.mark.parametrize("wrong", [{"pool": 0}, {"warmup": 0}, {"gamma": -0.1}])
def test_out_of_range_is_refused(wrong):
    with pytest.raises(SettingsError, match="AS220"):
        DENS(**wrong)
