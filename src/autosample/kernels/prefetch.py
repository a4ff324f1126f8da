"""Ask the processor for memory before it is needed; results do not depend on it."""

from __future__ import annotations

from typing import Any

import numba
from llvmlite import ir
from numba.core import types
from numba.core.cgutils import get_or_insert_function, unpack_tuple
from numba.extending import intrinsic

_LINE = 16  # float32 numbers in a cache line


@intrinsic  # type: ignore[untyped-decorator]
def prefetch(_context: Any, array: Any, at: Any) -> Any:
    """Fetch the cache line in which entry or row ``at`` of a numpy array starts.

    ``at`` may lie outside of the array: nothing is read, so nothing can fail.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values = context.make_array(signature.args[0])(context, builder, arguments[0])
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        place = context.cast(builder, arguments[1], signature.args[1], types.intp)
        offset = builder.mul(place, unpack_tuple(builder, values.strides)[0])
        address = builder.gep(builder.bitcast(values.data, byte), [offset])
        shape = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        call = get_or_insert_function(builder.module, shape, "llvm.prefetch.p0")
        # for reading (0), to all levels of cache (3), as data (1)
        builder.call(call, [address, *(ir.Constant(number, how) for how in (0, 3, 1))])
        return context.get_dummy_value()

    return types.void(array, at), generate


@numba.njit(nogil=True, cache=True)
def prefetch_row(table, row):  # type: ignore[no-untyped-def]
    """Fetch the whole of a row of a contiguous float32 table."""
    flat = table.reshape(-1)
    width = table.shape[1]
    for at in range(row * width, (row + 1) * width, _LINE):
        prefetch(flat, at)
