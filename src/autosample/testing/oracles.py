"""What compiled and vectorised code must agree with: plain Python, written from the formulas."""

from __future__ import annotations

import math
from collections.abc import Sequence

from autosample.data.interactions import Interactions


def unseen(interactions: Interactions, user: int) -> list[int]:
    """Items that a user does not have, ascending."""
    own = set(interactions.of(user).tolist())
    return [item for item in range(interactions.n_items) if item not in own]


def ranks(scores: Sequence[float], seen: Sequence[int], held: Sequence[int]) -> list[int]:
    """Ranks of held-out items among all unseen ones, from 1; ties by item number."""
    order = sorted(
        (item for item in range(len(scores)) if item not in set(seen)),
        key=lambda item: (-scores[item], item),
    )
    return [order.index(item) + 1 for item in held]


def metric(name: str, places: Sequence[int], k: int) -> float:
    """A measure of one user from the ranks of the held-out items.

    Args:
        name: recall, precision, hit, mrr, ndcg or map.
        places: Ranks, from 1, in any order.
        k: Cut-off.
    """
    hits = sorted(place for place in places if place <= k)
    best = min(k, len(places))
    if name == "recall":
        return len(hits) / len(places)
    if name == "precision":
        return len(hits) / k
    if name == "hit":
        return float(bool(hits))
    if name == "mrr":
        return 1 / hits[0] if hits else 0.0
    if name == "ndcg":
        ideal = sum(1 / math.log2(1 + place) for place in range(1, best + 1))
        return sum(1 / math.log2(1 + place) for place in hits) / ideal
    if name == "map":
        return sum(number / place for number, place in enumerate(hits, 1)) / best
    raise ValueError(name)
