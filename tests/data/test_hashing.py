import hashlib

import numpy as np
import polars as pl
from scipy import stats

from autosample.data.hashing import _mix, pair_keys, unit_interval


def frame(n_users=50, n_items=40):
    pairs = [(f"u{u}", f"i{i}") for u in range(n_users) for i in range(n_items)]
    return pl.DataFrame(pairs, schema=["user", "item"], orient="row")


def test_mix_is_the_published_finaliser():
    # The first outputs of SplitMix64 seeded with 0 are its finaliser of multiples of the
    # golden-ratio constant (reference output of Vigna's splitmix64.c).
    gamma = 0x9E3779B97F4A7C15
    states = np.array([gamma, (2 * gamma) % 2**64], dtype=np.uint64)
    assert [int(key) for key in _mix(states)] == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4]


def test_keys_by_hand():
    def digest(text, purpose):
        key = hashlib.blake2b(b"7", digest_size=16).digest()
        raw = hashlib.blake2b(text.encode(), digest_size=8, key=key, person=purpose).digest()
        return int.from_bytes(raw, "little")

    mixed = int(_mix(np.array([digest("é", b"user")], dtype=np.uint64))[0])
    expected = _mix(np.array([(mixed + digest("x", b"item")) % 2**64], dtype=np.uint64))
    keys = pair_keys(pl.DataFrame({"user": ["é"], "item": ["x"]}), 7)
    assert keys.tolist() == expected.tolist()


def test_order_does_not_matter_but_seed_and_roles_do():
    rows = frame()
    turned = rows.reverse()
    assert pair_keys(turned, 0)[::-1].tolist() == pair_keys(rows, 0).tolist()
    assert not set(pair_keys(rows, 0)) & set(pair_keys(rows, 1))
    swapped = rows.rename({"user": "item", "item": "user"})
    assert not set(pair_keys(rows, 0)) & set(pair_keys(swapped, 0))
    assert len(set(pair_keys(rows, 0))) == rows.height


def test_uniform():
    names = pl.Series([f"user {number}" for number in range(2000)])
    numbers = unit_interval(names, 3)
    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert stats.kstest(numbers, "uniform").pvalue > 0.001
    keys = pair_keys(frame(), 3) / 2.0**64
    assert stats.kstest(keys, "uniform").pvalue > 0.001


def test_equal_ids_get_equal_numbers():
    numbers = unit_interval(pl.Series(["a", "b", "a"]), 0)
    assert numbers[0] == numbers[2] != numbers[1]


def test_empty():
    nothing = pl.DataFrame(schema={"user": pl.String, "item": pl.String})
    assert pair_keys(nothing, 0).shape == (0,)
