"""Adaptive oversampling."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from autosample.samplers.base import Sampler, check_at_least, check_begun
from autosample.samplers.choice import choose
from autosample.samplers.draw import Draw
from autosample.types import Batch, Negatives, View

_RANK_STREAM = 16
_FACTOR_STREAM = 17


class AOBPR(Sampler):
    """Items of low rank in one of the user's factors (Rendle and Freudenthaler 2014).

    Draw a rank r with p(r) in proportion to exp(-r / (share I)) and a factor f with p(f | u) in
    proportion to |u_f| sigma_f, where sigma_f is the standard deviation of the factor over items;
    take the item at rank r of the factor, from the top if u_f > 0, else from the bottom. No score
    is computed.

    Differs from the paper: rankings are made once an epoch, from the model's final rows. An item
    that the user has is drawn again up to ``tries`` times; then a uniform unseen item is taken.

    Args:
        share: Expected rank as a share of the items; smaller is harder, inf uniform over ranks.
        tries: Draws until an unseen item.

    Raises:
        SettingsError: AS220 when ``share`` is below 1e-6 or ``tries`` below 1.

    Shapes: ids (B, 1). Cost: O(tries D) per positive, O(I D log I) per epoch; memory 4 I D bytes.
    """

    name: ClassVar[str] = "aobpr"
    needs: ClassVar[frozenset[str]] = frozenset({"layers"})
    cost: ClassVar[str] = "O(D)"
    hardness: ClassVar[str | None] = "share"
    harder_is_larger: ClassVar[bool] = False
    hardness_range: ClassVar[tuple[float, float]] = (0.001, 10.0)

    ranking: Tensor  # (width, I) int32, items by descending factor
    spread: Tensor  # (width,) standard deviation of each factor

    def __init__(self, *, share: float = 0.05, tries: int = 8) -> None:
        super().__init__()
        check_at_least(type(self), share=(share, 1e-6), tries=(tries, 1))
        self.share, self.tries = share, tries

    @torch.no_grad()
    def begin_epoch(self, view: View, draw: Draw) -> None:
        """Rank the items by every factor."""
        rows = view.pool(view.item_layers(torch.arange(draw.n_items, device=draw.device))).float()
        ranking = rows.argsort(dim=0, descending=True, stable=True).T.int().contiguous()
        self.register_buffer("ranking", ranking, persistent=False)
        self.register_buffer("spread", rows.std(dim=0, correction=0), persistent=False)

    @torch.no_grad()
    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """The first unseen item among the tries."""
        check_begun(self, hasattr(self, "ranking"))
        user = view.pool(view.user_layers(batch.users)).float()
        fallback = draw.unseen(batch, 1)
        rank = self.ranks(draw.uniform(batch, self.tries, stream=_RANK_STREAM))
        logits = (user.abs() * self.spread).clamp_min(1e-30).log()
        factor = choose(logits, draw.uniform(batch, self.tries, stream=_FACTOR_STREAM))
        place = torch.where(user.gather(1, factor) > 0, rank, self.ranking.shape[1] - 1 - rank)
        ids = torch.cat([self.ranking[factor, place].long(), fallback], dim=1)
        first = draw.seen(batch.users, ids).int().argmin(dim=1, keepdim=True)
        return Negatives(ids=ids.gather(1, first))

    def ranks(self, uniforms: Tensor) -> Tensor:
        """Ranks 0 .. I - 1 with p(r) in proportion to exp(-r / (share I)), by inversion."""
        n_items = self.ranking.shape[1]
        scale = self.share * n_items
        if scale == torch.inf:
            return (uniforms.double() * n_items).long()
        cut = -torch.expm1(torch.tensor(-n_items / scale, dtype=torch.float64))
        rank = -scale * torch.log1p(-uniforms.double() * cut)
        return rank.long().clamp_max(n_items - 1)
