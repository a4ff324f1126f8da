"""Layouts of the field: LightGCN's text, RecBole's ``.inter`` header, sparse matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import coo_array

from autosample.data.columns import to_events
from autosample.data.events import Events, Note
from autosample.errors import DataError

_RECBOLE_TYPES = {"token", "token_seq", "float", "float_seq"}
_PROBE = 200


def looks_like_lightgcn(lines: pl.Series, name: str) -> bool:
    """Whether lines are ``user item item ...``: whole numbers between single spaces, no header.

    Judged by the first 200 lines that are not blank.

    Raises:
        DataError: AS117 when they could also be a table of 3 or 4 columns without a header.
    """
    stripped = lines.head(10 * _PROBE).str.strip_chars()
    probe = stripped.filter(stripped != "").head(_PROBE)
    if not probe.str.contains(r"^\d+( +\d+)*$").all():
        return False
    widths = probe.str.count_matches(" +") + 1
    if len(probe) > 2 and widths.n_unique() == 1 and widths[0] in (3, 4):
        raise DataError(
            "AS117",
            f"{name} is either 'user item item ...' or a table of {widths[0]} columns.",
            "For a table name its columns, such as --no-header --user column_1 --item column_2 "
            "(header=False, user= and so on in Python); else say --file-format lightgcn "
            "(file_format='lightgcn').",
        )
    return True


def read_lightgcn(lines: pl.Series) -> Events:
    """Events of ``user item item ...`` lines; users may come again, lines may be blank.

    Raises:
        DataError: AS102 when no line has an item.
    """
    words = lines.str.extract_all(r"\S+")
    words = words.filter(words.list.len() > 0)
    bare = int((words.list.len() == 1).sum())
    frame = (
        pl.DataFrame({"words": words})
        .select(user=pl.col("words").list.first(), item=pl.col("words").list.slice(1))
        .filter(pl.col("item").list.len() > 0)
        .explode("item")
    )
    if not frame.height:
        raise DataError("AS102", "There are no interactions.", "Each line is 'user item item ...'.")
    notes = (Note("AS157", "Lines with a user but no items passed over.", bare),) if bare else ()
    return to_events({"user": frame["user"], "item": frame["item"]}, notes=notes)


def recbole_columns(columns: Sequence[str], roles: Sequence[str]) -> list[str]:
    """Names of a ``name:type`` header without the types.

    Args:
        columns: The header's fields.
        roles: Columns that will be used; they must hold single values.

    Raises:
        DataError: AS116 when a type is missing or unknown, or a used column holds sequences.
    """
    names = []
    for field in columns:
        name, _, kind = field.rpartition(":")
        if kind not in _RECBOLE_TYPES or not name or (kind.endswith("_seq") and name in roles):
            raise DataError(
                "AS116",
                "A RecBole header has fields like 'user_id:token' or 'rating:float'.",
                "Correct the header; ids, ratings and times are single values, not '_seq'.",
                [field],
            )
        names.append(name)
    return names


def from_matrix(
    matrix: Any,
    *,
    user_names: Sequence[str] | None = None,
    item_names: Sequence[str] | None = None,
) -> Events:
    """Events of a scipy sparse matrix, users by items; the matrix itself is left alone.

    Duplicate entries are summed as scipy means them, whole numbers without overflow; zeros are
    dropped. Values other than one become ratings.

    Args:
        matrix: (U, I), any sparse format.
        user_names: (U,) ids of the rows; row numbers without.
        item_names: (I,) ids of the columns; column numbers without.

    Raises:
        DataError: AS102 when nothing is stored, AS118 when names do not fit the shape or repeat,
            AS108 when it does not have two dimensions.
    """
    if len(matrix.shape) != 2:
        problem = f"A matrix is users by items, got the shape {tuple(matrix.shape)}."
        raise DataError("AS108", problem, "Give two dimensions, rows for users.")
    coo: Any = coo_array(matrix, copy=True)
    if coo.dtype.kind in "iu":  # such as counts in uint8, of which 256 would add up to none
        coo = coo.astype(np.float64)
    stored = coo.nnz
    coo.sum_duplicates()
    merged = stored - coo.nnz
    kept = coo.data != 0
    users, items, values = coo.row[kept], coo.col[kept], coo.data[kept]
    names = _matrix_names(coo.shape, user_names, item_names)
    if not values.size:
        raise DataError("AS102", "The matrix has no entries.", "Give a matrix of users x items.")
    raw = {"user": names[0].gather(users), "item": names[1].gather(items)}
    if not (values == 1).all():
        raw["rating"] = pl.Series(values.astype(np.float64))
    empty = sum(coo.shape) - len(np.unique(users)) - len(np.unique(items))
    told = (
        ("Entries of zero in the matrix dropped.", coo.nnz - len(values)),
        ("Duplicate entries of the matrix added to others.", merged),
        ("Rows and columns of the matrix without entries left out.", empty),
    )
    return to_events(raw, notes=[Note("AS158", text, int(count)) for text, count in told if count])


def _matrix_names(
    shape: tuple[int, int], user_names: Sequence[str] | None, item_names: Sequence[str] | None
) -> list[pl.Series]:
    """Ids of rows and columns, checked against the shape."""
    given = [user_names, item_names]
    sizes = [
        size if names is None else len(names) for names, size in zip(given, shape, strict=True)
    ]
    if tuple(sizes) != tuple(shape):
        swapped = tuple(sizes) == (shape[1], shape[0])
        raise DataError(
            "AS118",
            f"A {shape[0]} x {shape[1]} matrix needs as many user and item names, got "
            f"{sizes[0]} and {sizes[1]}.",
            "Rows are users: transpose the matrix." if swapped else "Give one name for each.",
        )
    texts = [
        pl.Series([str(name) for name in (range(size) if names is None else names)])
        for names, size in zip(given, shape, strict=True)
    ]
    for text in texts:
        if text.is_duplicated().any():
            raise DataError(
                "AS118",
                "Every row and every column of a matrix needs a name of its own.",
                "Add up the rows or columns of one name first.",
                text.filter(text.is_duplicated())[:5],
            )
    return texts
