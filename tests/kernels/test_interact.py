"""A propagation of NGCF by blocks and its way back, against torch in float64; and its bits."""

import pytest
import torch
from torch.nn.functional import leaky_relu, normalize

from autosample.kernels import interact
from autosample.kernels.interact import Arriving, Layer, transform, transform_back


def case(n, width, seed=0):
    """A layer whose first row is zero, what is around it, likewise, weights and biases."""
    generator = torch.Generator().manual_seed(seed)
    rows, around = torch.randn(2, n, width, generator=generator)
    weight, lengths = (torch.randn(k, generator=generator) for k in ((2 * width, width), (n,)))
    rows[0] = around[0] = 0
    return Layer(rows, lengths.abs() + 0.1), around, weight / width**0.5, torch.zeros(width)


def empty(n, width):
    return Layer(torch.empty(n, width), torch.empty(n))


def by_torch(own, around, weight, bias):
    """The propagation from its formula: E' and its rows of length one."""
    layer = leaky_relu(torch.cat([around + own, around * own], dim=1) @ weight + bias, 0.2)
    return layer, normalize(layer, dim=1)


SIZES = [(1, 1), (5, 3), (1024, 16), (2500, 33)]


@pytest.mark.parametrize(("n", "width"), SIZES)
def test_values(n, width):
    before, around, weight, bias = case(n, width)
    bias[:] = 0.1
    after, final = empty(n, width), torch.full((n, width + 2), 7.0)
    transform(before, around, weight, bias, after, final, 1)
    own = (before.lengths[:, None] * before.rows).double()
    layer, rows = by_torch(own, *(part.double() for part in (around, weight, bias)))
    assert torch.allclose(after.lengths[:, None].double() * after.rows, layer, atol=1e-4)
    assert torch.allclose(after.rows.double(), rows, atol=1e-5)
    assert torch.equal(final[:, 1:-1], after.rows)
    assert (final[:, [0, -1]] == 7).all()


def test_a_row_of_zeros_stays_one():
    before, around, weight, bias = case(3, 4)
    after = empty(3, 4)
    transform(before, around, weight, bias, after, torch.empty(3, 4), 0)
    assert not after.rows[0].any()
    assert after.lengths[0] == torch.tensor(1e-12)


def way_back(n, width, *, dense, few):
    """Slopes, and those of autograd in float64, for gradient at all or some nodes."""
    before, around, weight, bias = case(n, width)
    after = empty(n, width)
    transform(before, around, weight, bias, after, torch.empty(n, width), 0)
    generator = torch.Generator().manual_seed(1)
    of_rows, of_layer = torch.randn(2, n, width, generator=generator)
    of_rows[0] *= 1e-12  # a row of zeros has a slope of 1e12
    chosen = torch.randperm(n, generator=generator)[: max(1, n // 3)] if few else torch.arange(n)
    places = torch.full((n,), -1, dtype=torch.int32)
    places[chosen] = torch.arange(len(chosen), dtype=torch.int32)
    arriving = Arriving(places, torch.cat([torch.ones(len(chosen), 3), of_rows[chosen]], 1), 3)
    above, nodes = (of_layer, torch.arange(n)) if dense else (None, chosen.sort().values)
    outs = torch.empty(2, n, width).unbind()
    found = transform_back(before, around, weight, after, arriving, above, nodes, outs)

    own = before.lengths[:, None] * before.rows
    leaves = [part.double().requires_grad_() for part in (own, around, weight, bias)]
    layer, rows = by_torch(*leaves)
    total = (rows[chosen] * of_rows[chosen].double()).sum()
    (total + (layer * of_layer.double()).sum() if dense else total).backward()
    exact = [leaf.grad for leaf in leaves]
    for whole in exact[:2]:
        others = torch.ones(n, dtype=bool).index_fill(0, nodes, False)
        assert not whole[others].any()
    return found, (exact[1][nodes], exact[0][nodes], *exact[2:])


@pytest.mark.parametrize(("n", "width"), SIZES)
@pytest.mark.parametrize(("dense", "few"), [(False, True), (True, True), (True, False)])
def test_the_way_back_is_autograd(n, width, dense, few):
    found, expected = way_back(n, width, dense=dense, few=few)
    for name, mine, theirs in zip(found._fields, found, expected, strict=True):
        scale = float(theirs.abs().max())
        assert torch.allclose(mine.double(), theirs, atol=2e-5 * scale + 1e-6), name


@pytest.mark.parametrize("threads", [2, 3])
def test_same_bits_on_any_number_of_threads(threads, use_threads, monkeypatch):
    monkeypatch.setattr(interact, "_BLOCK", 128)
    results = []
    for n in (1, threads):
        use_threads(n)
        before, around, weight, bias = case(3001, 33)
        after, final = empty(3001, 33), torch.empty(3001, 33)
        transform(before, around, weight, bias, after, final, 0)
        results.append([final, after.lengths, *way_back(3001, 33, dense=True, few=True)[0]])
        assert torch.get_num_threads() == n
    assert all(map(torch.equal, *results))
