"""Products by blocks against float64, their gradient against autograd, and their bits."""

import pytest
import torch

from autosample.kernels.product import table_product


def case(*sizes, e=5, seed=0):
    shape = torch.Size(sizes)
    generator = torch.Generator().manual_seed(seed)
    table = torch.randn(*shape, generator=generator)
    weight, slope = (
        torch.randn(n, e, generator=generator) for n in (shape[-1], shape[:-1].numel())
    )
    return table.requires_grad_(), weight.requires_grad_(), slope.view(*shape[:-1], e)


SHAPES = [torch.Size(shape) for shape in [(1, 1), (7, 3), (1024, 4), (2500, 33), (3, 700, 8)]]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_values_and_gradient(shape):
    table, weight, slope = case(*shape)
    answer = table_product(table, weight)
    answer.backward(slope)
    exact = [part.detach().double().requires_grad_() for part in (table, weight)]
    product = exact[0] @ exact[1]
    product.backward(slope.double())
    assert answer.shape == product.shape
    assert torch.allclose(answer.double(), product, atol=1e-4)
    for mine, theirs in zip((table, weight), exact, strict=True):
        assert torch.allclose(mine.grad.double(), theirs.grad, rtol=1e-4, atol=1e-3)


def test_strided_tables_and_weights():
    table, weight, _ = case(40, 6)
    answer = table_product(table[:, ::2], weight.T[:, ::2].T)
    assert torch.allclose(answer, table[:, ::2] @ weight[::2], atol=1e-5)


def test_only_what_needs_a_gradient_gets_one():
    table, weight, slope = case(30, 4)
    table_product(table.detach(), weight).backward(slope)
    assert weight.grad is not None
    table_product(table, weight.detach()).backward(slope)
    assert torch.allclose(table.grad, slope @ weight.detach().T, atol=1e-5)


@pytest.mark.parametrize("threads", [2, 3])
def test_same_bits_on_any_number_of_threads(threads, use_threads):
    results = []
    for n in (1, threads):
        use_threads(n)
        table, weight, slope = case(5001, 33, e=33)
        answer = table_product(table, weight)
        answer.backward(slope)
        results.append([answer, table.grad, weight.grad])
        assert torch.get_num_threads() == n
    assert all(map(torch.equal, *results))


def test_gradcheck_in_float64():
    table, weight, _ = case(4, 3)
    exact = [part.detach().double().requires_grad_() for part in (table, weight)]
    assert torch.autograd.gradcheck(table_product, exact)
