"""Rows of users and items with their ids, as safetensors and as a faiss index."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file
from torch import Tensor

from autosample.export.target import FloatArray, Target
from autosample.extras import require
from autosample.lists import Lists


def embeddings(lists: Lists, target: Target) -> dict[str, Any]:
    """Write ``embeddings.safetensors`` with rows of users and items, and ids with and without them.

    ``users.parquet`` and ``items.parquet`` have a row per id, with its embedding.
    Tensors: ``users`` (U, D) and ``items`` (I, D) float32, whose dot product is the score;
    ``seen_indptr`` (U + 1,) int64 and ``seen_items`` (nnz,) int32, the items that a user is not
    recommended: those of user u are ``seen_items[seen_indptr[u]:seen_indptr[u + 1]]``.
    """
    arrays: dict[str, npt.NDArray[Any]] = {
        "users": as_rows(lists.user_table),
        "items": as_rows(lists.item_table),
        "seen_indptr": lists.seen.indptr,
        "seen_items": lists.seen.items,
    }
    target.add("embeddings.safetensors", lambda path: save_file(arrays, path))
    target.add_ids("users", lists.users, arrays["users"])
    target.add_ids("items", lists.items, arrays["items"])
    return {"users": len(lists.users), "items": len(lists.items), "dim": arrays["items"].shape[1]}


def faiss(lists: Lists, target: Target) -> dict[str, Any]:
    """Write the same, and ``items.faiss``, an exact inner-product index of the items' rows.

    Label k of the index is the k-th of ``items.json``. Ask for as many items more as the user has
    seen, and leave those out.

    Raises:
        SettingsError: AS270 without the extra ``export``.
    """
    require("export", "faiss")
    import faiss  # noqa: PLC0415

    rows = as_rows(lists.item_table)
    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(rows)

    def write(path: Path) -> None:
        with path.open("wb") as file:  # a file of ours says why it cannot be written
            faiss.write_index(index, faiss.PyCallbackIOWriter(file.write))  # type: ignore[attr-defined]

    target.add("items.faiss", write)
    return {**embeddings(lists, target), "index": "IndexFlatIP", "faiss": faiss.__version__}


def as_rows(table: Tensor) -> FloatArray:
    """A table as float32 in memory, row after row."""
    return np.ascontiguousarray(table.detach().cpu().float().numpy())
