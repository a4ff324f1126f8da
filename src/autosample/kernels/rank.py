"""Exact ranks of held-out items, and the best items of a user, from whole rows of scores.

One order is used throughout: the higher score first, and of equal scores the lower item number
first. Seen items are left out by their number, never by a score put in their place, so that they
cannot be mistaken for an item that happens to have that score, infinities included.

Each call runs in the calling thread, without holding the GIL: callers divide the users.
"""

from __future__ import annotations

from typing import Protocol

import numba
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from autosample.errors import DataError, TrainingError

IntArray = npt.NDArray[np.int64]
RankArray = npt.NDArray[np.int32]
ScoreArray = npt.NDArray[np.float32]

_SEGMENT = 4096  # scores looked at for all held-out items in turn: 16 KB, stays in the first cache
_CHUNK = 64  # scores compared with the worst of the best before any is looked at alone
_NAN, _OVERLAP = 1, 2


class ItemLists(Protocol):
    """Items by user, as :class:`~autosample.data.interactions.Interactions` has them."""

    @property
    def indptr(self) -> IntArray:
        """(U + 1,) int64, where the items of each user start and end."""

    @property
    def items(self) -> RankArray:
        """(nnz,) int32, ascending and distinct within a user."""


def ranks_of(scores: Tensor, users: IntArray, seen: ItemLists, held: ItemLists) -> RankArray:
    """Rank of every held-out item among the items its user has not seen.

    The rank of item i is 1 + #{unseen j: s_j > s_i, or s_j = s_i and j < i}.

    Args:
        scores: (B, I) float32, one row per entry of ``users``; left as it is.
        users: (B,) int64 user numbers, the rows of ``seen`` and ``held`` to use.
        seen: Items that are not ranked.
        held: Items to rank.

    Returns:
        (n,) int32, 1-based: the ranks of the first user's held-out items in their order in
        ``held``, then the second's, and so on.

    Raises:
        TrainingError: AS410 when a user has a score that is not a number.
        DataError: AS140 when a user's held-out item is also among the seen.

    Cost: one comparison per score and held-out item, plus one per score, vectorised; no copy.
    """
    if scores.device.type != "cpu":
        return ranks_of_torch(scores, users, seen, held)
    starts = np.zeros(len(users) + 1, np.int64)
    np.cumsum(held.indptr[users + 1] - held.indptr[users], out=starts[1:])
    ranks, faults = np.ones(starts[-1], np.int32), np.zeros(len(users), np.int8)
    lists = (seen.indptr, seen.items, held.indptr, held.items)
    _rank_rows(scores.detach().numpy(), users, *lists, starts, ranks, faults)
    _refuse(users, faults)
    return ranks


def ranks_of_torch(scores: Tensor, users: IntArray, seen: ItemLists, held: ItemLists) -> RankArray:
    """Torch twin of :func:`ranks_of`, by sorting whole rows; five times the memory of scores."""
    unseen, order, places = _places(scores, users, seen)
    rows, items = _flatten(users, held, scores.device)
    faults = torch.zeros(len(users), dtype=torch.int8, device=scores.device)
    faults[rows[~unseen[rows, items]]] = _OVERLAP
    faults[scores.isnan().any(dim=1)] = _NAN
    _refuse(users, faults.cpu().numpy())
    ranks = torch.empty_like(places).scatter_(1, order, places)[rows, items]
    return ranks.to(torch.int32).cpu().numpy()


def top_k(scores: Tensor, users: IntArray, seen: ItemLists, k: int) -> tuple[IntArray, ScoreArray]:
    """The ``k`` best items that each user has not seen, best first.

    Args:
        scores: (B, I) float32, one row per entry of ``users``; left as it is.
        users: (B,) int64 user numbers, the rows of ``seen`` to use.
        seen: Items that are left out.
        k: Length of the lists, at least 1; it may exceed the number of items.

    Returns:
        (B, k) int64 item numbers and (B, k) float32 scores. Where fewer than ``k`` items are
        unseen, the rest is -1 with score minus infinity.

    Raises:
        TrainingError: AS410 when a user has a score that is not a number.

    Cost: one comparison per score, vectorised, and a heap of ``k`` that about k log(I / k) items
    enter when their scores are in random order.
    """
    if scores.device.type != "cpu":
        return top_k_torch(scores, users, seen, k)
    items = np.empty((len(users), k), np.int64)
    best, faults = np.empty((len(users), k), np.float32), np.zeros(len(users), np.int8)
    _best_of_rows(scores.detach().numpy(), users, seen.indptr, seen.items, items, best, faults)
    _refuse(users, faults)
    return items, best


def top_k_torch(
    scores: Tensor, users: IntArray, seen: ItemLists, k: int
) -> tuple[IntArray, ScoreArray]:
    """Torch twin of :func:`top_k`, by sorting whole rows; five times the memory of scores."""
    unseen, order, places = _places(scores, users, seen)
    _refuse(users, (scores.isnan().any(dim=1) * _NAN).cpu().numpy())
    items = torch.full((len(users), k), -1, device=scores.device)
    best = torch.full((len(users), k), -torch.inf, device=scores.device)
    rows, at = torch.nonzero(unseen.gather(1, order) & (places <= k), as_tuple=True)
    chosen, column = order[rows, at], places[rows, at] - 1
    items[rows, column], best[rows, column] = chosen, scores.detach()[rows, chosen]
    return items.cpu().numpy(), best.cpu().numpy()


def _places(scores: Tensor, users: IntArray, seen: ItemLists) -> tuple[Tensor, Tensor, Tensor]:
    """(B, I) each: is it unseen; items from best to worst; how many unseen up to there."""
    unseen = torch.ones(scores.shape, dtype=torch.bool, device=scores.device)
    unseen[_flatten(users, seen, scores.device)] = False
    order = torch.sort(scores.detach(), dim=1, descending=True, stable=True).indices
    return unseen, order, unseen.gather(1, order).cumsum(dim=1)


def _flatten(users: IntArray, lists: ItemLists, device: torch.device) -> tuple[Tensor, Tensor]:
    """Positions in ``users`` and items of all their pairs, both (n,) int64."""
    spans = [lists.items[lists.indptr[user] : lists.indptr[user + 1]] for user in users]
    rows = np.repeat(np.arange(len(users)), [len(span) for span in spans])
    items = np.concatenate([*spans, np.empty(0, np.int64)])
    return torch.tensor(rows, device=device), torch.tensor(items, device=device)


def _refuse(users: IntArray, faults: npt.NDArray[np.int8]) -> None:
    """Raise for the first kind of fault there is, naming the users."""
    if (faults == _NAN).any():
        raise TrainingError(
            "AS410",
            "Scores must be numbers to be ranked, got NaN for user numbers listed here.",
            "Lower the learning rate, or look for NaN in the user and item tables.",
            users[faults == _NAN].tolist(),
        )
    if (faults == _OVERLAP).any():
        raise DataError(
            "AS140",
            "An item to rank must not be among the seen ones, but is for user numbers listed here.",
            "Remove the overlap of the two parts, or do not count the item as seen.",
            users[faults == _OVERLAP].tolist(),
        )


@numba.njit(nogil=True, cache=True)
def _count_not_below(scores: ScoreArray, bound: np.float32) -> np.int32:
    """How many are at least ``bound`` or not a number."""
    count = np.int32(0)
    for at in range(scores.shape[0]):
        count = np.int32(count + np.int32(not scores[at] < bound))
    return count


@numba.njit(nogil=True, cache=True)
def _count_above(scores: ScoreArray, bound: np.float32) -> np.int32:
    count = np.int32(0)
    for at in range(scores.shape[0]):
        count = np.int32(count + np.int32(scores[at] > bound))
    return count


@numba.njit(nogil=True, cache=True)
def _count_nan(scores: ScoreArray) -> np.int32:
    count = np.int32(0)
    for at in range(scores.shape[0]):
        count = np.int32(count + np.int32(scores[at] != scores[at]))
    return count


@numba.njit(nogil=True, cache=True)
def _rank_row(scores: ScoreArray, seen: RankArray, held: RankArray, ranks: RankArray) -> int:
    """Add to ``ranks`` the items before each of ``held``; the fault, or 0.

    All items are counted, then the seen are taken off: no score need be overwritten.
    """
    fault = 0
    for start in range(0, scores.shape[0], _SEGMENT):
        part = scores[start : start + _SEGMENT]
        if _count_nan(part) > 0:
            fault = _NAN
        for at in range(held.shape[0]):
            own = scores[held[at]]
            cut = min(max(held[at] - start, 0), part.shape[0])  # before it ties count
            ranks[at] += _count_not_below(part[:cut], own)
            ranks[at] += _count_above(part[cut:], own)
    for at in range(held.shape[0]):
        own = scores[held[at]]
        for item in seen:
            if scores[item] > own or (scores[item] == own and item < held[at]):
                ranks[at] -= 1
            if item == held[at] and fault == 0:
                fault = _OVERLAP
    return fault


@numba.njit(nogil=True, cache=True)
def _rank_rows(  # type: ignore[no-untyped-def]
    scores, users, seen_indptr, seen_items, held_indptr, held_items, starts, ranks, faults
):
    for row in range(users.shape[0]):
        user = users[row]
        seen = seen_items[seen_indptr[user] : seen_indptr[user + 1]]
        held = held_items[held_indptr[user] : held_indptr[user + 1]]
        faults[row] = _rank_row(scores[row], seen, held, ranks[starts[row] : starts[row + 1]])


@numba.njit(nogil=True, cache=True)
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


@numba.njit(nogil=True, cache=True)
def _best_of_row(scores: ScoreArray, seen: RankArray, items: IntArray, best: ScoreArray) -> int:
    """Fill ``items`` and ``best``, best first; the fault, or 0."""
    n, passed = scores.shape[0], 0
    items[:], best[:] = n, -np.inf  # item n stands for no item and loses to every item
    for start in range(0, n, _CHUNK):
        stop = min(start + _CHUNK, n)
        if _count_not_below(scores[start:stop], best[0]) == 0:
            continue
        for item in range(start, stop):
            if np.isnan(scores[item]):
                return _NAN
            if scores[item] < best[0] or (scores[item] == best[0] and items[0] < item):
                continue
            while passed < seen.shape[0] and seen[passed] < item:
                passed += 1
            if passed == seen.shape[0] or seen[passed] != item:
                best[0], items[0] = scores[item], item
                _settle(best, items, items.shape[0])
    for last in range(items.shape[0] - 1, 0, -1):
        best[0], best[last] = best[last], best[0]
        items[0], items[last] = items[last], items[0]
        _settle(best, items, last)
    items[items == n] = -1
    return 0


@numba.njit(nogil=True, cache=True)
def _best_of_rows(  # type: ignore[no-untyped-def]
    scores, users, seen_indptr, seen_items, items, best, faults
):
    for row in range(users.shape[0]):
        seen = seen_items[seen_indptr[users[row]] : seen_indptr[users[row] + 1]]
        faults[row] = _best_of_row(scores[row], seen, items[row], best[row])
