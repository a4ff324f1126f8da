"""Kernels count no references to arrays, and there is one way to compile them."""

from pathlib import Path

import numba
import numpy as np
import pytest

import autosample.kernels
from autosample.kernels.compiling import kernel
from autosample.kernels.step import _group, _row_adam, _sum_edges


def longest(table):
    """A row in a branch is what numba's own pruning does not see through."""
    best = table[0]
    for at in range(table.shape[0]):
        row = table[at]
        if row[0] > best[0]:
            best = row
    return best[0]


def references(compiled, *arguments):
    """How often the machine code of a function counts one up, and what it returns."""
    result = compiled(*arguments)
    (code,) = compiled.inspect_llvm().values()
    return code.count("@NRT_incref"), result


def test_rows_of_tables_are_not_counted():
    table = np.array([[1.0, 0.0], [3.0, 0.0], [2.0, 0.0]])
    plain, found = references(numba.njit(longest), table)
    options = kernel()(longest).targetoptions  # what comes from the cache shows no code
    bare, same = references(numba.jit(**options)(longest), table)
    assert plain > 0
    assert bare == 0
    assert found == same == 3.0


@pytest.mark.parametrize("one", [_group, _sum_edges, _row_adam], ids=lambda one: one.__name__)
def test_nor_in_the_kernels_of_a_step(one):
    assert one.targetoptions["_nrt"] is False


def ones(n):
    return np.ones(n).sum()


def zeros(n):
    return np.zeros(n).sum()


def test_kernels_that_make_arrays_say_so():
    assert kernel(allocates=True)(ones)(3) == 3
    with pytest.raises(numba.core.errors.NumbaError):
        kernel()(zeros)(3)


def test_there_is_no_other_way_to_compile():
    folder = Path(autosample.kernels.__file__).parents[1]
    by_itself = [p.name for p in folder.rglob("*.py") if "njit(" in p.read_text("utf-8")]
    assert by_itself == ["compiling.py"]
