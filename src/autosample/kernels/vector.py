"""Sixteen numbers side by side that stay in registers while a loop adds to them.

The compiler keeps a running sum of a whole row in memory, since it cannot know how long the row
is, and loads and stores it for every row that is added. A vector is a value of the kernel's own: on
AVX-512 it is one register, elsewhere the compiler makes it of two or four.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.cgutils import get_or_insert_function, unpack_tuple
from numba.core.datamodel import models
from numba.core.datamodel.registry import register_default
from numba.extending import intrinsic

LANES = 16  #: numbers of a vector

_VECTOR = ir.VectorType(ir.FloatType(), LANES)


class _Type(types.Type):
    def __init__(self) -> None:
        super().__init__(name="Vector16")


@register_default(_Type)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)  # type: ignore[no-untyped-call]


_TYPE = _Type()


def _address(context: Any, builder: Any, kind: Any, array: Any, at: Any, at_kind: Any) -> Any:
    """Where entry ``at`` of a one-dimensional array lies, as a vector's place."""
    values = context.make_array(kind)(context, builder, array)
    offset = builder.mul(
        context.cast(builder, at, at_kind, types.intp), unpack_tuple(builder, values.strides)[0]
    )
    start = builder.bitcast(values.data, ir.IntType(8).as_pointer())
    return builder.bitcast(builder.gep(start, [offset]), _VECTOR.as_pointer())


def _splat(builder: Any, number: Any) -> Any:
    """A vector of one number."""
    number_type, nothing = ir.IntType(32), ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(nothing, number, ir.Constant(number_type, 0))
    firsts = ir.Constant(ir.VectorType(number_type, LANES), [0] * LANES)
    return builder.shuffle_vector(first, nothing, firsts)


def _zeros(_context: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return ir.Constant(_VECTOR, [0.0] * LANES)

    return _TYPE(), generate


def _add_product(_context: Any, total: Any, factor: Any, row: Any, at: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        total, factor, row, at = arguments
        kinds = signature.args
        place = _address(context, builder, kinds[2], row, at, kinds[3])
        values = builder.load(place, align=4)
        shape = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
        fused = get_or_insert_function(builder.module, shape, "llvm.fmuladd.v16f32")
        return builder.call(fused, [_splat(builder, factor), values, total])

    return _TYPE(total, types.float32, row, at), generate


def _store(_context: Any, total: Any, factor: Any, row: Any, at: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        total, factor, row, at = arguments
        kinds = signature.args
        place = _address(context, builder, kinds[2], row, at, kinds[3])
        builder.store(builder.fmul(total, _splat(builder, factor)), place, align=4)
        return context.get_dummy_value()

    return types.void(total, types.float32, row, at), generate


#: ``zeros()`` in a kernel: a vector of zeros.
zeros: Any = intrinsic(_zeros)
#: ``add_product(total, factor, row, at)``: ``total + factor * row[at : at + LANES]``, rounded once
#: where the processor can. ``row`` is float32, without gaps, and must reach that far.
add_product: Any = intrinsic(_add_product)
#: ``store(total, factor, row, at)``: ``row[at : at + LANES] = factor * total``; likewise.
store: Any = intrinsic(_store)
