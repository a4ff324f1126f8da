"""Scores by kernel and twin against sums in float64, and by hand."""

import pytest
import torch

from autosample.kernels.score import pair_scores, pair_scores_torch

BOTH = [pair_scores, pair_scores_torch]


def case(b, m, d, seed=0):
    generator = torch.Generator().manual_seed(seed)
    left, right = (torch.randn(n, d, generator=generator) for n in (11, 17))
    rows = torch.randint(11, (b,), generator=generator)
    return left, right, rows, torch.randint(17, (b, m), generator=generator)


@pytest.mark.parametrize("scores", BOTH)
def test_by_hand(scores):
    left = torch.tensor([[1.0, 2.0], [0.0, -1.0]])
    right = torch.tensor([[3.0, 1.0], [0.5, 0.25], [-1.0, 1.0]])
    answer = scores(left, right, torch.tensor([1, 0]), torch.tensor([[0, 2, 0], [1, 2, 0]]))
    assert answer.tolist() == [[-1.0, -1.0, -1.0], [1.0, 1.0, 5.0]]
    assert answer.dtype == torch.float32


@pytest.mark.parametrize("scores", BOTH)
@pytest.mark.parametrize(("b", "m", "d"), [(1, 1, 1), (5, 3, 7), (40, 9, 64), (3, 0, 4), (0, 2, 4)])
def test_agree_with_float64(scores, b, m, d):
    left, right, rows, columns = case(b, m, d)
    exact = torch.einsum("bd,bmd->bm", left.double()[rows], right.double()[columns])
    answer = scores(left, right, rows, columns)
    assert answer.shape == (b, m)
    assert torch.allclose(answer.double(), exact, atol=1e-5)


def test_no_gradient_and_parts_of_tables():
    left, right, rows, columns = case(6, 4, 5)
    table = torch.cat([left, right]).requires_grad_()
    answer = pair_scores(table[:11], table[11:], rows, columns[:, ::2])
    assert not answer.requires_grad
    assert torch.equal(answer, pair_scores(left, right, rows, columns)[:, ::2])


def test_same_bits_on_one_and_two_threads(use_threads):
    arguments = case(3001, 5, 33)
    use_threads(1)
    one = pair_scores(*arguments)
    use_threads(2)
    assert torch.equal(one, pair_scores(*arguments))


def test_a_row_does_not_depend_on_its_neighbours():
    left, right, rows, columns = case(50, 6, 19)
    whole = pair_scores(left, right, rows, columns)
    parts = [pair_scores(left, right, rows[b : b + 1], columns[b : b + 1]) for b in range(50)]
    assert torch.equal(whole, torch.cat(parts))


@pytest.mark.parametrize("twin", [False, True])
@pytest.mark.parametrize(
    ("rows", "columns", "told"),
    [
        ([11], [[0]], "users must be from 0 to 10, got 11 to 11"),
        ([3, -1], [[0], [1]], "users must be from 0 to 10, got -1 to 3"),
        ([0, 1], [[2, 16], [17, 3]], "items must be from 0 to 16, got 2 to 17"),
        ([0], [[5, -(10**12), 10**12]], "items must be from 0 to 16"),
    ],
)
def test_numbers_of_no_row_are_refused(rows, columns, told, twin, monkeypatch):
    monkeypatch.setattr("autosample.kernels.score.compiled", lambda _: not twin)
    left, right, _, _ = case(1, 1, 5)
    with pytest.raises(IndexError, match=told):
        pair_scores(left, right, torch.tensor(rows), torch.tensor(columns))


@pytest.mark.parametrize(
    ("rows", "columns"),
    [([0, 1], [[2]]), ([0], [2]), ([[0]], [[2]]), ([0.0], [[2]]), ([0], [[2.0]])],
)
def test_numbers_of_another_form_are_refused(rows, columns):
    left, right, _, _ = case(1, 1, 5)
    with pytest.raises(ValueError, match=r"\(B,\) users and \(B, M\) items, whole numbers, got"):
        pair_scores(left, right, torch.tensor(rows), torch.tensor(columns))
