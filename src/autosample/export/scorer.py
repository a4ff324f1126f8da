"""The scorer as an ONNX model: users and items to leave out in, the best items out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from autosample.export.tables import as_rows
from autosample.export.target import FloatArray, Target
from autosample.extras import require
from autosample.lists import Lists

OPSET, IR = 17, 8  # of 2021: runtimes since onnxruntime 1.12 read them
_WEIGHTS = "scorer.weights"
_INLINE = 2**30  # bytes of tables up to which they are in the model; its format ends at 2 GB


def onnx(lists: Lists, target: Target) -> dict[str, Any]:
    """Write ``scorer.onnx`` and the ids of its rows.

    Inputs: ``users`` (B,) int64 numbers of users; ``exclude`` (B, E) int64 numbers of items that
    are not to come, filled up with -1; ``k`` (1,) int64, the length of the lists. Outputs:
    ``items`` (B, k) int64 and ``scores`` (B, k) float32, best first, of equal scores the lower
    number first; -1 and minus infinity where no item is left. With k above I, lists have I places.

    What users have seen is not in the model: it is in ``seen.json``, by number, to be given as
    ``exclude``, so that the caller can add to it.

    Raises:
        SettingsError: AS270 without the extra ``export``.
    """
    require("export", "onnx")
    import onnx as library  # noqa: PLC0415

    tables = {
        "user_table": as_rows(lists.user_table),
        "item_table": as_rows(lists.item_table),
    }
    outside = sum(table.nbytes for table in tables.values()) > _INLINE
    if outside:
        target.add(_WEIGHTS, lambda path: path.write_bytes(b"".join(map(bytes, tables.values()))))
    model = _model(tables, outside)

    def write(path: Path) -> None:
        path.write_bytes(model.SerializeToString())
        library.checker.check_model(str(path), full_check=not outside)

    target.add("scorer.onnx", write)
    target.add_ids("users", lists.users)
    target.add_ids("items", lists.items)
    seen = lists.seen
    target.add_json("seen.json", [seen.of(user).tolist() for user in range(seen.n_users)])
    sizes = {"users": len(lists.users), "items": len(lists.items)}
    return {**sizes, "opset": OPSET, "ir_version": IR}


def _model(tables: Mapping[str, FloatArray], outside: bool) -> Any:
    """The graph around the two tables, (U, D) and (I, D)."""
    from onnx import TensorProto as Kind  # noqa: PLC0415
    from onnx import helper, numpy_helper  # noqa: PLC0415

    n_items = len(tables["item_table"])
    constants: dict[str, npt.NDArray[Any]] = {
        "no_item": np.array(-1, np.int64),
        "beyond": np.array(n_items, np.int64),
        "n_items": np.array([n_items], np.int64),
        "zero": np.array([0], np.int64),
        "column": np.array([1], np.int64),
        "pads": np.array([0, 0, 0, 1], np.int64),
        "never": np.array(-np.inf, np.float32),
    }
    nodes: list[tuple[str, list[str], tuple[str, ...], dict[str, Any]]] = [
        # A column more than items takes what the filling in ``exclude`` points to.
        ("Gather", ["user_table", "users"], ("rows",), {"axis": 0}),
        ("Transpose", ["item_table"], ("by_width",), {"perm": [1, 0]}),
        ("MatMul", ["rows", "by_width"], ("scored",), {}),
        ("Pad", ["scored", "pads"], ("padded",), {}),
        ("Equal", ["exclude", "no_item"], ("filling",), {}),
        ("Where", ["filling", "beyond", "exclude"], ("places",), {}),
        ("Shape", ["places"], ("shape",), {}),
        ("Expand", ["never", "shape"], ("nevers",), {}),
        ("ScatterElements", ["padded", "places", "nevers"], ("left",), {"axis": 1}),
        ("Slice", ["left", "zero", "n_items", "column"], ("allowed",), {}),
        ("Min", ["k", "n_items"], ("length",), {}),
        ("TopK", ["allowed", "length"], ("scores", "best"), {"axis": 1}),
        ("Equal", ["scores", "never"], ("none",), {}),
        ("Where", ["none", "no_item", "best"], ("items",), {}),
    ]
    values: dict[str, tuple[int, list[str | int]]] = {
        "users": (Kind.INT64, ["B"]),
        "exclude": (Kind.INT64, ["B", "E"]),
        "k": (Kind.INT64, [1]),
        "items": (Kind.INT64, ["B", "K"]),
        "scores": (Kind.FLOAT, ["B", "K"]),
    }
    described = [helper.make_tensor_value_info(name, *what) for name, what in values.items()]
    made = [helper.make_node(kind, ins, outs, **more) for kind, ins, outs, more in nodes]
    given = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    given += (
        _pointers(tables)
        if outside
        else [numpy_helper.from_array(table, name) for name, table in tables.items()]
    )
    graph = helper.make_graph(made, "scorer", described[:3], described[3:], given)
    opset = [helper.make_opsetid("", OPSET)]
    return helper.make_model(graph, opset_imports=opset, ir_version=IR, producer_name="autosample")


def _pointers(tables: Mapping[str, FloatArray]) -> list[Any]:
    """Tensors that say where in the file of weights they are, one after the other."""
    from onnx import TensorProto as Kind  # noqa: PLC0415

    found, offset = [], 0
    for name, table in tables.items():
        tensor = Kind(name=name, data_type=Kind.FLOAT, dims=table.shape)
        tensor.data_location = Kind.EXTERNAL
        for key, value in (("location", _WEIGHTS), ("offset", offset), ("length", table.nbytes)):
            tensor.external_data.add(key=key, value=str(value))
        found.append(tensor)
        offset += table.nbytes
    return found
