"""Dataset: the three parts in numbers, the two vocabularies, and what there is to say."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from autosample.data.events import Events, Note
from autosample.data.interactions import Interactions
from autosample.data.split import Split
from autosample.data.vocabulary import Vocabulary
from autosample.errors import DataError


@dataclass(frozen=True, eq=False)
class Dataset:
    """Interactions to train on, to choose by and to test with.

    Attributes:
        train: U x I.
        valid: U x I.
        test: U x I; may be empty.
        users: U ids.
        items: I ids.
        notes: What was read, dropped, and is worth knowing.

    Raises:
        DataError: AS112 when shapes differ, AS123 when there is nothing to train on, AS127 when
            there is one user or one item.
    """

    train: Interactions
    valid: Interactions
    test: Interactions
    users: Vocabulary
    items: Vocabulary
    notes: tuple[Note, ...] = ()

    def __post_init__(self) -> None:
        shape = (len(self.users), len(self.items))
        for part in (self.train, self.valid, self.test):
            if (part.n_users, part.n_items) != shape:
                raise DataError(
                    "AS112",
                    f"Every part must be {shape[0]} x {shape[1]} as the vocabularies are, got "
                    f"{part.n_users} x {part.n_items}.",
                    "Build the parts from one split.",
                )
        if not len(self.train):
            raise DataError("AS123", "Train has no interactions.", "Give more data to train.")
        if min(shape) < 2:
            raise DataError(
                "AS127",
                f"There is nothing to rank with {shape[0]} users and {shape[1]} items.",
                "Give at least two of each; check the columns.",
            )

    @classmethod
    def from_split(cls, split: Split) -> Dataset:
        """Number ids by first appearance in train, then valid, then test."""
        parts = (split.train, split.valid, split.test)
        users, items = (
            Vocabulary.from_ids(*(part.frame[role] for part in parts)) for role in ("user", "item")
        )
        train, valid, test = (_numbered(part, users, items) for part in parts)
        notes = (*split.notes, *_id_notes(users, items), *_shape_notes(train, valid, test))
        return cls(train, valid, test, users, items, notes)

    @property
    def n_users(self) -> int:
        """Number of users, U."""
        return len(self.users)

    @property
    def n_items(self) -> int:
        """Number of items, I."""
        return len(self.items)

    def summary(self) -> dict[str, Any]:
        """Sizes and counts for the report, ready for JSON."""
        held = (self.valid, self.test)
        pairs = len(self.train) + sum(map(len, held))
        return {
            "users": self.n_users,
            "items": self.n_items,
            "train": len(self.train),
            "valid": len(self.valid),
            "test": len(self.test),
            "density": pairs / (self.n_users * self.n_items),
            "valid_users": int((self.valid.user_counts > 0).sum()),
            "test_users": int((self.test.user_counts > 0).sum()),
            "users_without_train": int((self.train.user_counts == 0).sum()),
            "cold_test_items": _cold_items(self.train, self.test),
            "fingerprint": self.fingerprint(),
            "notes": [note.as_dict() for note in self.notes],
        }

    def fingerprint(self) -> str:
        """SHA-256 of the parts, the ids and what users were shown, if that is known."""
        shown = () if self.train.exposed is None else (self.train.exposed,)
        parts = (self.train, self.valid, self.test, self.users, self.items, *shown)
        return hashlib.sha256("".join(part.fingerprint() for part in parts).encode()).hexdigest()


def _numbered(events: Events, users: Vocabulary, items: Vocabulary) -> Interactions:
    return Interactions.from_pairs(
        users.numbers(events.frame["user"]),
        items.numbers(events.frame["item"]),
        len(users),
        len(items),
    )


def _id_notes(users: Vocabulary, items: Vocabulary) -> tuple[Note, ...]:
    """Ids that look alike, and columns that look swapped."""
    notes = []
    for role, names in (("user", users.names), ("item", items.names)):
        for code, what, plain in (
            ("AS153", "white space at the ends", names.str.strip_chars()),
            ("AS154", "Unicode form (NFC or NFD)", names.str.normalize("NFC")),
        ):
            alike = len(names) - plain.n_unique()
            if alike:
                text = (
                    f"{role.capitalize()} ids that differ from another only by {what}; kept apart."
                )
                notes.append(Note(code, text, alike))
    both = int(users.names.is_in(items.names.implode()).sum())
    numbers_only = users.names.str.contains(r"^\d+$").all()
    if both >= 0.9 * len(users) and not numbers_only:
        share = both / len(users)
        text = f"{share:.0%} of the user ids also occur as items: are the columns right?"
        notes.append(Note("AS155", text, both))
    return tuple(notes)


def _shape_notes(train: Interactions, valid: Interactions, test: Interactions) -> list[Note]:
    """Users without negatives or without positives, and items nobody trained on."""
    bare = train.user_counts == 0
    told = (
        (
            "AS170",
            "Users with every item in train: they have no negatives and are not sampled for.",
            int((train.user_counts == train.n_items).sum()),
        ),
        (
            "AS171",
            "Users in valid or test with nothing in train: not trained on.",
            int((bare & (valid.user_counts + test.user_counts > 0)).sum()),
        ),
        (
            "AS172",
            "Items in test with nothing in train: ranked with the others.",
            _cold_items(train, test),
        ),
    )
    return [Note(code, text, count) for code, text, count in told if count]


def _cold_items(train: Interactions, test: Interactions) -> int:
    return int(np.sum((test.item_counts > 0) & (train.item_counts == 0)))
