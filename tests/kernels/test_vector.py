"""Sums in registers against numpy, wherever in a row they begin."""

import numba
import numpy as np

from autosample.kernels.vector import LANES, add_product, store, zeros


@numba.njit
def weighted_sum(rows, factors, at, scale, out):  # type: ignore[no-untyped-def]
    total = zeros()
    for number in range(rows.shape[0]):
        total = add_product(total, factors[number], rows[number], at)
    store(total, scale, out, at)


def test_sum_of_rows_and_nothing_beside_it():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(9, 40)).astype(np.float32)
    factors = rng.normal(size=9).astype(np.float32)
    for at in (0, 3, 40 - LANES):
        out = np.full(40, 5, np.float32)
        weighted_sum(rows, factors, at, np.float32(2), out)
        expected = 2 * (factors.astype(np.float64) @ rows)
        inside = np.arange(40) - at
        inside = (inside >= 0) & (inside < LANES)
        np.testing.assert_allclose(out[inside], expected[inside], atol=1e-5)
        assert (out[~inside] == 5).all()


def test_no_rows_make_zeros():
    out = np.ones(LANES, np.float32)
    weighted_sum(np.ones((0, LANES), np.float32), np.ones(0, np.float32), 0, np.float32(3), out)
    assert not out.any()
