"""Between a sampler and the kernels: what it raises or returns wrongly is refused by its name."""

from __future__ import annotations

from contextlib import AbstractContextManager

import torch
from torch import Tensor

from autosample import errors
from autosample.errors import SamplerError
from autosample.samplers.base import Sampler
from autosample.samplers.draw import Draw
from autosample.types import Batch, Negatives, View

_FIX = "`autosample.testing.check_sampler` runs the whole contract."


def sample(sampler: Sampler, batch: Batch, view: View, draw: Draw) -> Negatives:
    """Negatives of a sampler, in the form that the kernels may trust.

    Compiled kernels check no bounds, so a wrong item number would read foreign memory.

    Raises:
        SamplerError: AS304 when the sampler raises what is not an error of this package, AS305
            when it returns anything but (B, K) numbers of items, weights and vectors to match, one
            number as auxiliary loss and, with K = 1, a blend of items.

    Cost: O(B K), two passes over the numbers.
    """
    with named(sampler, "return negatives"):
        negatives = sampler.sample(batch, view, draw)
    if problem := _problem(negatives, batch, view):
        raise SamplerError("AS305", f"The sampler {sampler.label} {problem}.", _FIX)
    return negatives


def named(sampler: Sampler, task: str) -> AbstractContextManager[None]:
    """Refuse what a sampler raises at a task by its name.

    Raises:
        SamplerError: AS304 when it is no error of this package and no lack of memory.
    """
    return errors.named(SamplerError, "AS304", lambda: f"The sampler {sampler.label}", task, _FIX)


def _problem(negatives: object, batch: Batch, view: View) -> str:
    """What is wrong, or nothing."""
    if not isinstance(negatives, Negatives) or not isinstance(negatives.ids, Tensor):
        return f"must return Negatives with a tensor of ids, got {type(negatives).__name__}"
    ids, rows = negatives.ids, len(batch.users)
    if ids.dtype != torch.int64 or ids.dim() != 2 or len(ids) != rows or ids.shape[1] < 1:
        return f"must return ids of shape ({rows}, K) int64, got {tuple(ids.shape)} {ids.dtype}"
    if ids.device != batch.users.device:
        return f"must return ids on {batch.users.device}, got {ids.device}"
    return (
        _problem_of_numbers(negatives)
        or _problem_of_vectors(negatives, batch, view)
        or _problem_of_blend(negatives, view)
        or _strangers(negatives, view)
    )


def _problem_of_numbers(negatives: Negatives) -> str:
    """What is no tensor, or what is wrong with weights and auxiliary loss, or nothing."""
    shape = negatives.ids.shape
    for name in ("vectors", "weights", "log_q", "instance_weights", "auxiliary"):
        value = getattr(negatives, name)
        if value is not None and not isinstance(value, Tensor):
            return f"must return {name} as a tensor, got {type(value).__name__}"
    for name in ("weights", "log_q", "instance_weights"):
        value = getattr(negatives, name)
        if value is not None and value.shape != shape:
            return f"must return {name} of shape {tuple(shape)}, got {tuple(value.shape)}"
    if (loss := negatives.auxiliary) is not None and loss.numel() != 1:
        return f"must return one number as auxiliary loss, got {tuple(loss.shape)}"
    return ""


@torch.no_grad()
def _problem_of_vectors(negatives: Negatives, batch: Batch, view: View) -> str:
    """What is wrong with synthetic vectors, or nothing."""
    if negatives.vectors is None:
        return ""
    shape, kind = tuple(negatives.vectors.shape), negatives.vectors.dtype
    rows = view.item_layers(batch.positives[:1])
    wanted = (*negatives.ids.shape, *rows.shape[1:])
    if shape == wanted and kind == rows.dtype:
        return ""
    return f"must return vectors of shape {wanted} {rows.dtype}, got {shape} {kind}"


def _problem_of_blend(negatives: Negatives, view: View) -> str:
    """What is wrong with a blend, or nothing."""
    blend, (rows, k) = negatives.blend, negatives.ids.shape
    if blend is None:
        return ""
    shape, kind = tuple(blend.items.shape), blend.items.dtype
    fits = shape == (rows, *shape[1:2], view.n_layers) and shape == blend.shares.shape
    if not fits or kind != torch.int64 or k != 1:
        wanted = f"one id and a blend of shape ({rows}, P, {view.n_layers}) int64"
        return f"must return {wanted}, got {k} and {shape} {kind}"
    return ""


def _strangers(negatives: Negatives, view: View) -> str:
    """That numbers are not those of items, or nothing; a device is waited for once."""
    blend = negatives.blend
    numbers = [negatives.ids] if blend is None else [negatives.ids, blend.items]
    ends = [end for part in numbers if part.numel() for end in torch.aminmax(part)]
    low, *_, high = sorted(torch.stack(ends).tolist()) if ends else (0, 0)
    if low < 0 or high >= view.n_items:
        return f"must return items in 0..{view.n_items - 1}, got {low}..{high}"
    return ""
