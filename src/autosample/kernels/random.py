"""Counter-based random numbers: a pure function of (seed, epoch, index, draw).

There is no generator state. A number depends only on its key, so results are the same for any
number of threads, any batch boundaries and after any interruption. The mixing function is the
finaliser of SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
generators"), applied once per component of the key.

Integers below n are made from the upper 32 bits by multiplication (Lemire 2019); for n < 2**31 a
number's probability is off by less than n / 2**32 relative to uniform.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from autosample.kernels.compiling import kernel
from autosample.kernels.paths import compiled

GAMMA = 0x9E3779B97F4A7C15
_MULTIPLIER_1 = 0xBF58476D1CE4E5B9
_MULTIPLIER_2 = 0x94D049BB133111EB
_MASK = (1 << 64) - 1


def mix_int(value: int) -> int:
    """The 64-bit finaliser on Python integers."""
    value &= _MASK
    value = ((value ^ (value >> 30)) * _MULTIPLIER_1) & _MASK
    value = ((value ^ (value >> 27)) * _MULTIPLIER_2) & _MASK
    return value ^ (value >> 31)


def make_key(*parts: int) -> int:
    """One 64-bit key from integers such as (seed, epoch, stream)."""
    key = 0
    for part in parts:
        key = mix_int((key ^ mix_int(part + 1)) + GAMMA)
    return key


def permutation(n: int, *parts: int, device: torch.device | None = None) -> Tensor:
    """A random order of ``range(n)``, (n,) int64, keyed by integers: that of :func:`random_bits`.

    Cost O(n): the bits are spread evenly, so that their upper ones leave a few in each place.
    """
    if not compiled() or device not in (None, torch.device("cpu")):
        bits = bits_torch(torch.arange(n, device=device), 1, make_key(*parts)).flatten()
        return (bits ^ _signed(1 << 63)).argsort()  # as unsigned numbers
    order = np.empty(n, np.int64)
    _order_of_bits(order, np.uint64(make_key(*parts)), np.uint64(64 - max(1, n.bit_length() - 2)))
    return torch.from_numpy(order)


def random_bits(key: int, n: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """(n,) 64 random bits at positions 0 .. n-1 of ``key``."""
    if not compiled():
        return bits_torch(torch.arange(n), 1, key).flatten().numpy().view(np.uint64)
    out = np.empty(n, np.uint64)
    _fill_bits(out, np.uint64(key))
    return out


@kernel(inline="always")
def mix(value):  # type: ignore[no-untyped-def]
    """The 64-bit finaliser, compiled; ``value`` is uint64."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(_MULTIPLIER_1)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(_MULTIPLIER_2)
    return value ^ (value >> np.uint64(31))


@kernel()
def _fill_bits(out, key):  # type: ignore[no-untyped-def]
    for position in range(out.shape[0]):
        out[position] = _bits_at(key, position)


@kernel(inline="always")
def _bits_at(key, position):  # type: ignore[no-untyped-def]
    return mix(mix(key ^ mix(np.uint64(position))))


@kernel(allocates=True)
def _order_of_bits(order, key, shift):  # type: ignore[no-untyped-def]
    """Positions by their bits: counted by what is left of them after ``shift``, then inserted."""
    ends = np.zeros((np.int64(1) << np.int64(np.uint64(64) - shift)) + 1, np.int64)
    bits = np.empty(order.shape[0], np.uint64)
    for position in range(order.shape[0]):
        ends[(_bits_at(key, position) >> shift) + np.uint64(1)] += 1
    for place in range(1, ends.shape[0]):
        ends[place] += ends[place - 1]
    for position in range(order.shape[0]):
        own = _bits_at(key, position)
        at = ends[own >> shift]
        ends[own >> shift] += 1
        order[at], bits[at] = position, own
    for end in range(1, order.shape[0]):
        own, position, at = bits[end], order[end], end
        while at > 0 and bits[at - 1] > own:
            order[at], bits[at] = order[at - 1], bits[at - 1]
            at -= 1
        order[at], bits[at] = position, own


@kernel()
def fill_uniform(start, stop, index, key, out):  # type: ignore[no-untyped-def]
    """Fill rows of ``out`` (B, n) with 24-bit uniforms in [0, 1) keyed by ``index`` (B,)."""
    for b in range(start, stop):
        base = mix(key ^ mix(np.uint64(index[b])))
        for draw in range(out.shape[1]):
            bits = mix(base + np.uint64(draw) * np.uint64(GAMMA))
            out[b, draw] = np.float32(bits >> np.uint64(40)) * np.float32(2.0**-24)


def _signed(value: int) -> int:
    """The int64 with the same bits."""
    value &= _MASK
    return value - (1 << 64) if value >> 63 else value


def _shift(value: Tensor, by: int) -> Tensor:
    """Logical shift to the right of int64 bit patterns."""
    return (value >> by) & ((1 << (64 - by)) - 1)


def mix_torch(value: Tensor) -> Tensor:
    """The 64-bit finaliser on int64 bit patterns (torch twin of :func:`mix`)."""
    value = (value ^ _shift(value, 30)) * _signed(_MULTIPLIER_1)
    value = (value ^ _shift(value, 27)) * _signed(_MULTIPLIER_2)
    return value ^ _shift(value, 31)


def bits_torch(index: Tensor, n: int, key: int) -> Tensor:
    """(B, n) int64 bit patterns keyed by (B,) ``index`` (torch twin of the kernels' keys)."""
    base = mix_torch(_signed(key) ^ mix_torch(index))
    return mix_torch(base[:, None] + torch.arange(n, device=index.device) * _signed(GAMMA))


def uniform_torch(index: Tensor, n: int, key: int) -> Tensor:
    """(B, n) float32 uniforms in [0, 1) (torch twin of :func:`fill_uniform`)."""
    return _shift(bits_torch(index, n, key), 40).float() * 2.0**-24


def below_torch(bits: Tensor, n: Tensor) -> Tensor:
    """Integers in 0 .. n-1 from 64 random bits; n < 2**31."""
    return (_shift(bits, 32) * n) >> 32


def fraction_torch(bits: Tensor) -> Tensor:
    """53-bit uniforms in [0, 1), float64."""
    return _shift(bits, 11).double() * 2.0**-53
