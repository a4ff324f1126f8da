"""Ask the processor for memory before it is needed; results do not depend on it."""

from __future__ import annotations

from typing import Any

import numba
from llvmlite import ir
from numba.core import types
from numba.core.cgutils import get_or_insert_function, unpack_tuple
from numba.extending import intrinsic

_LINE = 16  # numbers of 4 bytes in a cache line


def _prefetch(_context: Any, array: Any, at: Any) -> Any:
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


#: ``prefetch(array, at)`` in a kernel: fetch the cache line in which an entry or row of a numpy
#: array starts. ``at`` may lie outside of the array: nothing is read, so nothing can fail.
prefetch: Any = intrinsic(_prefetch)


@numba.njit(nogil=True, cache=True)
def prefetch_row(table, at):  # type: ignore[no-untyped-def]
    """Fetch a whole row of a table of 4-byte numbers; ``at`` must lie inside."""
    row = table[at]
    for number in range(0, row.shape[0], _LINE):
        prefetch(row, number)
