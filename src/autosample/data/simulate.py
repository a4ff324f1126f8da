"""Simulated feedback with a known truth: which unobserved items a user would have liked.

Nobody has seen everything, so real data cannot say whether a sampled negative is a true dislike.
Here it can be counted. The story of user u and item i:

1. Taste: items belong to clusters; x_i is the centre of its cluster plus noise. A user has two
   favourite clusters; p_u is their sum plus noise. Rows have length one.
2. Liking: u likes i with probability sigmoid((<p_u, x_i> - t_u) / noise), where the share
   ``like_rate`` of all items has an affinity above t_u.
3. Exposure: items come before u in a random order that favours popular ones: in every place the
   chance of an item that has not come yet is proportional to (popularity rank)^-exposure_bias.
4. Interaction: u takes every liked item that comes, until u has had enough.

Unobserved items are thus dislikes, and likes that u never came to see. The order of exposure is
that of exponential times, which draws without replacement in proportion to weights (Efraimidis
and Spirakis 2006). All numbers are functions of the seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from autosample.data.interactions import IntArray, Interactions
from autosample.errors import SettingsError
from autosample.kernels import random

FloatArray = npt.NDArray[np.float64]

_STREAM = 2**40  # keeps these keys apart from those of training with the same seed
_ITEM_SPREAD, _USER_SPREAD, _ACTIVITY_SPREAD = 0.5, 0.3, 0.5
_FEWEST = 5  # interactions of a user who likes as many
_PARTS = (0.1, 0.2)  # shares of valid and test; at least one of each


@dataclass(frozen=True, eq=False)
class Simulation:
    """Interactions of simulated users, cut three ways at random by user, and the truth.

    Attributes:
        train: About seven tenths of each user's interactions.
        valid: About one tenth.
        test: About two tenths.
        relevant: Every pair that the user likes, whether it came to an interaction or not.
    """

    train: Interactions
    valid: Interactions
    test: Interactions
    relevant: Interactions

    def is_relevant(self, users: npt.ArrayLike, items: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Whether users like items; shapes broadcast: (B, 1) and (B, K) give (B, K) bool."""
        width = self.relevant.n_items
        likes = self.relevant.users * width + self.relevant.items  # ascending
        wanted = np.asarray(users, np.int64) * width + np.asarray(items, np.int64)
        place = np.searchsorted(likes, wanted)
        found: npt.NDArray[np.bool_] = np.append(likes, -1)[place] == wanted
        return found


def simulate(
    *,
    n_users: int = 1000,
    n_items: int = 1500,
    dim: int = 16,
    seed: int = 0,
    interactions_per_user: float = 30.0,
    exposure_bias: float = 0.8,
    like_rate: float = 0.2,
    noise: float = 0.07,
    n_clusters: int = 100,
) -> Simulation:
    """Simulate feedback.

    With the defaults uniform negatives are too easy and the hardest of many too often liked.

    Args:
        n_users: Users U.
        n_items: Items I.
        dim: Number of true factors.
        seed: Seed of everything.
        interactions_per_user: Mean number of interactions; numbers vary by a factor of e^(1/2).
        exposure_bias: Exponent of the popularity ranks; 0 shows all items equally often.
        like_rate: Share of the items that a user likes, about.
        noise: How far likes stray from taste; the smaller, the sharper the threshold.
        n_clusters: Number of taste clusters.

    Raises:
        SettingsError: AS214 naming a setting that is out of range.

    Cost: O(U I) time, under two seconds with the defaults. Memory: users come one by one, so
    O(I) beside the pairs that are liked.
    """
    _check(
        n_users, n_items, dim, n_clusters, interactions_per_user, exposure_bias, like_rate, noise
    )
    world = _Numbers(seed)
    centres = _unit(world.normal(n_clusters, dim))
    around = _ITEM_SPREAD / np.sqrt(dim) * world.normal(n_items, dim)
    factors = _unit(centres[world.below(n_clusters, n_items)] + around)
    slowness = (1.0 + world.uniform(n_items).argsort()) ** exposure_bias
    parts: tuple[list[IntArray], ...] = ([], [], [], [])
    for user in range(n_users):
        own = _Numbers(seed, user)
        taste = centres[own.below(n_clusters, 2)].mean(axis=0)
        affinity = factors @ _unit(taste + _USER_SPREAD / np.sqrt(dim) * own.normal(dim))
        excess = (affinity - np.quantile(affinity, 1 - like_rate)) / noise
        liked = np.flatnonzero(own.uniform(n_items) < special.expit(excess))
        enough = interactions_per_user * np.exp(_ACTIVITY_SPREAD * own.normal(1)[0])
        enough = max(_FEWEST, round(enough / np.exp(_ACTIVITY_SPREAD**2 / 2)))
        times = -np.log1p(-own.uniform(len(liked))) * slowness[liked]
        taken = liked[times.argsort()[:enough]]
        for part, items in zip(parts, (*_cut(taken, own), liked), strict=True):
            part.append(items)
    return Simulation(*(_gather(part, n_items) for part in parts))


def false_negative_rate(
    simulation: Simulation, users: npt.ArrayLike, negatives: npt.ArrayLike
) -> float:
    """Share of drawn negatives that their users like in truth.

    Args:
        simulation: The truth.
        users: (B,) user numbers.
        negatives: (B, K) item numbers drawn for them.
    """
    return float(simulation.is_relevant(np.asarray(users)[:, None], negatives).mean())


class _Numbers:
    """Random numbers that depend on the key and on how many calls came before."""

    def __init__(self, *key: int) -> None:
        self._key, self._calls = key, 0

    def uniform(self, *shape: int) -> FloatArray:
        """Uniform in [0, 1)."""
        self._calls += 1
        key = random.make_key(_STREAM, self._calls, *self._key)
        bits = random.random_bits(key, int(np.prod(shape)))
        return (bits >> np.uint64(11)).astype(np.float64).reshape(shape) * 2.0**-53

    def normal(self, *shape: int) -> FloatArray:
        """Standard normal, by inversion."""
        values: FloatArray = special.ndtri(self.uniform(*shape) + 2.0**-54)
        return values

    def below(self, n: int, *shape: int) -> IntArray:
        """Uniform integers in 0 .. n - 1."""
        return (self.uniform(*shape) * n).astype(np.int64)


def _unit(rows: FloatArray) -> FloatArray:
    """Rows scaled to length one."""
    length: FloatArray = np.sqrt((rows**2).sum(axis=-1, keepdims=True))
    return rows / length


def _cut(items: IntArray, numbers: _Numbers) -> tuple[IntArray, IntArray, IntArray]:
    """Train, valid and test; of fewer than three items all are for training."""
    shuffled = items[numbers.uniform(len(items)).argsort()]
    n_valid, n_test = (max(1, round(share * len(items))) for share in _PARTS)
    if len(items) < 3:
        n_valid = n_test = 0
    held = n_valid + n_test
    return shuffled[held:], shuffled[:n_valid], shuffled[n_valid:held]


def _gather(items_by_user: list[IntArray], n_items: int) -> Interactions:
    """Interactions from one array of items per user."""
    users = np.repeat(np.arange(len(items_by_user)), [len(items) for items in items_by_user])
    items = np.concatenate(items_by_user)
    return Interactions.from_pairs(users, items, len(items_by_user), n_items)


def _check(
    n_users: int,
    n_items: int,
    dim: int,
    n_clusters: int,
    interactions_per_user: float,
    exposure_bias: float,
    like_rate: float,
    noise: float,
) -> None:
    """Refuse settings out of range."""
    for fine, rule, value in (
        (n_users >= 1, "n_users must be at least 1", n_users),
        (n_items >= 1, "n_items must be at least 1", n_items),
        (dim >= 1, "dim must be at least 1", dim),
        (n_clusters >= 1, "n_clusters must be at least 1", n_clusters),
        (
            interactions_per_user > 0,
            "interactions_per_user must be positive",
            interactions_per_user,
        ),
        (0 <= exposure_bias <= 10, "exposure_bias must lie in [0, 10]", exposure_bias),
        (0 < like_rate < 1, "like_rate must lie in (0, 1)", like_rate),
        (noise > 0, "noise must be positive", noise),
    ):
        if not fine:
            raise SettingsError("AS214", f"{rule}, got {value}.", "See the defaults of simulate.")
