"""Several samplers as one: a weighted sum of their instances, or one sampler per user.

This is the loss-to-instance approximation (after AutoSample, Lyu et al. 2023; the derivation is
ours). With weights w on the simplex and f(a, b) = softplus(b - a):

- loss mixing: sum_s w_s f(x_i, x_js), one loss term per sampler;
- instance mixing: f(x_i, sum_s w_s x_js), one loss term for one weighted sum of instances, since
  the dot product of a weighted sum of rows is the weighted sum of scores.

The two differ by at most Var_w(x_js) / 8 (see :func:`autosample.objective.mix_instances`), and
agree for one-hot weights, which cost what a single sampler costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, log
from typing import ClassVar

import torch
from torch import Tensor, nn

from autosample.data.interactions import Interactions
from autosample.errors import SettingsError
from autosample.samplers.base import Sampler
from autosample.samplers.draw import Draw
from autosample.types import Batch, Negatives, View


class Combined(Sampler):
    """Base of samplers made of samplers.

    Args:
        samplers: At least one; every one keeps its own state.

    Raises:
        SettingsError: AS260 when there is none.
    """

    cost: ClassVar[str] = "of its parts"

    def __init__(self, samplers: Sequence[Sampler]) -> None:
        super().__init__()
        if not samplers:
            raise SettingsError("AS260", "A mixture needs at least one sampler.", "Name some.")
        self.samplers = nn.ModuleList(samplers)

    @property
    def parts(self) -> list[Sampler]:
        """The samplers, in the order of their weights."""
        return [part for part in self.samplers if isinstance(part, Sampler)]

    @property
    def label(self) -> str:
        """Name and the parts' labels."""
        return f"{self.name}({' '.join(part.label for part in self.parts)})"

    def prepare(self, interactions: Interactions, *, dim: int, n_layers: int) -> None:
        """Prepare every part."""
        for part in self.parts:
            part.prepare(interactions, dim=dim, n_layers=n_layers)

    def begin_epoch(self, view: View, draw: Draw) -> None:
        """Refresh every part."""
        for part in self.parts:
            part.begin_epoch(view, draw)

    def sample_all(self, batch: Batch, view: View, draw: Draw) -> list[Negatives]:
        """Negatives of every part; the largest pool is drawn first and shared by the others."""
        order = sorted(range(len(self.parts)), key=lambda s: -getattr(self.parts[s], "pool", 0))
        found = {s: added_up(self.parts[s].sample(batch, view, draw), view) for s in order}
        return [found[s] for s in range(len(self.parts))]


class Mixture(Combined):
    """Instance mixing with fixed weights, the same for all users (after Lyu et al. 2023).

    Args:
        samplers: S samplers; the first negative of each is taken, without its ``weights`` and
            ``log_q``: which share it has is for the mixture's weights to say.
        weights: S non-negative numbers; scaled to sum to one. None: equal weights.

    Raises:
        SettingsError: AS260 without samplers, AS261 for weights that do not fit.

    Shapes: ids (B, S) with ``instance_weights`` (B, S). Cost: that of the parts; pools are shared.
    """

    name: ClassVar[str] = "mixture"

    def __init__(
        self, samplers: Sequence[Sampler], *, weights: Sequence[float] | None = None
    ) -> None:
        super().__init__(samplers)
        given = torch.tensor(weights if weights is not None else [1.0] * len(samplers))
        if len(given) != len(samplers) or not bool((given >= 0).all()) or not 0 < given.sum() < inf:
            raise SettingsError(
                "AS261",
                f"{len(samplers)} samplers need as many non-negative weights, got {weights}.",
                "Leave weights out for equal ones.",
            )
        self.weights: Tensor
        self.register_buffer("weights", given / given.sum())

    @property
    def label(self) -> str:
        """Name, the parts' labels and weights that are not equal."""
        weights = self.weights.tolist()
        shown = ",".join(f"{weight:g}" for weight in weights)
        return super().label if len(set(weights)) == 1 else f"{super().label}:weights={shown}"

    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """One instance of every sampler and their weights."""
        rows = self.weights.expand(len(batch.users), -1)
        return mix(self.sample_all(batch, view, draw), rows, view)


class Split(Combined):
    """One-hot weights per user: each user's negatives come from one sampler.

    Args:
        samplers: S samplers.
        assignment: (U,) int64, the sampler's place for each user.

    Shapes: ids (B, K) for the largest K of the parts. Cost: that of one sampler a positive.
    """

    name: ClassVar[str] = "split"

    def __init__(self, samplers: Sequence[Sampler], *, assignment: Tensor) -> None:
        super().__init__(samplers)
        self.assignment: Tensor
        self.register_buffer("assignment", assignment)

    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """Let every sampler serve its own users' positives."""
        arm = self.assignment[batch.users]
        served = []
        for place, part in enumerate(self.parts):
            rows = torch.nonzero(arm == place).flatten()
            if len(rows):
                own = part.sample(batch.take(rows), view, draw)
                served.append((rows, added_up(own, view)))
        return scatter(served, len(batch.users), view)


def added_up(part: Negatives, view: View) -> Negatives:
    """Negatives that are to be added up, as a mixture's are, as that one instance; others as is."""
    if (shares := part.instance_weights) is None:
        return part
    rows = part.instances(view)
    vectors = (shares[:, :, None, None].to(rows.dtype) * rows).sum(dim=1, keepdim=True)
    weights = None if part.weights is None else part.weights.mean(dim=1, keepdim=True)
    main = part.ids.gather(1, shares.argmax(dim=1, keepdim=True))
    return Negatives(ids=main, vectors=vectors, weights=weights, auxiliary=part.auxiliary)


def mix(parts: Sequence[Negatives], weights: Tensor, view: View) -> Negatives:
    """The weighted sum of the parts' first negatives as one instance.

    Args:
        parts: S negatives of the same batch.
        weights: (B, S), rows sum to one.
        view: Looks up rows of items where another part is synthetic.
    """
    ids = torch.cat([part.ids[:, :1] for part in parts], dim=1)
    vectors = None
    if any(part.synthetic for part in parts):
        vectors = torch.cat([part.instances(view)[:, :1] for part in parts], dim=1)
    return Negatives(
        ids=ids, vectors=vectors, instance_weights=weights, auxiliary=_auxiliary(parts, weights)
    )


def scatter(served: Sequence[tuple[Tensor, Negatives]], size: int, view: View) -> Negatives:
    """Negatives of a batch of ``size`` from those of its parts, given with their rows.

    Parts with fewer negatives than the largest K repeat their first with weight zero. The others'
    weights keep each row's mean what the part alone would have, and ``log_q`` takes them off again
    for losses that sum over negatives.
    """
    k = max(part.ids.shape[1] for _, part in served)
    first = served[0][1]
    ids = first.ids.new_empty(size, k)
    weights = torch.zeros(size, k, device=ids.device)
    log_q = torch.zeros(size, k, device=ids.device)
    pieces = []
    for rows, part in served:
        own = part.ids.shape[1]
        ids[rows] = part.ids[:, :1]
        ids[rows, :own] = part.ids
        given = 1.0 if part.weights is None else part.weights.to(weights.dtype)
        weights[rows, :own] = given * (k / own)
        log_q[rows, :own] = log(k / own)
        if part.log_q is not None:
            log_q[rows, :own] += part.log_q.to(log_q.dtype)
    vectors = None
    if any(part.synthetic for _, part in served):
        for _, part in served:
            own_vectors = part.instances(view)
            missing = own_vectors[:, :1].expand(-1, k - own_vectors.shape[1], -1, -1)
            pieces.append(torch.cat([own_vectors, missing], dim=1))
        order = torch.cat([rows for rows, _ in served]).argsort()
        vectors = torch.cat(pieces)[order]
    plain = all(p.ids.shape[1] == k and p.weights is None for _, p in served)
    corrected = any(p.ids.shape[1] < k or p.log_q is not None for _, p in served)
    share = torch.tensor([[len(rows) / size for rows, _ in served]])
    return Negatives(
        ids=ids,
        vectors=vectors,
        weights=None if plain else weights,
        log_q=log_q if corrected else None,
        auxiliary=_auxiliary([part for _, part in served], share),
    )


def _auxiliary(parts: Sequence[Negatives], weights: Tensor) -> Tensor | None:
    """The parts' auxiliary losses, each by its mean weight; None where no part has one."""
    terms = [
        part.auxiliary * share
        for part, share in zip(parts, weights.detach().mean(dim=0), strict=True)
        if part.auxiliary is not None
    ]
    return torch.stack(terms).sum() if terms else None
