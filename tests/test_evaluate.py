"""Full ranking against brute force, and its independence of blocks and threads."""

import numpy as np
import pytest
import torch

from autosample.data.interactions import Interactions
from autosample.errors import DataError, SettingsError, TrainingError
from autosample.evaluate import rank_held_out, recommend
from autosample.kernels.threads import get_threads, set_threads

N_USERS, N_ITEMS, WIDTH = 150, 60, 4


@pytest.fixture
def parts():
    """Disjoint seen and held-out pairs; users 0 to 9 have nothing held out."""
    role = np.random.default_rng(3).choice(3, (N_USERS, N_ITEMS), p=[0.6, 0.3, 0.1])
    role[:10][role[:10] == 2] = 0
    return tuple(Interactions.from_pairs(*np.nonzero(role == r), N_USERS, N_ITEMS) for r in (1, 2))


@pytest.fixture
def tables():
    """Small whole numbers: products are exact and ties frequent."""
    draw = torch.Generator().manual_seed(0)
    return tuple(
        torch.randint(-2, 3, (n, WIDTH), generator=draw).float() for n in (N_USERS, N_ITEMS)
    )


@pytest.fixture
def real_tables():
    draw = torch.Generator().manual_seed(1)
    return tuple(torch.randn(n, 64, generator=draw) for n in (N_USERS, N_ITEMS))


def order(tables, seen, user):
    scores = (tables[0].long() @ tables[1].long().T)[user].tolist()
    return sorted(set(range(N_ITEMS)) - set(seen.of(user).tolist()), key=lambda i: (-scores[i], i))


def test_agrees_with_brute_force(tables, parts):
    seen, held = parts
    ranks = rank_held_out(*tables, seen, held)
    assert ranks.users.tolist() == np.unique(held.users).tolist()
    assert ranks.users[0] >= 10
    assert ranks.indptr[-1] == len(ranks.ranks) == len(held)
    for at, user in enumerate(ranks.users):
        best = order(tables, seen, user)
        mine = ranks.ranks[ranks.indptr[at] : ranks.indptr[at + 1]]
        assert mine.tolist() == [best.index(item) + 1 for item in held.of(user)]
        assert ranks.n_candidates[at] == len(best)


def test_lists_hold_each_item_at_its_rank(real_tables, parts):
    seen, held = parts
    ranks = rank_held_out(*real_tables, seen, held)
    items, scores = recommend(*real_tables, seen, ranks.users, N_ITEMS)
    owner = np.repeat(np.arange(len(ranks)), ranks.n_relevant)
    assert np.array_equal(items[owner, ranks.ranks - 1], held.items)
    assert ((items >= 0).sum(axis=1) == ranks.n_candidates).all()
    product = real_tables[0].double() @ real_tables[1].double().T
    rows, columns = np.nonzero(items >= 0)
    expected = product[ranks.users[rows], items[rows, columns]]
    np.testing.assert_allclose(scores[rows, columns], expected, atol=1e-5)


def test_recommends_by_brute_force_in_the_order_asked(tables, parts):
    items, _ = recommend(*tables, parts[0], [70, 3, 70], 5)
    assert items.tolist() == [order(tables, parts[0], user)[:5] for user in (70, 3, 70)]


@pytest.mark.parametrize("size", [1, 7])
def test_ranks_do_not_depend_on_the_other_users(real_tables, parts, size):
    seen, held = parts
    whole = rank_held_out(*real_tables, seen, held)
    for start in range(0, N_USERS, size):
        here = (held.users >= start) & (held.users < start + size)
        some = Interactions.from_pairs(held.users[here], held.items[here], N_USERS, N_ITEMS)
        assert np.array_equal(rank_held_out(*real_tables, seen, some).ranks, whole.ranks[here])


def test_ranks_do_not_depend_on_threads(real_tables, parts):
    before, results = get_threads(), []
    try:
        for threads in (1, 3):
            set_threads(threads)
            ranks = rank_held_out(*real_tables, *parts)
            results.append((ranks.ranks, recommend(*real_tables, parts[0], range(N_USERS), 9)[1]))
    finally:
        set_threads(before)
    for one, three in zip(*results, strict=True):
        assert np.array_equal(one, three)


def test_tables_that_learn_and_other_precisions(tables, parts):
    expected = rank_held_out(*tables, *parts).ranks
    learning = [table.clone().requires_grad_() for table in tables]
    assert np.array_equal(rank_held_out(*learning, *parts).ranks, expected)
    for dtype in (torch.float64, torch.bfloat16):
        other = [table.to(dtype) for table in tables]
        assert np.array_equal(rank_held_out(*other, *parts).ranks, expected)


def test_nothing_held_out(tables, parts):
    nothing = Interactions.from_pairs([], [], N_USERS, N_ITEMS)
    ranks = rank_held_out(*tables, parts[0], nothing)
    assert len(ranks) == len(ranks.ranks) == 0
    assert recommend(*tables, parts[0], [], 3)[0].shape == (0, 3)


def test_user_with_everything_unseen_held_out(tables):
    seen = Interactions.from_pairs([5] * (N_ITEMS - 3), range(N_ITEMS - 3), N_USERS, N_ITEMS)
    held = Interactions.from_pairs([5] * 3, range(N_ITEMS - 3, N_ITEMS), N_USERS, N_ITEMS)
    ranks = rank_held_out(*tables, seen, held)
    assert sorted(ranks.ranks.tolist()) == [1, 2, 3]
    assert ranks.n_candidates.tolist() == [3]


def test_nan_names_the_user(tables, parts):
    tables[0][77] = torch.nan
    with pytest.raises(TrainingError, match=r"AS410.*For example: 77\."):
        rank_held_out(*tables, *parts)


def test_overlap_is_refused(tables, parts):
    with pytest.raises(DataError, match="AS140"):
        rank_held_out(*tables, parts[0].union(parts[1]), parts[1])


def test_other_sizes_are_refused(tables, parts):
    with pytest.raises(DataError, match="AS142"):
        rank_held_out(tables[0][1:], tables[1], *parts)
    with pytest.raises(DataError, match="AS142"):
        recommend(tables[0], tables[1][1:], parts[0], [0], 3)


@pytest.mark.parametrize("user", [-1, N_USERS])
def test_unknown_user_is_refused(tables, parts, user):
    with pytest.raises(DataError, match=rf"AS111.*For example: {user}\."):
        recommend(*tables, parts[0], [0, user], 3)


def test_empty_list_is_refused(tables, parts):
    with pytest.raises(SettingsError, match="AS231"):
        recommend(*tables, parts[0], [0], 0)


def test_tables_of_different_widths_are_refused_before_kernels_read_beyond(parts, tables):
    seen, held = parts
    users, items = tables
    for wrong in (torch.zeros(N_USERS, 9 * WIDTH), users[:, 1:], users[:, 0]):
        with pytest.raises(DataError, match=r"AS142.*of one width"):
            rank_held_out(wrong, items, seen, held)
        with pytest.raises(DataError, match=r"AS142.*of one width"):
            recommend(wrong, items, seen, [0], k=3)
