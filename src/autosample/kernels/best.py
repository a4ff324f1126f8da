"""The best items of a user among all that the user has not seen.

A heap of the best so far meets the scores a panel at a time, while they are in cache.
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
    IntArray,
    ScoreArray,
    count_not_below,
    refuse,
    score_blocks,
    unseen_of,
)
from autosample.kernels.paths import compiled
from autosample.kernels.threads import parallel_ranges
from autosample.kernels.tile import BLOCK, PANEL, ROWS, fill_rows, pack, score_tile

_CHUNK = 64  # scores compared with the worst of the best before any is looked at alone


def top_k(
    left: Tensor, right: Tensor, users: IntArray, seen: Interactions, k: int
) -> tuple[IntArray, ScoreArray]:
    """The ``k`` best items that each user has not seen, best first.

    Args:
        left: (U, D) rows of users.
        right: (I, D) rows of items.
        users: (B,) int64 user numbers.
        seen: Items that are left out.
        k: Length of the lists, at least 1; it may exceed the number of items.

    Returns:
        (B, k) int64 item numbers and (B, k) float32 scores. Where fewer than ``k`` items are
        unseen, the rest is -1 with score minus infinity.

    Raises:
        TrainingError: AS410 when a user has a score that is not a number.

    Cost: 2 I D operations per user, one comparison per score, vectorised, and a heap of ``k`` that
    about k log(I / k) items enter when their scores are in random order.
    """
    if not compiled(left):
        return top_k_torch(left, right, users, seen, k)
    items = np.empty((len(users), k), np.int64)
    best, faults = np.empty((len(users), k), np.float32), np.zeros(len(users), np.int8)
    tables = (left.detach().float().numpy(), pack(right), len(right))
    arguments = (users, *tables, seen.indptr, seen.items, items, best, faults)
    parallel_ranges(_best_of_users, len(users), *arguments, grain=BLOCK)
    refuse(users, faults)
    return items, best


def top_k_torch(
    left: Tensor, right: Tensor, users: IntArray, seen: Interactions, k: int
) -> tuple[IntArray, ScoreArray]:
    """Torch twin of :func:`top_k`, by sorting whole rows; blocks of users within 64 MB."""
    items = np.full((len(users), k), -1, np.int64)
    best = np.full((len(users), k), -np.inf, np.float32)
    start = 0
    for block, scores in score_blocks(left, right, users):
        refuse(block, (scores.isnan().any(dim=1) * NAN).cpu().numpy())
        order = torch.sort(scores, dim=1, descending=True, stable=True).indices
        unseen = unseen_of(scores, block, seen).gather(1, order)
        places = unseen.cumsum(dim=1)
        rows, at = torch.nonzero(unseen & (places <= k), as_tuple=True)
        chosen, column = order[rows, at], (places[rows, at] - 1).cpu().numpy()
        place = (start + rows.cpu().numpy(), column)
        items[place], best[place] = chosen.cpu().numpy(), scores[rows, chosen].cpu().numpy()
        start += len(block)
    return items, best


@kernel()
def _settle(scores: ScoreArray, items: IntArray, size: int) -> None:
    """Let the first entry sink to its place in a heap with the worst entry on top."""
    at = 0
    while 2 * at + 1 < size:
        worst = 2 * at + 1
        for child in range(worst, min(worst + 2, size)):
            ties = scores[child] == scores[worst] and items[child] > items[worst]
            if scores[child] < scores[worst] or ties:
                worst = child
        ties = scores[at] == scores[worst] and items[at] > items[worst]
        if scores[at] < scores[worst] or ties:
            return
        scores[at], scores[worst] = scores[worst], scores[at]
        items[at], items[worst] = items[worst], items[at]
        at = worst


@kernel()
def _best_of_part(  # type: ignore[no-untyped-def]
    scores, start, seen, items, best
):
    """Let the unseen items of a panel enter a user's heap; the fault, or 0."""
    passed = first_not_below(seen, 0, seen.shape[0], start)
    for first in range(0, scores.shape[0], _CHUNK):
        stop = min(first + _CHUNK, scores.shape[0])
        if count_not_below(scores[first:stop], best[0]) == 0:
            continue
        for at in range(first, stop):
            item = start + at
            if np.isnan(scores[at]):
                return NAN
            if scores[at] < best[0] or (scores[at] == best[0] and items[0] < item):
                continue
            while passed < seen.shape[0] and seen[passed] < item:
                passed += 1
            if passed == seen.shape[0] or seen[passed] != item:
                best[0], items[0] = scores[at], item
                _settle(best, items, items.shape[0])
    return 0


@kernel()
def _sort_heap(n_items, items, best):  # type: ignore[no-untyped-def]
    """Best first; places that no item took become -1."""
    for last in range(items.shape[0] - 1, 0, -1):
        best[0], best[last] = best[last], best[0]
        items[0], items[last] = items[last], items[0]
        _settle(best, items, last)
    for at in range(items.shape[0]):
        if items[at] == n_items:
            items[at] = -1


@kernel(allocates=True)
def _best_of_users(  # type: ignore[no-untyped-def]
    start, stop, users, left, panels, n_items, seen_indptr, seen_items, items, best, faults
):
    items[start:stop], best[start:stop] = n_items, -np.inf  # item n stands for none and loses
    rows, scores = (
        np.zeros((BLOCK, panels.shape[1]), np.float32),
        np.empty((ROWS, PANEL), np.float32),
    )
    for block in range(start, stop, BLOCK):
        _best_of_block(
            block, min(block + BLOCK, stop), users, left, panels, n_items, seen_indptr, seen_items,
            items, best, faults, rows, scores,
        )  # fmt: skip


@kernel()
def _best_of_block(  # type: ignore[no-untyped-def]
    block, end, users, left, panels, n_items, seen_indptr, seen_items, items, best, faults, rows,
    scores,
):  # fmt: skip
    """The users from ``block`` to ``end``; ``rows`` and ``scores`` are for its own use."""
    fill_rows(users, block, end, left, rows)
    for panel in range(panels.shape[0]):
        item = panel * PANEL
        for first in range(block, end, ROWS):
            score_tile(rows[first - block : first - block + ROWS], panels[panel], scores)
            for b in range(first, min(first + ROWS, end)):
                seen = seen_items[seen_indptr[users[b]] : seen_indptr[users[b] + 1]]
                part = scores[b - first, : min(PANEL, n_items - item)]
                fault = _best_of_part(part, item, seen, items[b], best[b])
                faults[b] = max(faults[b], fault)
    for b in range(block, end):
        _sort_heap(n_items, items[b], best[b])
