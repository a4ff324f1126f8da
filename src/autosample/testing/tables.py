"""Hypothesis strategies for tables as people have them: odd ids, repeats, gaps, bad lines, ties.

Needs ``hypothesis``, which is not a dependency::

    @given(nasty_tables())
    def test_mine(frame): ...
"""

from __future__ import annotations

import numpy as np
import polars as pl

from autosample.data.interactions import Interactions
from autosample.errors import SettingsError

try:
    from hypothesis import strategies as st
except ImportError as cause:  # pragma: no cover  the tests have it
    raise SettingsError(
        "AS270",
        "Strategies for tables need hypothesis, which is not installed.",
        "Install it: pip install hypothesis.",
    ) from cause

#: Ids that have gone wrong somewhere.
ODD_IDS = (
    "7", "007", "7.0", " 7", "7 ", "-7", "NA", "null", "nan", "None", "", "0", "1e5",
    "caf\u00e9", "cafe\u0301", "\U0001f600", "\u202eabc", "<script>", "=1+1", "a,b", "a;b", "a\tb",
    'a"b', "'", "a b", "\\", "x" * 300, str(2**53 + 1), str(2**64 - 1), "../x",
)  # fmt: skip
_TIMES = (0, -1, 1, 1_500_000_000, 1_500_000_000_000, 2**62, None)
_HEADS = (
    "user_id,item_id", "user_id,item_id,rating,time", "user_id:token\titem_id:token", "u;i", "",
)  # fmt: skip
_RATINGS = (0.0, -1.0, 0.5, 3.0, 5.0, float("nan"), float("inf"), None)


def ids() -> st.SearchStrategy[str]:
    """Ids: mostly a few short ones, so that pairs repeat; sometimes odd ones, or any text."""
    any_text = st.text(st.characters(codec="utf-8"), max_size=5)
    return st.one_of(st.sampled_from("abcdef"), st.sampled_from(ODD_IDS), any_text)


def nasty_tables(*, max_rows: int = 30) -> st.SearchStrategy[pl.DataFrame]:
    """Frames with columns ``user_id``, ``item_id`` (text, null now and then), ``rating``, ``time``.

    Args:
        max_rows: Most rows; none is possible.
    """
    rows = st.tuples(
        st.one_of(ids(), st.none()),
        st.one_of(ids(), st.none()),
        st.sampled_from(_RATINGS),
        st.sampled_from(_TIMES),
    )
    kinds = {"user_id": pl.String, "item_id": pl.String, "rating": pl.Float64, "time": pl.Int64}
    return st.lists(rows, max_size=max_rows).map(
        lambda drawn: pl.DataFrame(drawn, schema=kinds, orient="row")
    )


def nasty_texts(*, max_rows: int = 12) -> st.SearchStrategy[str]:
    """Delimited text with and without header, quotes, ragged and blank lines, either line end."""
    cells = st.one_of(ids(), st.sampled_from(['"a,b"', '"', '"a""b"', '"a\nb"']))
    lines = st.lists(cells, max_size=4).map(",".join)
    heads, ends = st.sampled_from(_HEADS), st.sampled_from(["\n", "\r\n"])
    parts = st.tuples(heads, st.lists(lines, max_size=max_rows), ends)
    return parts.map(lambda drawn: drawn[2].join([drawn[0], *drawn[1]]))


@st.composite
def interactions(
    draw: st.DrawFn, *, max_users: int = 6, max_items: int = 12, spare: int = 0
) -> Interactions:
    """Interactions with users of no item, of one, of nearly all and of all.

    Args:
        draw: Given by hypothesis.
        max_users: Most users; at least one.
        max_items: Most items; at least two.
        spare: Items that every user is to have left.
    """
    n_users = draw(st.integers(1, max_users))
    n_items = draw(st.integers(max(2, spare + 1), max(2, spare + 1, max_items)))
    pairs: list[tuple[int, int]] = []
    for user in range(n_users):
        most = n_items - spare
        size = draw(
            st.one_of(st.integers(0, most), st.sampled_from((0, 1, max(most - 1, 0), most)))
        )
        own = np.random.default_rng(draw(st.integers(0, 2**16))).permutation(n_items)[:size]
        pairs += [(user, int(item)) for item in own]
    users, items = zip(*pairs, strict=True) if pairs else ((), ())
    return Interactions.from_pairs(users, items, n_users, n_items)
