"""What the contracts compare with."""

from __future__ import annotations

import random
from dataclasses import fields

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from autosample.testing.fixtures import DIM, N_ITEMS
from autosample.types import Batch, Negatives


def require(condition: bool, message: str) -> None:
    """Fail a test.

    Raises:
        AssertionError: With the message, unless the condition holds.
    """
    if not condition:
        raise AssertionError(message)


def check_form(answer: Negatives, batch: Batch, n_layers: int) -> None:
    """Shapes, types, devices and ranges of negatives for the tiny interactions.

    Raises:
        AssertionError: Naming the field.
    """
    got = type(answer).__name__
    require(isinstance(answer, Negatives), f"sample must return Negatives, got {got}")
    ids, rows = answer.ids, len(batch.users)
    require(ids.dtype == torch.int64 and ids.dim() == 2 and len(ids) == rows, "ids: (B, K) int64")
    require(ids.device == batch.users.device, "ids on another device than the batch")
    inside = bool(((ids >= 0) & (ids < N_ITEMS)).all())
    require(inside, "an id is not the number of an item")
    for name in ("weights", "log_q", "instance_weights"):
        value: Tensor | None = getattr(answer, name)
        if value is not None:
            require(value.shape == ids.shape and value.is_floating_point(), f"{name}: (B, K)")
            require(bool(torch.isfinite(value).all()), f"{name} is not finite")
    if answer.weights is not None:
        require(bool((answer.weights >= 0).all()), "a weight is negative")
    if answer.vectors is not None:
        shape = (*ids.shape, n_layers, DIM)
        fits = answer.vectors.shape == shape and answer.vectors.dtype == torch.float32
        require(fits, "vectors: (B, K, L, D) float32")
        require(bool(torch.isfinite(answer.vectors).all()), "a vector is not finite")
    if answer.blend is not None:
        items, shares = answer.blend
        fits = items.shape == shares.shape and items.shape[::2] == (rows, n_layers)
        require(fits and ids.shape[1] == 1, "blend: (B, P, L), the only negative of a positive")
        inside = items.dtype == torch.int64 and bool(((items >= 0) & (items < N_ITEMS)).all())
        require(inside, "a blend is of something else than numbers of items, int64")
    if answer.auxiliary is not None:
        require(answer.auxiliary.shape == (), "auxiliary: a scalar")


def same_answer(one: Negatives, other: Negatives) -> bool:
    """Equal items; real numbers equal up to the rounding of matrix products."""
    for mine, theirs in zip(_tensors(one), _tensors(other), strict=True):
        if (mine is None) != (theirs is None):
            return False
        if mine is None or theirs is None:
            continue
        if not torch.allclose(mine, theirs, rtol=1e-5, atol=1e-6):
            return False
    return torch.equal(one.ids, other.ids)


def _tensors(answer: Negatives) -> list[Tensor | None]:
    """All that an answer holds, in a fixed order."""
    plain = [getattr(answer, field.name) for field in fields(Negatives) if field.name != "blend"]
    return [*plain, *(answer.blend or (None, None))]


def global_states() -> tuple[bytes, str, str]:
    """Fingerprints of the global generators of torch, numpy and Python."""
    generator = np.random.get_state(legacy=False)
    torch_state = torch.get_rng_state().numpy().tobytes()
    return torch_state, str(random.getstate()), f"{generator['state']}"


def chi_square(draws: Tensor, chance: Tensor) -> float:
    """p-value of (n,) drawn items under (I,) probabilities.

    Items expected fewer than five times are counted together; 0 when an impossible item occurs or
    the probabilities do not sum to one.
    """
    counts = torch.bincount(draws, minlength=len(chance)).double()
    if counts[chance == 0].sum() > 0 or abs(float(chance.sum()) - 1) > 1e-6:
        return 0.0
    expected = chance * len(draws)
    rare = expected < 5
    observed = torch.cat([counts[~rare], counts[rare].sum()[None]])
    wanted = torch.cat([expected[~rare], expected[rare].sum()[None]])
    keep = wanted > 0
    if int(keep.sum()) < 2:
        return 1.0
    wanted *= observed.sum() / wanted.sum()  # scipy wants the sums equal to the last digits
    return float(stats.chisquare(observed[keep].numpy(), wanted[keep].numpy()).pvalue)
