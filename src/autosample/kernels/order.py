"""The one order in which items are ranked, and what ranks and lists share.

The higher score comes first, and of equal scores the lower item number. Seen items are left out by
their number, never by a score put in their place, so that they cannot be mistaken for an item that
happens to have that score, infinities included.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from autosample.data.interactions import Interactions
from autosample.errors import DataError, TrainingError
from autosample.kernels.compiling import kernel

IntArray = npt.NDArray[np.int64]
RankArray = npt.NDArray[np.int32]
ScoreArray = npt.NDArray[np.float32]

OVERLAP, NAN = 1, 2  # the worse one is told
_BUFFER_BYTES = 64 * 2**20  # of scores, in the torch twins


def score_blocks(left: Tensor, right: Tensor, users: IntArray) -> Iterator[tuple[IntArray, Tensor]]:
    """Users and their (b, I) scores, as many at a time as fit."""
    left, right = left.detach().float(), right.detach().float()
    rows = max(1, _BUFFER_BYTES // (4 * max(len(right), 1)))
    for start in range(0, len(users), rows):
        block = users[start : start + rows]
        yield block, left[torch.from_numpy(block).to(left.device)] @ right.T


def unseen_of(scores: Tensor, users: IntArray, seen: Interactions) -> Tensor:
    """(B, I), which items the users have not seen."""
    unseen = torch.ones(scores.shape, dtype=torch.bool, device=scores.device)
    unseen[pairs_of(users, seen, scores.device)] = False
    return unseen


def pairs_of(users: IntArray, lists: Interactions, device: torch.device) -> tuple[Tensor, Tensor]:
    """Positions in ``users`` and items of all their pairs, both (n,) int64."""
    starts = lists.indptr[users]
    counts = lists.indptr[users + 1] - starts
    rows = np.repeat(np.arange(len(users)), counts)
    places = np.arange(len(rows)) + (starts - np.cumsum(counts) + counts)[rows]
    pair = rows, lists.items[places].astype(np.int64)
    return torch.tensor(pair[0], device=device), torch.tensor(pair[1], device=device)


def refuse(users: IntArray, faults: npt.NDArray[np.int8]) -> None:
    """Raise for the first kind of fault there is, naming the users."""
    if (faults == NAN).any():
        raise TrainingError(
            "AS410",
            "Scores must be numbers to be ranked, got NaN for user numbers listed here.",
            "Lower the learning rate, or look for NaN in the user and item tables.",
            users[faults == NAN].tolist(),
        )
    if (faults == OVERLAP).any():
        raise DataError(
            "AS140",
            "An item to rank must not be among the seen ones, but is for user numbers listed here.",
            "Remove the overlap of the two parts, or do not count the item as seen.",
            users[faults == OVERLAP].tolist(),
        )


@kernel()
def count_not_below(scores: ScoreArray, bound: np.float32) -> np.int32:
    """How many are at least ``bound`` or not a number."""
    count = np.int32(0)
    for at in range(scores.shape[0]):
        count = np.int32(count + np.int32(not scores[at] < bound))
    return count
