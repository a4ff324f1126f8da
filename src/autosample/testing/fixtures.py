"""Small fixed interactions and views to test against."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from autosample.data.interactions import Interactions
from autosample.models.view import TableView
from autosample.types import Batch

N_USERS, N_ITEMS, DIM = 8, 24, 6
#: The user who has every item but :data:`LAST_ITEM`, and the one who has all.
ONE_LEFT_USER, FULL_USER = 6, 7
LAST_ITEM = 5


def tiny_interactions() -> Interactions:
    """Eight users and 24 items: u has every (u + 2)-th item from u on, up to user 5.

    User 6 has every item but number 5; user 7 has all. Items differ in popularity. Users
    0, 1, 3 and 6 were shown every fifth item.
    """
    pairs = [(user, item) for user in range(6) for item in range(user, N_ITEMS, user + 2)]
    pairs += [(ONE_LEFT_USER, item) for item in range(N_ITEMS) if item != LAST_ITEM]
    pairs += [(FULL_USER, item) for item in range(N_ITEMS)]
    users, items = zip(*pairs, strict=True)
    interactions = Interactions.from_pairs(users, items, N_USERS, N_ITEMS)
    shown = [(user, item) for user in (0, 1, 3, 6) for item in range(0, N_ITEMS, 5)]
    users, items = zip(*shown, strict=True)
    return interactions.with_exposed(Interactions.from_pairs(users, items, N_USERS, N_ITEMS))


def tiny_batch(repeat: int = 1, users: tuple[int, ...] = tuple(range(7))) -> Batch:
    """All positives of ``users``, ``repeat`` times, every row with an index of its own."""
    interactions = tiny_interactions()
    rows = np.flatnonzero(np.isin(interactions.users, users))
    index = torch.arange(len(rows) * repeat)
    pairs = (interactions.users[rows], interactions.items[rows])
    user, item = (torch.tensor(part, dtype=torch.int64).repeat(repeat) for part in pairs)
    return Batch(user, item, index)


def tiny_views(seed: int = 0, device: torch.device | str = "cpu") -> dict[str, TableView]:
    """Fixed views by name: ``flat`` (L = 1), ``mean`` and ``concat`` (L = 3), all with D = 6."""
    generator = torch.Generator().manual_seed(seed)
    tables = torch.randn(3, N_USERS + N_ITEMS, DIM, generator=generator).to(device)
    layers: tuple[Tensor, ...] = tuple(tables)
    concat = torch.cat(layers, dim=1)
    return {
        "flat": TableView(layers[:1], layers[0], N_USERS, "mean"),
        "mean": TableView(layers, tables.mean(dim=0), N_USERS, "mean"),
        "concat": TableView(layers, concat, N_USERS, "concat"),
    }
