"""Full ranking: every held-out item against every item its user has not seen, in bounded memory.

Nothing is sampled, and a user's ranks depend neither on the other users ranked nor on the threads.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from torch import Tensor

from autosample.border import checked
from autosample.data.interactions import Interactions, whole_numbers
from autosample.errors import DataError, SettingsError
from autosample.kernels.best import top_k
from autosample.kernels.rank import ranks_of
from autosample.metrics import Ranks

IntArray = npt.NDArray[np.int64]


@checked
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
        DataError: AS142 when tables and interactions differ in size or tables in width, AS140
            when ``held`` and ``seen`` overlap.
        TrainingError: AS410 when a score is not a number.

    Cost and memory: those of :func:`autosample.kernels.rank.ranks_of`.
    """
    for part in (seen, held):
        _check_sizes(users_table, items_table, part)
    users = np.flatnonzero(held.user_counts)
    indptr = np.concatenate([[0], np.cumsum(held.user_counts[users])]).astype(np.int64)
    ranks = ranks_of(users_table, items_table, users, seen, held)
    return Ranks(users, indptr, ranks, held.n_items - seen.user_counts[users])


@checked
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
        DataError: AS142 when tables and interactions differ in size or tables in width, AS111
            for a user number out of range or not whole.
        SettingsError: AS231 when ``k`` is below 1.
        TrainingError: AS410 when a score is not a number.
    """
    _check_sizes(users_table, items_table, seen)
    numbers = whole_numbers(users, "user").reshape(-1)
    bad = numbers[(numbers < 0) | (numbers >= seen.n_users)]
    if bad.size:
        problem = f"Every user number must lie in 0..{seen.n_users - 1}."
        raise DataError("AS111", problem, "Ask for users the model was trained on.", bad.tolist())
    if k < 1:
        raise SettingsError("AS231", f"k must be at least 1, got {k}.", "Ask for one item or more.")
    return top_k(users_table, items_table, numbers, seen, k)


def _check_sizes(users_table: Tensor, items_table: Tensor, part: Interactions) -> None:
    if (len(users_table), len(items_table)) != (part.n_users, part.n_items):
        raise DataError(
            "AS142",
            f"Tables and interactions must have the same users and items, got {len(users_table)} x "
            f"{len(items_table)} and {part.n_users} x {part.n_items}.",
            "Use the interactions the model was built for.",
        )
    if users_table.shape[1:] != items_table.shape[1:] or users_table.dim() != 2:
        raise DataError(  # kernels check no bounds
            "AS142",
            "Tables of users and items must be (U, D) and (I, D) of one width D, got "
            f"{tuple(users_table.shape)} and {tuple(items_table.shape)}.",
            "Give the final tables, whose dot products are the scores.",
        )
