"""Full ranking: every held-out item against every item its user has not seen, in bounded memory.

Nothing is sampled. Users are scored a block at a time into a buffer that each thread reuses.

The bits of a float32 matrix product depend on its shape and on the number of threads that share
it, because the library picks its code by both. So every product here has the same shape, set by
the number of items alone, and is done by one thread; threads take different users, and the last
block is padded. A user's ranks depend neither on the other users ranked nor on the threads, as
long as the library treats all rows of a product alike (MKL was found to).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from autosample.data.interactions import Interactions
from autosample.errors import DataError, SettingsError
from autosample.kernels.rank import ranks_of, top_k
from autosample.kernels.threads import in_one_thread, parallel_ranges
from autosample.metrics import Ranks

IntArray = npt.NDArray[np.int64]

_BUFFER_BYTES = 64 * 2**20
_CPU_BLOCK = 64  # users; measured: fewer waste the product, more leave the cache before ranking
_GPU_BLOCK = 1024


def rank_held_out(
    users_table: Tensor, items_table: Tensor, seen: Interactions, held: Interactions
) -> Ranks:
    """Rank the held-out items of each user that has any.

    Args:
        users_table: (U, D) final rows of the users; the score is the dot product, in float32.
        items_table: (I, D) final rows of the items.
        seen: Interactions that are not ranked: for a test, the union of training and validation.
        held: Interactions to rank; none may be in ``seen``.

    Raises:
        DataError: AS142 when tables and interactions differ in size, AS140 when ``held`` and
            ``seen`` overlap.
        TrainingError: AS410 when a score is not a number.

    Cost: 2 I D operations per user and what :func:`autosample.kernels.rank.ranks_of` costs.
    Memory: per thread the scores of 64 users, or of fewer so as to stay within 64 MB.
    """
    for part in (seen, held):
        _check_sizes(users_table, items_table, part)
    users = np.flatnonzero(held.user_counts)
    indptr = np.concatenate([[0], np.cumsum(held.user_counts[users])]).astype(np.int64)
    ranks = np.empty(len(held), np.int32)

    def rank_block(start: int, stop: int, scores: Tensor) -> None:
        ranks[indptr[start] : indptr[stop]] = ranks_of(scores, users[start:stop], seen, held)

    _score_blocks(users_table, items_table, users, rank_block)
    return Ranks(users, indptr, ranks, held.n_items - seen.user_counts[users])


def recommend(
    users_table: Tensor, items_table: Tensor, seen: Interactions, users: npt.ArrayLike, k: int
) -> tuple[IntArray, npt.NDArray[np.float32]]:
    """The ``k`` best unseen items of each user, best first, and their scores.

    Args:
        users_table: (U, D) final rows of the users.
        items_table: (I, D) final rows of the items.
        seen: Interactions that are not recommended.
        users: (n,) user numbers.
        k: Length of the lists, at least 1.

    Returns:
        (n, k) int64 item numbers and (n, k) float32 scores; -1 and minus infinity where a user
        has fewer than ``k`` unseen items. Of equal scores the lower item number comes first.

    Raises:
        DataError: AS142 when tables and interactions differ in size, AS111 for a user number out
            of range.
        SettingsError: AS231 when ``k`` is below 1.
        TrainingError: AS410 when a score is not a number.
    """
    _check_sizes(users_table, items_table, seen)
    numbers = np.asarray(users, dtype=np.int64).reshape(-1)
    bad = numbers[(numbers < 0) | (numbers >= seen.n_users)]
    if bad.size:
        problem = f"Every user number must lie in 0..{seen.n_users - 1}."
        raise DataError("AS111", problem, "Ask for users the model was trained on.", bad.tolist())
    if k < 1:
        raise SettingsError("AS231", f"k must be at least 1, got {k}.", "Ask for one item or more.")
    items, best = np.empty((len(numbers), k), np.int64), np.empty((len(numbers), k), np.float32)

    def fill_block(start: int, stop: int, scores: Tensor) -> None:
        items[start:stop], best[start:stop] = top_k(scores, numbers[start:stop], seen, k)

    _score_blocks(users_table, items_table, numbers, fill_block)
    return items, best


def _score_blocks(
    users_table: Tensor,
    items_table: Tensor,
    users: IntArray,
    use: Callable[[int, int, Tensor], None],
) -> None:
    """Call ``use(start, stop, scores)`` on the (stop - start, I) scores of each block of users.

    Blocks come in no particular order and from several threads; ``scores`` is reused after.
    """
    left, right = users_table.detach().float(), items_table.detach().float().T
    most = _BUFFER_BYTES // (4 * max(right.shape[1], 1))
    rows = max(1, min(_CPU_BLOCK if left.device.type == "cpu" else _GPU_BLOCK, most))

    def score(first: int, last: int) -> None:
        picked, scores = left.new_zeros(rows, left.shape[1]), left.new_empty(rows, right.shape[1])
        for start in range(first * rows, last * rows, rows):
            block = torch.from_numpy(users[start : start + rows]).to(left.device)
            picked[: len(block)] = left[block]
            torch.mm(picked, right, out=scores)
            use(start, start + len(block), scores[: len(block)])

    n_blocks = -(-len(users) // rows)
    if left.device.type != "cpu":
        score(0, n_blocks)
    else:
        parallel_ranges(in_one_thread(score), n_blocks, grain=1)


def _check_sizes(users_table: Tensor, items_table: Tensor, part: Interactions) -> None:
    if (len(users_table), len(items_table)) != (part.n_users, part.n_items):
        raise DataError(
            "AS142",
            f"Tables and interactions must have the same users and items, got {len(users_table)} x "
            f"{len(items_table)} and {part.n_users} x {part.n_items}.",
            "Use the interactions the model was built for.",
        )
