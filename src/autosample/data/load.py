"""From a source to a dataset in one call: read, filter, split, number."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, Literal

from autosample.border import checked
from autosample.data.alike import drift_notes
from autosample.data.dataset import Dataset
from autosample.data.events import Events
from autosample.data.exposed import with_exposed
from autosample.data.filter import k_core as keep_k_core
from autosample.data.filter import minimum_rating as keep_minimum_rating
from autosample.data.filter import normalised
from autosample.data.read import FileFormat, read_events
from autosample.data.split import (
    Split,
    drop_cold_users,
    from_files,
    split_leave_last,
    split_ratio,
    split_temporal,
)
from autosample.errors import SettingsError

SplitName = Literal["ratio", "leave-last", "temporal"]


@checked
def load_dataset(
    source: Any,
    *,
    test_file: Any = None,
    valid_file: Any = None,
    exposed: Any = None,
    user: str | int = "user_id",
    item: str | int = "item_id",
    rating: str | int | None = None,
    time: str | int | None = None,
    minimum_rating: float | None = None,
    k_core: int = 0,
    split: SplitName = "ratio",
    valid: float = 0.1,
    test: float = 0.1,
    seed: int = 0,
    separator: str | None = None,
    header: bool = True,
    encoding: str = "utf-8",
    skip_bad_lines: bool = False,
    file_format: FileFormat = "auto",
    allow_overlap: bool = False,
    normalize_ids: str | None = None,
    cold_users: str = "keep",
) -> Dataset:
    """Read interactions and make the dataset of a run.

    Ratings are judged first, then duplicates dropped, then the k-core taken, then split. With
    ``test_file`` the parts are taken as given, and ``split`` and ``test`` say nothing.

    Args:
        source: All interactions, or those to train on; anything :func:`read_events` reads.
        test_file: The test, in the same form.
        valid_file: The validation; without it ``valid`` of each user's training items.
        exposed: What users were shown, taken or not, in the same form; for the sampler
            ``exposure``. Ratings and times in it are not looked at.
        user: See :func:`read_events`, as for all settings of reading.
        item: Column of item ids.
        rating: Column of ratings.
        time: Column of times; needed by the splits leave-last and temporal.
        minimum_rating: Lowest rating that is a positive.
        k_core: Least number of items per user and users per item, in ``source`` as a whole.
        split: ``ratio`` per user, ``leave-last`` per user, or ``temporal`` for all at once.
        valid: Share for validation.
        test: Share for the test.
        seed: Of the split.
        separator: Between fields.
        header: Whether the first line names the columns.
        encoding: Of text files.
        skip_bad_lines: Drop unusable rows instead of refusing.
        file_format: Layout of text files.
        allow_overlap: Take given parts with common pairs. Metrics rank them, while lists of
            recommendations leave out what was trained on.
        normalize_ids: "nfc": ids that look the same but store their accents otherwise become one.
            None: ids stay as they are.
        cold_users: What becomes of held-out rows of users with nothing in train: "keep" ranks them
            by untrained rows, "drop" leaves them out. Both are counted.

    Raises:
        DataError: AS100 to AS132.
        SettingsError: AS240 to AS243; AS284 for an unknown argument or one of another type.

    Example:
        >>> import polars as pl
        >>> from autosample import load_dataset
        >>> rows = {"who": ["a"] * 4 + ["b"] * 4, "what": [1, 2, 3, 4, 2, 3, 4, 5]}
        >>> dataset = load_dataset(pl.DataFrame(rows), user="who", item="what", test=0.25)
        >>> dataset.n_users, dataset.n_items, len(dataset.test)
        (2, 5, 2)
        >>> dataset.notes[0].message
        'Read 8 rows from the frame: 2 users, 5 items.'
    """
    check_choices(normalize_ids, cold_users)
    read_plain = partial(
        read_events,
        user=user,
        item=item,
        separator=separator,
        header=header,
        encoding=encoding,
        skip_bad_lines=skip_bad_lines,
        file_format=file_format,
    )

    def read(part: Any, rating: str | int | None = None, time: str | int | None = None) -> Events:
        events = read_plain(part, rating=rating, time=time)
        return normalised(events) if normalize_ids else events

    def positives(part: Any) -> Events:
        return keep_minimum_rating(read(part, rating, time), minimum_rating)

    def numbered(parts: Split) -> Dataset:
        dataset = Dataset.from_split(drop_cold_users(parts) if cold_users == "drop" else parts)
        return dataset if exposed is None else with_exposed(dataset, read(exposed))

    events = positives(source)
    if test_file is None and valid_file is None:
        events = keep_k_core(events, k_core, k_core) if k_core else events
        return numbered(_split(events, split, valid, test, seed))
    if test_file is None or k_core:
        raise SettingsError(
            "AS242",
            "Given parts need a test file and cannot have a k-core taken.",
            "Give test_file too, and leave k_core out.",
        )
    held = [None if part is None else positives(part) for part in (valid_file, test_file)]
    parts = from_files(events, *held, valid_share=valid, seed=seed, allow_overlap=allow_overlap)
    dataset = numbered(parts)
    if valid_file is not None:
        return dataset
    notes = drift_notes(dataset.train, dataset.valid, dataset.test)
    return replace(dataset, notes=(*dataset.notes, *notes))


def check_choices(normalize_ids: str | None, cold_users: str) -> None:
    """Refuse words that mean nothing.

    Raises:
        SettingsError: AS243.
    """
    if normalize_ids not in (None, "nfc") or cold_users not in ("keep", "drop"):
        raise SettingsError(
            "AS243",
            "normalize_ids is 'nfc' or nothing and cold_users 'keep' or 'drop', got "
            f"{normalize_ids!r} and {cold_users!r}.",
            "Choose one of these.",
        )


def _split(events: Events, name: str, valid: float, test: float, seed: int) -> Split:
    if name == "ratio":
        return split_ratio(events, valid=valid, test=test, seed=seed)
    if name == "leave-last":
        return split_leave_last(events, seed=seed)
    if name == "temporal":
        return split_temporal(events, valid=valid, test=test)
    raise SettingsError(
        "AS242", f"There is no split {name!r}.", "Use 'ratio', 'leave-last' or 'temporal'."
    )
