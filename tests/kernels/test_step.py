"""Row gradients against autograd and by hand; row-wise Adam against torch's optimisers."""

import pytest
import torch

from autosample.kernels import step
from autosample.kernels.step import (
    RowGradient,
    add_rows,
    edge_gradient,
    edge_gradient_torch,
    row_adam,
)

BOTH = [edge_gradient, edge_gradient_torch]


def case(n=13, b=40, c=3, d=6, seed=0):
    """A table, and edges between its lower and its upper half with many repetitions."""
    generator = torch.Generator().manual_seed(seed)
    left = torch.randint(n // 2, (b,), generator=generator)
    right = torch.randint(n // 2, n, (b, c), generator=generator)
    coefficient = torch.randn(b, c, generator=generator)
    return torch.randn(n, d, generator=generator), left, right, coefficient


def dense(gradient, n):
    """(N, D) values and (N,) touches; each row may be named once only."""
    assert len(gradient.rows.unique()) == len(gradient.rows)
    values = torch.zeros(n, gradient.values.shape[1], dtype=gradient.values.dtype)
    touches = torch.zeros(n, dtype=gradient.touches.dtype)
    values[gradient.rows], touches[gradient.rows] = gradient.values, gradient.touches
    return values, touches


def by_row(gradient):
    order = gradient.rows.argsort()
    return RowGradient(*(part[order] for part in gradient))


@pytest.mark.parametrize("gradient", BOTH)
def test_edge_gradient_by_hand(gradient):
    table = torch.tensor([[1.0, 0.0], [2.0, 1.0], [0.0, 3.0], [1.0, 1.0], [9.0, 9.0]])
    left, right = torch.tensor([0, 0]), torch.tensor([[2, 3], [3, 3]])
    coefficient = torch.tensor([[-1.0, 2.0], [0.5, 0.0]])
    values, _ = dense(gradient(table, left, right, coefficient), 5)
    assert values.tolist() == [[2.5, -0.5], [0, 0], [-1, 0], [2.5, 0], [0, 0]]


def test_touches_count_users_once_per_positive():
    left, right = torch.tensor([0, 0, 1]), torch.tensor([[2, 3], [3, 3], [4, 2]])
    result = by_row(edge_gradient(torch.ones(6, 2), left, right, torch.zeros(3, 2)))
    assert result.rows.tolist() == [0, 1, 2, 3, 4]  # row 5 is left out
    assert result.touches.tolist() == [2, 1, 2, 3, 1]


@pytest.mark.parametrize("gradient", BOTH)
@pytest.mark.parametrize("c", [1, 2, 5])
def test_edge_gradient_is_the_derivative(gradient, c):
    table, left, right, coefficient = case(c=c)
    exact = table.double().requires_grad_()
    scores = (exact[left][:, None] * exact[right]).sum(dim=2)
    (scores * coefficient).sum().backward()
    values, _ = dense(gradient(table, left, right, coefficient), len(table))
    assert torch.allclose(values.double(), exact.grad, atol=1e-5)


@pytest.mark.parametrize("c", [1, 3])
def test_twin_agrees(c):
    arguments = case(c=c)
    kernel, twin = by_row(edge_gradient(*arguments)), edge_gradient_torch(*arguments)
    assert torch.equal(kernel.rows, twin.rows)
    assert torch.allclose(kernel.values, twin.values, atol=1e-5)
    assert torch.allclose(kernel.touches, twin.touches)


def test_order_is_that_of_first_use():
    table, left, right, coefficient = case(b=2, c=2)
    left, right = torch.tensor([4, 1]), torch.tensor([[9, 7], [12, 9]])
    assert edge_gradient(table, left, right, coefficient).rows.tolist() == [4, 1, 9, 7, 12]


def test_same_bits_on_one_and_two_threads(use_threads):
    table, left, right, coefficient = case(n=3000, b=4000, d=17)
    results = []
    for threads in (1, 2):
        use_threads(threads)
        updated = [table.clone(), torch.zeros_like(table), torch.zeros_like(table)]
        gradient = edge_gradient(table, left, right, coefficient)
        row_adam(*updated, gradient, step=1, lr=0.1, l2=0.01)
        results.append([*gradient, *updated])
    assert all(map(torch.equal, *results))


def run_adam(kernel, gradients, table, *, lr, l2=0.0):
    """The table and its moments after one step for each gradient."""
    state = [table.clone(), torch.zeros_like(table), torch.zeros_like(table)]
    for number, gradient in enumerate(gradients, 1):
        if kernel:
            row_adam(*state, gradient, step=number, lr=lr, l2=l2)
        else:
            scale = (1 - 0.9**number, 1 - 0.999**number)
            step.row_adam_torch(*state, gradient, scale, lr, l2)
    return state


def some_gradients(n, d, steps, rows_per_step):
    generator = torch.Generator().manual_seed(5)
    for _ in range(steps):
        rows = torch.randperm(n, generator=generator)[:rows_per_step]
        values = torch.randn(rows_per_step, d, generator=generator)
        yield RowGradient(rows, values, torch.rand(rows_per_step, generator=generator) * 3)


@pytest.mark.parametrize("kernel", [True, False])
def test_row_adam_is_sparse_adam(kernel):
    table = torch.randn(20, 4, generator=torch.Generator().manual_seed(1))
    gradients = list(some_gradients(20, 4, steps=12, rows_per_step=5))
    reference = torch.nn.Parameter(table.clone())
    optimiser = torch.optim.SparseAdam([reference], lr=0.03)
    for gradient in gradients:
        indices = gradient.rows[None]
        reference.grad = torch.sparse_coo_tensor(
            indices, gradient.values, (20, 4), check_invariants=True
        )
        optimiser.step()
    answer = run_adam(kernel, gradients, table, lr=0.03)[0]
    assert not torch.allclose(answer, table, atol=1e-2)
    assert torch.allclose(answer, reference.detach(), atol=2e-6)


@pytest.mark.parametrize("kernel", [True, False])
def test_row_adam_on_all_rows_is_adam(kernel):
    table = torch.randn(20, 4, generator=torch.Generator().manual_seed(1))
    gradients = list(some_gradients(20, 4, steps=12, rows_per_step=20))
    reference = torch.nn.Parameter(table.clone())
    optimiser = torch.optim.Adam([reference], lr=0.03)
    for gradient in gradients:
        reference.grad, _ = dense(gradient, 20)
        optimiser.step()
    answer = run_adam(kernel, gradients, table, lr=0.03)[0]
    assert torch.allclose(answer, reference.detach(), atol=2e-6)


def test_l2_is_added_per_touch():
    table = torch.randn(20, 4, generator=torch.Generator().manual_seed(1))
    gradients = list(some_gradients(20, 4, steps=6, rows_per_step=7))
    kernel, twin = (run_adam(flag, gradients, table, lr=0.03, l2=0.4) for flag in (True, False))
    for mine, theirs in zip(kernel, twin, strict=True):
        assert torch.allclose(mine, theirs, rtol=1e-4, atol=2e-6)
    gradient = gradients[0]
    decayed = gradient.values + 0.4 * gradient.touches[:, None] * table[gradient.rows]
    by_hand = run_adam(True, [gradient._replace(values=decayed)], table, lr=0.03)
    assert torch.allclose(run_adam(True, [gradient], table, lr=0.03, l2=0.4)[1], by_hand[1])


def test_first_step_by_hand():
    table, zero = torch.tensor([[1.0, 2.0], [5.0, 5.0]]), torch.zeros(2, 2)
    first, second = zero.clone(), zero.clone()
    gradient = RowGradient(torch.tensor([0]), torch.tensor([[0.5, -4.0]]), torch.ones(1))
    row_adam(table, first, second, gradient, step=1, lr=0.1)
    # bias-corrected moments of one gradient g are g and g^2, so the step is lr * sign(g)
    assert torch.allclose(table, torch.tensor([[0.9, 2.1], [5.0, 5.0]]), atol=1e-5)
    assert torch.allclose(first[0], torch.tensor([0.05, -0.4]))
    assert torch.allclose(second[0], torch.tensor([0.00025, 0.016]), rtol=1e-4)
    assert torch.equal(first[1], zero[1])


def test_add_rows_is_index_add_with_repeated_rows():
    generator = torch.Generator().manual_seed(5)
    table = torch.randn(7, 5, generator=generator)
    rows = torch.tensor([3, 0, 3, 6, 3])
    values = torch.randn(5, 2, 5, generator=generator)[:, 1]  # not contiguous
    expected = table.clone().index_add_(0, rows, values)
    add_rows(table, rows, values)
    torch.testing.assert_close(table, expected)
