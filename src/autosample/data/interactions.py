"""Interactions: who did something with what, as an immutable CSR matrix of zeros and ones."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from autosample.border import checked
from autosample.errors import DataError

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Interactions:
    """Users by items, one entry per distinct pair.

    Attributes:
        indptr: (U + 1,) int64; the items of user u are ``items[indptr[u]:indptr[u + 1]]``.
        items: (nnz,) int32 item numbers, ascending and distinct within a user.
        n_items: Number of items I; items without any interaction count.
        exposed: What users were shown, same users and items, where it is known; for samplers.

    Memory: 4 bytes per pair and 8 per user. Nothing of size U x I is ever made.
    """

    indptr: IntArray
    items: npt.NDArray[np.int32]
    n_items: int
    exposed: Interactions | None = None

    def __post_init__(self) -> None:
        self.indptr.setflags(write=False)
        self.items.setflags(write=False)

    @classmethod
    @checked
    def from_pairs(
        cls, users: npt.ArrayLike, items: npt.ArrayLike, n_users: int, n_items: int
    ) -> Interactions:
        """Build from two equally long sequences of numbers; duplicates are kept once.

        Raises:
            DataError: AS110 when the lengths differ, AS111 when a number is out of range or not
                whole; 1.0 is read as 1.
            SettingsError: AS284 when ``n_users`` or ``n_items`` is no whole number.
        """
        user, item = whole_numbers(users, "user"), whole_numbers(items, "item")
        if user.shape != item.shape or user.ndim != 1:
            raise DataError(
                "AS110",
                f"Users and items must be equally long, got {user.shape} and {item.shape}.",
                "Pass one user and one item per interaction.",
            )
        for name, values, bound in (("user", user, n_users), ("item", item, n_items)):
            bad = values[(values < 0) | (values >= bound)]
            if bad.size:
                raise DataError(
                    "AS111",
                    f"Every {name} number must lie in 0..{bound - 1}.",
                    "Build numbers through a vocabulary.",
                    bad.tolist(),
                )
        keys = np.unique(user * n_items + item)
        counts = np.bincount(keys // max(n_items, 1), minlength=n_users)
        indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return cls(indptr, (keys % max(n_items, 1)).astype(np.int32), n_items)

    @property
    def n_users(self) -> int:
        """Number of users U, users without interactions included."""
        return len(self.indptr) - 1

    def __len__(self) -> int:
        return len(self.items)

    @cached_property
    def user_counts(self) -> IntArray:
        """(U,) number of items of each user."""
        return np.diff(self.indptr)

    @cached_property
    def item_counts(self) -> IntArray:
        """(I,) number of users of each item."""
        return np.bincount(self.items, minlength=self.n_items).astype(np.int64)

    @cached_property
    def users(self) -> IntArray:
        """(nnz,) user number of every pair, beside ``items``."""
        return np.repeat(np.arange(self.n_users), self.user_counts)

    def of(self, user: int) -> npt.NDArray[np.int32]:
        """Items of one user, ascending."""
        return self.items[self.indptr[user] : self.indptr[user + 1]]

    def union(self, other: Interactions) -> Interactions:
        """Pairs that are in either; both must have the same users and items."""
        self._check_same_shape(other)
        union = Interactions.from_pairs(
            np.concatenate([self.users, other.users]),
            np.concatenate([self.items, other.items]),
            self.n_users,
            self.n_items,
        )
        return replace(union, exposed=self.exposed)

    def with_exposed(self, exposed: Interactions) -> Interactions:
        """The same interactions with what users were shown.

        Raises:
            DataError: AS112 when users and items are not as many.
        """
        self._check_same_shape(exposed)
        return replace(self, exposed=exposed)

    def without(self, other: Interactions) -> Interactions:
        """Pairs of these that the other does not have."""
        self._check_same_shape(other)
        mine, theirs = (part.users * self.n_items + part.items for part in (self, other))
        left = np.setdiff1d(mine, theirs, assume_unique=True)
        users, items = np.divmod(left, self.n_items)
        return Interactions.from_pairs(users, items, self.n_users, self.n_items)

    def overlap(self, other: Interactions) -> IntArray:
        """(n, 2) pairs of user and item numbers that are in both."""
        self._check_same_shape(other)
        mine = self.users * self.n_items + self.items
        theirs = other.users * other.n_items + other.items
        common = np.intersect1d(mine, theirs, assume_unique=True)
        return np.stack([common // self.n_items, common % self.n_items], axis=1)

    def fingerprint(self) -> str:
        """SHA-256 of shape and pairs: equal data, equal fingerprint, on every machine.

        What was shown does not count.
        """
        digest = hashlib.sha256(f"{self.n_users} {self.n_items} ".encode())
        digest.update(self.indptr.astype("<i8").tobytes())
        digest.update(self.items.astype("<i4").tobytes())
        return digest.hexdigest()

    def _check_same_shape(self, other: Interactions) -> None:
        if (self.n_users, self.n_items) != (other.n_users, other.n_items):
            raise DataError(
                "AS112",
                f"Both parts must have the same users and items, got {self.n_users} x "
                f"{self.n_items} and {other.n_users} x {other.n_items}.",
                "Split one table, or read the parts together.",
            )


def whole_numbers(values: npt.ArrayLike, what: str) -> IntArray:
    """Numbers of any type as int64, of the same shape.

    Args:
        values: Integers, or what is equal to integers, as 1.0 is to 1.
        what: They are numbers of, for the message.

    Raises:
        DataError: AS111 when one is not whole, or not a number.
    """
    given = np.asarray(values)
    try:
        with np.errstate(invalid="ignore"):  # of NaN, which is found below
            numbers = given.astype(np.int64, copy=False)
        strange = given[numbers != given] if given.dtype.kind not in "iub" else given[:0]
    except (TypeError, ValueError):  # None, words
        strange = given
    if strange.size:
        raise DataError(
            "AS111",
            f"Every {what} number must be a whole number, got {given.dtype}.",
            "Build numbers through a vocabulary.",
            strange.reshape(-1)[:5].tolist(),
        )
    return numbers
