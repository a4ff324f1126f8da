import pytest
import torch

from autosample.errors import SettingsError
from autosample.samplers.ans import _STREAM, ANS
from autosample.testing import tiny_batch, tiny_views
from autosample.testing.samplers import Case


def linear(gates, gate, row):
    return gates.weight[gate] @ row + gates.bias[gate]


@torch.no_grad()
def by_the_paper(case, batch, epoch):
    """Chosen instances and the auxiliary loss, one positive, layer and candidate at a time."""
    s, draw, layers = case.sampler, case.draw(epoch), case.view._layers
    candidates = draw.unseen(batch, s.pool)
    noise = draw.uniform(batch, len(layers) * 6, stream=_STREAM).reshape(-1, len(layers), 6)
    rows, losses = [], []
    for b in range(len(batch.users)):
        picked = []
        for level, table in enumerate(layers):
            u, p, options = table[batch.users[b]], table[8 + batch.positives[b]], []
            for item in candidates[b]:
                n = table[8 + item]
                g = torch.sigmoid(linear(s.gates, 0, n) * linear(s.gates, 1, u))
                n_h, n_e, p_h, p_e = n * g, n - n * g, p * g, p - p * g
                x = linear(s.margin, 0, n_h * p_h)
                c = noise[b, level] / noise[b, level].norm()
                new = n + 0.1 * torch.sigmoid(x / (x * x + 1e-4)) * c * torch.sign(p_e - n_e)
                value = float(u @ new + s.eps * (u @ (new - n)))
                ease = torch.log1p(torch.exp(u @ n_e - u @ n_h))
                loss = ease + (n_h - p_h).norm() + (p_e * n_e).norm()
                options.append((value, new, loss))
            _, new, loss = max(options, key=lambda option: option[0])
            picked.append(new)
            losses.append(loss)
        rows.append(torch.stack(picked))
    return torch.stack(rows), s.gamma * torch.stack(losses).mean()


@pytest.mark.parametrize("name", ["flat", "mean", "concat"])
def test_same_instances_and_loss_one_at_a_time(name):
    case, batch = Case(ANS(pool=3, eps=30.0, gamma=0.2), tiny_views()[name]), tiny_batch()
    answer = case.run(batch)
    rows, loss = by_the_paper(case, batch, epoch=1)
    assert torch.allclose(answer.vectors[:, 0], rows, atol=1e-6)
    assert answer.auxiliary.item() == pytest.approx(loss.item(), rel=1e-4)


def test_everything_it_learns_gets_a_gradient():
    case = Case(ANS(), tiny_views()["mean"])
    answer = case.run(tiny_batch())
    (answer.auxiliary + answer.vectors.sum()).backward()
    for parameter in case.sampler.parameters():
        assert bool(parameter.grad.abs().sum() > 0)


def test_without_gamma_the_gates_learn_through_the_instance():
    case = Case(ANS(gamma=0.0), tiny_views()["mean"])
    case.run(tiny_batch()).vectors.sum().backward()
    for parameter in case.sampler.parameters():
        assert bool(parameter.grad.abs().sum() > 0)


def test_augmentation_is_a_small_step():
    case, batch = Case(ANS(pool=1, gamma=0.0), tiny_views()["flat"]), tiny_batch()
    answer = case.run(batch)
    item = case.draw(1).unseen(batch, 1)[:, 0]
    step = answer.vectors.detach()[:, 0, 0] - case.view.table[8 + item]
    assert float(step.norm(dim=1).max()) <= 0.1
    assert answer.auxiliary is None


@pytest.mark.parametrize("wrong", [{"pool": 0}, {"eps": -1.0}, {"gamma": -1.0}])
def test_out_of_range_is_refused(wrong):
    with pytest.raises(SettingsError, match=r"AS220"):
        ANS(**wrong)
