"""Rows by layer: the user's row that meets an item's, and items mixed over layers."""

from __future__ import annotations

import torch
from torch import Tensor

from autosample.types import View


def meeting_rows(view: View, users: Tensor) -> Tensor:
    """The user's rows that meet an item's rows by layer, with gradient.

    Args:
        view: The model's view.
        users: (B,).

    Returns:
        (B, 1, D), the pooled row, for mean pooling and for models of one layer; (B, L, D) for
        concatenation.
    """
    layers = view.user_layers(users)
    return view.pool(layers).reshape(len(users), -1, layers.shape[-1])


def main_item(items: Tensor) -> Tensor:
    """The item that most layers come from, the lowest number among equals: (B, L) -> (B, 1)."""
    return torch.mode(items, dim=1, keepdim=True).values


def hardest_by_layer(view: View, users: Tensor, candidates: Tensor) -> Tensor:
    """For every layer the candidate whose row alone scores highest: (B,), (B, M) -> (B, L)."""
    return candidates.gather(1, view.layer_scores(users, candidates).argmax(dim=1))
