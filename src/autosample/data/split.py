"""Split events into train, valid and test, in the same way whatever the order of the rows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl

from autosample.data.events import Events, Note
from autosample.data.filter import drop_duplicates
from autosample.data.hashing import pair_keys, unit_interval
from autosample.data.interactions import IntArray
from autosample.data.times import guess_unit, histogram, show_time
from autosample.data.vocabulary import Vocabulary
from autosample.errors import DataError, SettingsError

TRAIN, VALID, TEST = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Split:
    """Three parts without a pair in common, and all notes up to here."""

    train: Events
    valid: Events
    test: Events
    notes: tuple[Note, ...] = ()


def split_ratio(events: Events, *, valid: float = 0.1, test: float = 0.1, seed: int = 0) -> Split:
    """Hold out a share of each user's items, chosen by a hash of (user, item, seed).

    A user with n items gives floor(n test + u) to test and floor(n (valid + test) + u) minus that
    to valid, where u in [0, 1) is a hash of the user: shares hold on average for short histories
    too. At least one item stays in train.

    Args:
        events: Interactions; duplicates are dropped first.
        valid: Share for validation.
        test: Share for the test.
        seed: Another seed, another split.

    Raises:
        SettingsError: AS241 when shares are negative or leave nothing to train.
    """
    _check_shares(valid, test)
    return _split_by_hash(drop_duplicates(events), valid, test, seed)


def split_leave_last(events: Events, *, seed: int = 0) -> Split:
    """Hold out each user's last item for the test and the one before for validation.

    Users with fewer than three items stay whole in train. Equal times are ordered by a hash of
    (user, item, seed).

    Raises:
        DataError: AS126 when a row has no time.
    """
    _check_times(events)
    events = drop_duplicates(events)
    keys = (events.frame["time"].to_numpy(), pair_keys(events.frame, seed))
    rank, size = _rank_within(events.frame["user"], *keys)
    part = np.where(size < 3, TRAIN, np.maximum(TEST - (size - 1 - rank), TRAIN))
    leak = Note(
        "AS165",
        "Leave-last cuts each user at another time: what others did later can be in train.",
        events.frame["user"].n_unique(),
    )
    return _parts(events, pl.Series(part), leak, *_tie_notes(events))


def split_temporal(events: Events, *, valid: float = 0.1, test: float = 0.1) -> Split:
    """Cut all users at the same two times: the latest share is the test, the one before valid.

    Rows of the same time stay together. Users who come after the first cut have nothing in train.

    Raises:
        SettingsError: AS241 when shares are negative or leave nothing to train.
        DataError: AS126 when a row has no time, AS124 when a part would be empty.
    """
    _check_shares(valid, test)
    _check_times(events)
    events = drop_duplicates(events)
    times = events.frame["time"].sort().to_numpy()
    cuts = [
        times[len(times) - round(len(times) * share)] if round(len(times) * share) else np.inf
        for share in (valid + test, test)
    ]
    time = pl.col("time")
    part = events.frame.select(
        pl.when(time >= cuts[1]).then(TEST).when(time >= cuts[0]).then(VALID).otherwise(TRAIN)
    ).to_series()
    wanted = [TRAIN] + [VALID] * (valid > 0) + [TEST] * (test > 0)
    if not set(wanted) <= set(part):
        raise DataError(
            "AS124",
            f"Cutting {len(times)} rows in time leaves a part empty: too many share a time.",
            "Use the split 'ratio', or other shares.",
            histogram(times),
        )
    unit = guess_unit(times)
    shown = ", ".join(show_time(cut, unit) for cut in cuts if np.isfinite(cut))
    return _parts(events, part, Note("AS167", f"Cut in time at {shown}.", len(times)))


def from_files(
    train: Events,
    valid: Events | None = None,
    test: Events | None = None,
    *,
    valid_share: float = 0.1,
    seed: int = 0,
    allow_overlap: bool = False,
) -> Split:
    """Take parts as they are given; without ``valid`` a share of train becomes it.

    Args:
        train: Interactions to learn from.
        valid: Interactions for choosing; by default ``valid_share`` of train, as in
            :func:`split_ratio`.
        test: Interactions for the final word; by default none.
        valid_share: See ``valid``.
        seed: See :func:`split_ratio`.
        allow_overlap: Take parts with common pairs, with a note, instead of refusing. Those of
            train and valid stay in train alone; those of the test are ranked as if unseen.

    Raises:
        SettingsError: AS241 when the share is not in [0, 1).
        DataError: AS125 when two parts have pairs in common.
    """
    _check_shares(valid_share, 0.0)
    given = {"train": train, "valid": valid, "test": test}
    parts = {name: drop_duplicates(part) for name, part in given.items() if part is not None}
    notes = tuple(note for part in parts.values() for note in part.notes)
    for first, second in combinations(parts, 2):
        notes += _overlap_notes(parts, first, second, allow_overlap)
    if valid is not None:  # to choose by what was trained on would be pointless
        known = parts["train"].frame
        left = parts["valid"].frame.join(
            known, on=["user", "item"], how="anti", maintain_order="left"
        )
        parts["valid"] = Events(left)
    empty = Events(parts["train"].frame.select("user", "item").clear())
    if valid is None and valid_share:
        drawn = _split_by_hash(Events(parts["train"].frame), valid_share, 0.0, seed)
        text = f"Validation pairs taken from train, {valid_share:.0%} per user."
        notes += (*drawn.notes, Note("AS168", text, len(drawn.valid)))
        parts |= {"train": drawn.train, "valid": drawn.valid}
    chosen = [Events(parts.get(name, empty).frame) for name in given]
    return Split(chosen[0], chosen[1], chosen[2], notes)


def drop_cold_users(split: Split) -> Split:
    """Leave out held-out rows of users who have nothing in train.

    Without this they are ranked by rows that were never trained.
    """
    known = split.train.frame.select("user").unique()
    held = [
        part.replace(part.frame.join(known, on="user", how="semi", maintain_order="left"))
        for part in (split.valid, split.test)
    ]
    dropped = len(split.valid) + len(split.test) - sum(map(len, held))
    text = "Held-out rows of users with nothing in train dropped, as asked."
    notes = (Note("AS174", text, dropped),) if dropped else ()
    return Split(split.train, held[0], held[1], split.notes + notes)


def _split_by_hash(events: Events, valid: float, test: float, seed: int) -> Split:
    """:func:`split_ratio` of events without duplicates."""
    rank, size = _rank_within(events.frame["user"], pair_keys(events.frame, seed))
    unit = unit_interval(events.frame["user"], seed)
    cuts = [np.minimum(np.floor(size * share + unit), size - 1) for share in (test, valid + test)]
    part = np.select([rank < cuts[0], rank < cuts[1]], [TEST, VALID], TRAIN)
    return _parts(events, pl.Series(part))


def _rank_within(users: pl.Series, *keys: np.ndarray) -> tuple[IntArray, IntArray]:
    """Place of each of (n,) rows among those of its user by ascending keys, and their number."""
    numbers = Vocabulary.from_ids(users).numbers(users)
    sizes = np.bincount(numbers)
    order = np.lexsort((*reversed(keys), numbers))
    rank = np.empty(len(numbers), dtype=np.int64)
    rank[order] = np.arange(len(numbers)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return rank, sizes[numbers]


def _parts(events: Events, part: pl.Series, *notes: Note) -> Split:
    """Rows by part (n,), with the users counted who stay whole in train."""
    frames = [Events(events.frame.filter(part == which)) for which in (TRAIN, VALID, TEST)]
    held = events.frame["user"].filter(part != TRAIN).n_unique()
    whole = events.frame["user"].n_unique() - held
    if whole:
        notes += (Note("AS164", "Users with nothing held out, whole in train.", whole),)
    return Split(frames[TRAIN], frames[VALID], frames[TEST], events.notes + notes)


def _overlap_notes(
    parts: dict[str, Events], first: str, second: str, allowed: bool
) -> tuple[Note, ...]:
    common = parts[first].frame.join(parts[second].frame, on=["user", "item"], how="semi")
    if not common.height:
        return ()
    same = first == "valid" and common.height == max(parts[n].frame.height for n in (first, second))
    if same:
        raise DataError(
            "AS125",
            "valid and test are the same interactions, so the test would decide the search.",
            "Give another file for validation, or none: then a share of train is held out.",
        )
    if not allowed:
        raise DataError(
            "AS125",
            f"{first} and {second} have {common.height} pairs in common.",
            "Remove them from one; where this is meant, pass --allow-overlap (allow_overlap=True "
            "in Python).",
            common.select("user", "item").head(5).rows(),
        )
    return (Note("AS169", f"Pairs in both {first} and {second}, as allowed.", common.height),)


def _check_shares(valid: float, test: float) -> None:
    if not (valid >= 0 and test >= 0 and valid + test < 1):
        raise SettingsError(
            "AS241",
            f"Shares of valid and test are 0 or more and below 1 together, got {valid}, {test}.",
            "Use for example 0.1 and 0.1.",
        )


def _check_times(events: Events) -> None:
    missing = events.frame["time"].null_count() if events.has_time else len(events)
    if missing:
        raise DataError(
            "AS126",
            f"This split needs a time for every row, {missing} of {len(events)} have none.",
            "Name it with --time (time= in Python), drop the rows, or use the split 'ratio'.",
        )


def _tie_notes(events: Events) -> tuple[Note, ...]:
    """A note when a user's order rests on the hash alone."""
    tied = int(events.frame.select("user", "time").is_duplicated().sum())
    text = "Rows at the same time as another of the user, ordered by hash."
    return (Note("AS166", text, tied),) if tied else ()
