import numpy as np
import polars as pl
import pytest
import torch

from autosample import lists as module
from autosample.data import Interactions, Vocabulary
from autosample.errors import DataError, SettingsError
from autosample.lists import Lists


def make(seen, items: int = 5, table=None) -> Lists:
    """Lists of three users on a line of items: the score of item i is i, or the table's."""
    rows = torch.arange(float(items))[:, None] if table is None else torch.tensor(table)
    users, names = (
        Vocabulary(pl.Series([f"{letter}{number}" for number in range(size)], dtype=pl.String))
        for letter, size in (("u", 3), ("i", items))
    )
    tables = (torch.ones(3, rows.shape[1]), rows)
    return Lists(*tables, Interactions.from_pairs(*seen, 3, items), users, names)


SOME = make(([0, 0, 1], [4, 0, 0]))  # u2 has nothing; i0 has two users, i4 one


def test_lists_are_best_first_and_end_where_nothing_is_left() -> None:
    frame = SOME.recommend(["u1", "u0"], 99)
    assert frame.rows() == [
        *[("u1", f"i{i}", rank, float(i)) for rank, i in enumerate((4, 3, 2, 1), 1)],
        *[("u0", f"i{i}", rank, float(i)) for rank, i in enumerate((3, 2, 1), 1)],
    ]


@pytest.mark.parametrize("cells", [1, 10, 1000])
@pytest.mark.parametrize("unknown", ["skip", "popular"])
def test_blocks_do_not_change_the_lists(monkeypatch, cells, unknown) -> None:
    users = ["u0", "nobody", "u1", "u2", "u0"]
    whole = SOME.recommend(users, 2, unknown=unknown)
    monkeypatch.setattr(module, "_CELLS", cells)
    blocks = list(SOME.blocks(users, 2, unknown=unknown))
    assert len(blocks) == -(-5 // max(1, cells // 2))
    assert pl.concat(blocks).equals(whole)


def test_unknown_users_are_refused_before_anything_comes() -> None:
    with pytest.raises(DataError, match=r"AS133.*'nobody', 'u2'"):
        SOME.blocks(["u0", "nobody", "u2"], 2)
    popular = SOME.recommend(["u2"], 9, unknown="popular")
    assert popular["item"].to_list() == ["i0", "i4", "i1", "i2", "i3"]
    assert popular["score"].null_count() == 5
    assert SOME.recommend([], 2).columns == ["user", "item", "rank", "score"]
    for wrong, code in (({"k": 0}, "AS231"), ({"unknown": "maybe"}, "AS204")):
        with pytest.raises(SettingsError, match=code):
            SOME.blocks(["u0"], **wrong)


def test_similar_items_have_the_highest_cosine() -> None:
    table = [[1.0, 0.0], [9.0, 1.0], [0.0, 2.0], [1.0, 1.0], [-1.0, 0.0]]
    lists = make(([0, 1, 1, 1], [0, 1, 2, 3]), table=table)
    frame = lists.similar(["i0", "i2"], 3)
    assert frame.columns == ["item", "similar", "rank", "score"]
    assert frame["similar"].to_list() == ["i1", "i3", "i2", "i3", "i1", "i0"]
    cosines = [9 / 82**0.5, 0.5**0.5, 0, 0.5**0.5, 1 / 82**0.5, 0]
    np.testing.assert_allclose(frame["score"], cosines, rtol=1e-6, atol=1e-7)
    assert len(lists.similar(["i0"], 99)) == 4
    assert lists.similar(["i0"], 99)["score"][-1] == 0, "of an item that nobody had"
    for unknown in ("i4", "nothing"):
        with pytest.raises(DataError, match=f"AS134.*'{unknown}'"):
            lists.similar(["i0", unknown])


def test_what_only_validation_has_was_not_trained_on() -> None:
    """User u2 and item i4 are in validation alone: nothing was learned for their rows."""
    train = Interactions.from_pairs([0, 1], [0, 1], 3, 5)
    both = train.union(Interactions.from_pairs([0, 2], [4, 1], 3, 5))
    whole = make(([0, 1], [0, 1]))
    lists = Lists(whole.user_table, whole.item_table, both, whole.users, whole.items, train=train)
    assert lists.recommend(["u0"], 1)["item"].to_list() == ["i3"], "i4 is seen all the same"
    with pytest.raises(DataError, match=r"AS133.*'u2'"):
        lists.recommend(["u2"])
    with pytest.raises(DataError, match=r"AS134.*'i4'"):
        lists.similar(["i4"])
    popular = lists.recommend(["u2", "new"], 5, unknown="popular")
    best = popular.group_by("user", maintain_order=True).agg("item", "rank").rows()
    assert best == [
        ("u2", ["i0", "i4", "i2", "i3"], [1, 2, 3, 4]),
        ("new", ["i1", "i0", "i4", "i2", "i3"], [1, 2, 3, 4, 5]),
    ], "what a user has had in validation does not come again"
