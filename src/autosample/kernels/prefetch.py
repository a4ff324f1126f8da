"""Ask the processor for memory before it is needed; results do not depend on it."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.cgutils import get_or_insert_function, unpack_tuple
from numba.extending import intrinsic

from autosample.kernels.compiling import kernel

_LINE = 16  # numbers of 4 bytes in a cache line


def _generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """Fetch the line at the indices after the array."""
    values = context.make_array(signature.args[0])(context, builder, arguments[0])
    byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
    address = builder.bitcast(values.data, byte)
    strides = unpack_tuple(builder, values.strides)
    for at, kind, stride in zip(arguments[1:], signature.args[1:], strides, strict=False):
        place = context.cast(builder, at, kind, types.intp)
        address = builder.gep(address, [builder.mul(place, stride)])
    shape = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
    call = get_or_insert_function(builder.module, shape, "llvm.prefetch.p0")
    # for reading (0), to all levels of cache (3), as data (1)
    builder.call(call, [address, *(ir.Constant(number, how) for how in (0, 3, 1))])
    return context.get_dummy_value()


def _prefetch(_context: Any, array: Any, at: Any) -> Any:
    return types.void(array, at), _generate


def _prefetch_in_row(_context: Any, table: Any, row: Any, at: Any) -> Any:
    return types.void(table, row, at), _generate


#: ``prefetch(array, at)`` in a kernel: fetch the cache line in which an entry or row of a numpy
#: array starts. ``at`` may lie outside of the array: nothing is read, so nothing can fail.
prefetch: Any = intrinsic(_prefetch)
#: ``prefetch_in_row(table, row, at)``: likewise the line of an entry of a row.
prefetch_in_row: Any = intrinsic(_prefetch_in_row)


@kernel()
def prefetch_row(table, at):  # type: ignore[no-untyped-def]
    """Fetch a whole row of a table of 4-byte numbers."""
    for number in range(0, table.shape[1], _LINE):
        prefetch_in_row(table, at, number)
