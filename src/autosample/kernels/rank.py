"""Exact ranks of held-out items among all items that a user has not seen.

Users are taken some at a time and items a panel at a time, whose scores are used while they are
in cache. A user's ranks depend neither on the other users nor on the number of threads.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from autosample.data.interactions import Interactions
from autosample.kernels.compiling import kernel
from autosample.kernels.member import first_not_below
from autosample.kernels.order import (
    NAN,
    OVERLAP,
    IntArray,
    RankArray,
    ScoreArray,
    count_not_below,
    pairs_of,
    refuse,
    score_blocks,
    unseen_of,
)
from autosample.kernels.paths import compiled
from autosample.kernels.threads import parallel_ranges
from autosample.kernels.tile import (
    BLOCK,
    PANEL,
    ROWS,
    fill_rows,
    pack,
    score_pair,
    score_tile,
)

_PAIRS = 128  # that the twin looks at together


def ranks_of(
    left: Tensor, right: Tensor, users: IntArray, seen: Interactions, held: Interactions
) -> RankArray:
    """Rank of every held-out item among the items its user has not seen.

    The rank of item i is 1 + #{unseen j: s_j > s_i, or s_j = s_i and j < i}, where s are the
    scores, dot products in float32.

    Args:
        left: (U, D) rows of users.
        right: (I, D) rows of items.
        users: (B,) int64 user numbers.
        seen: Items that are not ranked.
        held: Items to rank.

    Returns:
        (n,) int32, 1-based: the ranks of the first user's held-out items in their order in
        ``held``, then the second's, and so on.

    Raises:
        TrainingError: AS410 when a user has a score that is not a number.
        DataError: AS140 when a user's held-out item is also among the seen.

    Cost: 2 I D operations per user, one comparison per score and held-out item, and one per score,
    vectorised. Memory: a copy of ``right``, and 100 KB per thread.
    """
    if not compiled(left):
        return ranks_of_torch(left, right, users, seen, held)
    starts = np.zeros(len(users) + 1, np.int64)
    np.cumsum(held.indptr[users + 1] - held.indptr[users], out=starts[1:])
    ranks, faults = np.ones(starts[-1], np.int32), np.zeros(len(users), np.int8)
    tables = (left.detach().float().numpy(), right.detach().float().numpy(), pack(right))
    lists = (seen.indptr, seen.items, held.indptr, held.items)
    arguments = (users, *tables, *lists, starts, np.empty(len(ranks), np.float32), ranks, faults)
    parallel_ranges(_rank_users, len(users), *arguments, grain=BLOCK)
    refuse(users, faults)
    return ranks


def ranks_of_torch(
    left: Tensor, right: Tensor, users: IntArray, seen: Interactions, held: Interactions
) -> RankArray:
    """Torch twin of :func:`ranks_of`: counts what comes before, in blocks of 64 MB of scores."""
    ranks = []
    for block, scores in score_blocks(left, right, users):
        unseen = unseen_of(scores, block, seen)
        rows, items = pairs_of(block, held, scores.device)
        faults = torch.zeros(len(block), dtype=torch.int8, device=scores.device)
        faults[rows[~unseen[rows, items]]] = OVERLAP
        faults[scores.isnan().any(dim=1)] = NAN
        refuse(block, faults.cpu().numpy())
        ranked = scores.masked_fill(~unseen, torch.nan)  # neither above nor equal to anything
        pairs = torch.split(torch.stack([rows, items]), _PAIRS, dim=1)
        found = torch.cat([_places(ranked, *some) for some in pairs])
        ranks.append(found.to(torch.int32).cpu().numpy())
    return np.concatenate([*ranks, np.empty(0, np.int32)])


def _places(scores: Tensor, rows: Tensor, items: Tensor) -> Tensor:
    """1 + how many of each pair's row come before its item, (n,) int64."""
    own, others = scores[rows, items][:, None], scores[rows]
    places = 1 + (others > own).sum(dim=1)
    pair, item = (others == own).nonzero(as_tuple=True)
    return places.index_add_(0, pair, (item < items[pair]).long())


@kernel()
def _count_above(scores: ScoreArray, bound: np.float32) -> np.int32:
    count = np.int32(0)
    for at in range(scores.shape[0]):
        count = np.int32(count + np.int32(scores[at] > bound))
    return count


@kernel()
def _count_nan(scores: ScoreArray) -> np.int32:
    count = np.int32(0)
    for at in range(scores.shape[0]):
        count = np.int32(count + np.int32(scores[at] != scores[at]))
    return count


@kernel()
def _rank_part(  # type: ignore[no-untyped-def]
    scores, start, seen, held, own, ranks
):
    """Add to ``ranks`` the items of a panel before each of ``held``; the fault, or 0.

    All items are counted, then the seen are taken off: no score need be overwritten.
    """
    end, overlap = start + scores.shape[0], False
    for at in range(held.shape[0]):
        if held[at] >= end:  # before it ties count
            ranks[at] += count_not_below(scores, own[at])
        elif held[at] < start:
            ranks[at] += _count_above(scores, own[at])
        else:
            cut = held[at] - start
            ranks[at] += count_not_below(scores[:cut], own[at])
            ranks[at] += _count_above(scores[cut:], own[at])
    for place in range(first_not_below(seen, 0, seen.shape[0], start), seen.shape[0]):
        item = seen[place]
        if item >= end:
            break
        score = scores[item - start]
        for at in range(held.shape[0]):
            ties = (score == own[at]) & (item < held[at])
            ranks[at] -= np.int32((score > own[at]) | ties)
            overlap |= item == held[at]
    if _count_nan(scores) > 0:
        return NAN
    return OVERLAP if overlap else 0


@kernel(allocates=True)
def _rank_users(  # type: ignore[no-untyped-def]
    start, stop, users, left, right, panels, seen_indptr, seen_items, held_indptr, held_items,
    starts, own, ranks, faults,
):  # fmt: skip
    rows, scores = (
        np.zeros((BLOCK, panels.shape[1]), np.float32),
        np.empty((ROWS, PANEL), np.float32),
    )
    for block in range(start, stop, BLOCK):
        _rank_block(
            block, min(block + BLOCK, stop), users, left, right, panels, seen_indptr, seen_items,
            held_indptr, held_items, starts, own, ranks, faults, rows, scores,
        )  # fmt: skip


@kernel()
def _rank_block(  # type: ignore[no-untyped-def]
    block, end, users, left, right, panels, seen_indptr, seen_items, held_indptr, held_items,
    starts, own, ranks, faults, rows, scores,
):  # fmt: skip
    """The users from ``block`` to ``end``; ``rows`` and ``scores`` are for its own use."""
    fill_rows(users, block, end, left, rows)
    for b in range(block, end):
        held = held_items[held_indptr[users[b]] : held_indptr[users[b] + 1]]
        for at in range(held.shape[0]):
            own[starts[b] + at] = score_pair(rows[b - block], right[held[at]])
    for panel in range(panels.shape[0]):
        item = panel * PANEL
        for first in range(block, end, ROWS):
            score_tile(rows[first - block : first - block + ROWS], panels[panel], scores)
            for b in range(first, min(first + ROWS, end)):
                user, span = users[b], slice(starts[b], starts[b + 1])
                seen = seen_items[seen_indptr[user] : seen_indptr[user + 1]]
                held = held_items[held_indptr[user] : held_indptr[user + 1]]
                part = scores[b - first, : min(PANEL, right.shape[0] - item)]
                fault = _rank_part(part, item, seen, held, own[span], ranks[span])
                faults[b] = max(faults[b], fault)
