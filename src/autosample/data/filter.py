"""Leave rows out on stated grounds; every filter counts what it dropped in a note."""

from __future__ import annotations

import numpy as np
import polars as pl

from autosample.data.events import Events, Note
from autosample.data.vocabulary import Vocabulary
from autosample.errors import DataError, SettingsError


def normalised(events: Events) -> Events:
    """Ids in Unicode's composed form (NFC), so that those that look the same are the same."""
    return events.replace(events.frame.with_columns(pl.col("user", "item").str.normalize("NFC")))


def drop_duplicates(events: Events) -> Events:
    """Keep one row of each (user, item): the earliest, or the first where there are no times.

    Every split and the k-core do this first, so that no pair can fall into two parts.
    """
    pair = ["user", "item"]
    frame = events.frame.with_row_index("row")
    if events.has_time:
        frame = frame.sort("time", nulls_last=True, maintain_order=True)
    frame = frame.unique(pair, keep="first", maintain_order=True).sort("row").drop("row")
    dropped = len(events) - frame.height
    if not dropped:
        return events
    which = "earliest" if events.has_time else "first"
    text = f"Repeated pairs of user and item dropped; the {which} row of each is kept."
    return events.replace(frame, Note("AS160", text, dropped))


def minimum_rating(events: Events, threshold: float | None) -> Events:
    """Keep rows rated ``threshold`` or higher as positives; events without ratings pass.

    Args:
        events: Before duplicates are dropped: a pair is positive if any of its ratings is.
        threshold: None declares that every rating is a positive, which holds only above zero.

    Raises:
        DataError: AS120 without a threshold when a rating is zero, negative, missing or not
            finite (it would silently count as a positive); AS121 when nothing is left.
        SettingsError: AS240 when there is a threshold but no ratings, or it is not finite.
    """
    if threshold is None:
        return _all_positive(events) if events.has_rating else events
    if not events.has_rating or not np.isfinite(threshold):
        raise SettingsError(
            "AS240",
            f"A minimum rating of {threshold} needs a finite number and a column of ratings.",
            "Name the rating column, or leave the minimum out.",
        )
    ratings = events.frame["rating"]
    finite = ratings.is_finite().fill_null(value=False)
    kept = events.frame.filter(finite & (ratings >= threshold).fill_null(value=False))
    if not kept.height:
        highest = ratings.filter(finite).to_numpy().max(initial=-np.inf)
        found = f"the highest is {highest:g}" if finite.any() else "none is a finite number"
        raise DataError(
            "AS121",
            f"No rating reaches the minimum of {threshold:g}; {found}.",
            "Lower --min-rating (minimum_rating= in Python), or name another column.",
        )
    unusable = int((~finite).sum())
    below = len(events) - kept.height - unusable
    told = (
        (f"Rows rated below {threshold:g} dropped.", below),
        ("Rows not rated dropped.", unusable),
    )
    return events.replace(kept, *(Note("AS161", text, count) for text, count in told if count))


def k_core(events: Events, k_user: int, k_item: int) -> Events:
    """Keep users with at least ``k_user`` items and items with at least ``k_item`` users.

    Both rules are applied in turn until neither drops a row. Duplicates are dropped first.

    Args:
        events: Interactions.
        k_user: At least 0; 0 and 1 keep all.
        k_item: Likewise.

    Raises:
        SettingsError: AS240 when a bound is negative.
        DataError: AS122 when nothing is left, with the sizes after each round.

    Cost: O(rows) per round.
    """
    if min(k_user, k_item) < 0:
        raise SettingsError("AS240", "k-core bounds are 0 or more.", "Use 0 to keep all.")
    events = drop_duplicates(events)
    users, items = (
        Vocabulary.from_ids(events.frame[role]).numbers(events.frame[role])
        for role in ("user", "item")
    )
    keep = np.ones(len(events), dtype=np.bool_)
    rounds = [f"{len(events)} rows"]
    while True:
        before = int(keep.sum())
        for numbers, k in ((users, k_user), (items, k_item)):
            keep &= np.bincount(numbers[keep], minlength=len(events))[numbers] >= k
        left = int(keep.sum())
        if left == before:
            break
        rounds.append(
            f"round {len(rounds)}: {left} rows, {np.unique(users[keep]).size} users, "
            f"{np.unique(items[keep]).size} items"
        )
    if not left:
        raise DataError(
            "AS122",
            f"The {k_user}/{k_item}-core is empty ({_shortened(rounds)}).",
            "Lower the bounds.",
        )
    if left == len(events):
        return events
    text = f"Rows outside the {k_user}/{k_item}-core dropped ({_shortened(rounds)})."
    note = Note("AS163", text, len(events) - left)
    return events.replace(events.frame.filter(pl.Series(keep)), note)


def _all_positive(events: Events) -> Events:
    """Check that every rating can pass for a positive, and say that it does."""
    ratings = events.frame["rating"]
    usable = (ratings.is_finite() & (ratings > 0)).fill_null(value=False)
    if not usable.all():
        raise DataError(
            "AS120",
            f"{int((~usable).sum())} of {len(events)} ratings are zero, negative, missing or not "
            "finite, and there is no minimum rating.",
            "Set --min-rating (minimum_rating= in Python), or leave the rating column out if every "
            "row is a positive.",
            ratings.filter(~usable)[:5],
        )
    if ratings.n_unique() == 1:
        return events
    values = ratings.to_numpy()
    text = f"Ratings from {values.min():g} to {values.max():g} all count as positives."
    return events.replace(events.frame, Note("AS162", text, len(events)))


def _shortened(rounds: list[str]) -> str:
    """The first rounds and the last."""
    shown = rounds if len(rounds) <= 6 else [*rounds[:4], "...", rounds[-1]]
    return "; ".join(shown)
