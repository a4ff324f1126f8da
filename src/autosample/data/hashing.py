"""Random-looking numbers that depend on ids and a seed only: the same in any order, anywhere."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import polars as pl

KeyArray = npt.NDArray[np.uint64]


def pair_keys(frame: pl.DataFrame, seed: int) -> KeyArray:
    """One 64-bit key for each row's (user, item), keyed by ``seed``.

    Ids are hashed with BLAKE2b, once for each distinct id; the two hashes of a row are joined by
    the finaliser of SplitMix64 (Steele, Lea and Flood, 2014).

    Args:
        frame: Columns ``user`` and ``item``, (n,) String.
        seed: Any whole number.

    Returns:
        (n,) uint64.
    """
    users = _id_keys(frame["user"], b"user", seed)
    return _mix(_mix(users) + _id_keys(frame["item"], b"item", seed))


def unit_interval(ids: pl.Series, seed: int) -> npt.NDArray[np.float64]:
    """One number in [0, 1) for each of (n,) ids, equal for equal ids."""
    top = _id_keys(ids, b"unit", seed) >> np.uint64(11)
    return np.ldexp(top.astype(np.float64), -53)


def _id_keys(ids: pl.Series, purpose: bytes, seed: int) -> KeyArray:
    """(n,) BLAKE2b of each id under a purpose and a seed."""
    distinct = ids.unique()
    seed_key = hashlib.blake2b(str(seed).encode(), digest_size=16).digest()
    digests = (
        hashlib.blake2b(name.encode(), digest_size=8, key=seed_key, person=purpose).digest()
        for name in distinct
    )
    keys = np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)
    positions = ids.replace_strict(distinct, pl.Series(np.arange(len(distinct)))).cast(pl.Int64)
    found: KeyArray = keys[positions.to_numpy()]
    return found


def _mix(keys: KeyArray) -> KeyArray:
    """SplitMix64's finaliser; arithmetic is modulo 2^64."""
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))
