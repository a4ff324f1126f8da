"""Whether a test that was given is a random part of each user's items, as a drawn validation is."""

from __future__ import annotations

import numpy as np

from autosample.data.events import Note
from autosample.data.interactions import Interactions

_ENOUGH = 2.0  # least variance of an item's count that is looked at
_FAR, _SURE = 1.5, 5.0  # dispersion that is told, and its least distance from 1 in standard errors


def dispersion(part: Interactions, *rest: Interactions) -> tuple[float, int]:
    """How far the items of ``part`` are from a random share of each user's items.

    Let s_u be the share of user u's pairs that lie in ``part``. Were they drawn at random, the
    count of an item there would have mean sum_u s_u and variance sum_u s_u (1 - s_u) over its
    users. The dispersion is the mean squared distance from that mean, in variances: 1 for a random
    part, more where some items are held out rather than others, as by a cut in time.

    Args:
        part: Pairs held out.
        rest: All others.

    Returns:
        The dispersion, and of how many items it is the mean: those with a variance of at least 2.
        NaN and 0 without any.
    """
    parts = (part, *rest)
    users = np.concatenate([one.users for one in parts])
    items = np.concatenate([one.items for one in parts])
    share = (part.user_counts / np.maximum(sum(one.user_counts for one in parts), 1))[users]
    mean = np.bincount(items, share, part.n_items)
    variance = np.bincount(items, share * (1 - share), part.n_items)
    enough = variance >= _ENOUGH
    if not enough.any():
        return float("nan"), 0
    squares = (part.item_counts - mean)[enough] ** 2 / variance[enough]
    return float(squares.mean()), int(enough.sum())


def drift_notes(train: Interactions, valid: Interactions, test: Interactions) -> tuple[Note, ...]:
    """A note where the test is not the random part that the validation is."""
    ratio, n_items = dispersion(test, train, valid)
    if n_items == 0 or ratio < max(_FAR, 1 + _SURE * np.sqrt(2 / n_items)):
        return ()
    text = (
        f"The test is not a random part of each user's items: the counts of items in it have "
        f"{ratio:.1f} times the variance of chance. Validation is a random part, so what is best "
        f"by it may not be on the test."
    )
    return (Note("AS177", text, n_items),)
