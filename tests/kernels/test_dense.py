"""The mean of layers, and Adam on whole tables against torch's own."""

import pytest
import torch

from autosample.kernels import dense, paths


@pytest.fixture(params=paths.CHOICES)
def path(request, monkeypatch):
    monkeypatch.setattr(paths, "chosen", lambda: request.param)


def tables(n, *sizes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, *sizes, generator=generator).unbind()


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_mean(depth):
    first, *others = tables(depth + 1, 30, 7)
    stacked = torch.stack([first, *others])
    mean = dense.mean_of_layers(first, stacked[1:], torch.empty(30, 7), torch.arange(30))
    torch.testing.assert_close(mean, stacked.mean(dim=0))


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("l2", [0.0, 0.3])
def test_adam_is_torchs_on_the_penalised_gradient(l2):
    start, *gradients = tables(4, 20, 5)
    mine, m, v = start.clone(), torch.zeros(20, 5), torch.zeros(20, 5)
    reference = start.clone().requires_grad_()
    theirs = torch.optim.Adam([reference], lr=0.05)
    for step, gradient in enumerate(gradients, 1):
        touches = torch.arange(20) % 3 * 1.0
        reference.grad = gradient + l2 * touches[:, None] * reference.detach()
        dense.adam(mine, m, v, gradient, touches, step=step, lr=0.05, l2=l2)
        theirs.step()
        torch.testing.assert_close(mine, reference.detach())
    state = theirs.state[reference]
    torch.testing.assert_close(m, state["exp_avg"])
    torch.testing.assert_close(v, state["exp_avg_sq"])


def test_same_bits_on_one_and_two_threads(use_threads):
    results = []
    for n in (1, 2):
        use_threads(n)
        table, m, v, gradient = (one.clone() for one in tables(4, 1001, 19))
        v.abs_()
        dense.adam(table, m, v, gradient, torch.ones(1001), step=3, lr=0.1, l2=0.1)
        mean = dense.mean_of_layers(
            table, torch.stack([m, v]), torch.empty(1001, 19), torch.arange(1001)
        )
        results.append([table, m, v, mean])
    assert all(map(torch.equal, *results))
