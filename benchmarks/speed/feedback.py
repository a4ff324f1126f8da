"""Pairs for the speed runs: simulated in the shape of a real dataset, or a real one; as .npz.

A file holds ``users``, ``items`` (train), ``test_users``, ``test_items``, all int32, and the
numbers ``n_users`` and ``n_items``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

Arrays = dict[str, npt.NDArray[np.int32] | np.int64]

GOWALLA = {"n_users": 29_858, "n_items": 40_981, "n_pairs": 1_027_370}
_ITEM_EXPONENT, _ITEM_SHIFT = 0.9, 50  # weight of the item of rank r: (r + shift)^-exponent
_USER_SPREAD = 0.9  # standard deviation of the log of a user's activity
TEST_SHARE = 0.2


def simulate(n_users: int, n_items: int, n_pairs: int, *, seed: int = 0) -> Arrays:
    """``n_pairs`` distinct pairs with log-normal activity and power-law popularity, cut 80/20.

    Only the shape matters for speed: which user takes which item is independent.

    Raises:
        ValueError: when more than half of all pairs are asked for, or no pair at all.
    """
    if not 0 < n_pairs <= n_users * n_items // 2:
        raise ValueError(f"n_pairs must lie in 1..{n_users * n_items // 2}, got {n_pairs}")
    numbers = np.random.default_rng(seed)
    activity = np.cumsum(np.exp(_USER_SPREAD * numbers.standard_normal(n_users)))
    popularity = np.cumsum((_ITEM_SHIFT + 1.0 + numbers.permutation(n_items)) ** -_ITEM_EXPONENT)
    keys = np.empty(0, np.int64)
    while len(keys) < n_pairs:
        wanted = (n_pairs - len(keys)) * 5 // 4 + 64
        users = np.searchsorted(activity, numbers.random(wanted) * activity[-1], side="right")
        items = np.searchsorted(popularity, numbers.random(wanted) * popularity[-1], side="right")
        keys = np.union1d(keys, users * n_items + items)
    keys = numbers.permutation(keys)[:n_pairs]
    n_test = int(TEST_SHARE * n_pairs)
    train, test = np.sort(keys[n_test:]), np.sort(keys[:n_test])
    return _arrays(train // n_items, train % n_items, test // n_items, test % n_items,
                   n_users, n_items)  # fmt: skip


def read_lightgcn(folder: Path) -> Arrays:
    """``train.txt`` and ``test.txt`` of a folder, lines of ``user item item ...``."""
    parts = [_read_lines(folder / f"{name}.txt") for name in ("train", "test")]
    n_users, n_items = (
        1 + max(int(part[side].max(initial=-1)) for part in parts) for side in (0, 1)
    )
    return _arrays(*parts[0], *parts[1], n_users, n_items)


def shape(pairs: Arrays) -> dict[str, int]:
    """Users, items, and pairs to train and to test with."""
    sizes = {"users": pairs["n_users"], "items": pairs["n_items"]}
    parts = {"train": len(pairs["users"]), "test": len(pairs["test_users"])}
    return {name: int(value) for name, value in (sizes | parts).items()}


def _read_lines(path: Path) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    users, items = [], []
    for line in path.read_text().splitlines():
        user, *rest = line.split()
        users.extend([user] * len(rest))
        items.extend(rest)
    return np.array(users, np.int64), np.array(items, np.int64)


def _arrays(
    users: npt.NDArray[np.int64],
    items: npt.NDArray[np.int64],
    test_users: npt.NDArray[np.int64],
    test_items: npt.NDArray[np.int64],
    n_users: int,
    n_items: int,
) -> Arrays:
    pairs = {"users": users, "items": items, "test_users": test_users, "test_items": test_items}
    return {
        **{name: values.astype(np.int32) for name, values in pairs.items()},
        "n_users": np.int64(n_users),
        "n_items": np.int64(n_items),
    }
