"""An inverted multi-index of the items as an approximate softmax."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from autosample.data.interactions import Interactions
from autosample.samplers.base import check_at_least, check_at_most
from autosample.samplers.draw import Draw
from autosample.samplers.multi_index import MultiIndex
from autosample.samplers.weighted import WeightedSampler, item_counts
from autosample.types import Batch, Negatives, View

_FIRST_STREAM = 33
_DRAW_STREAM = 34
_UNSEEN_STREAM = 35
_BLOCK = 8192  # items whose rows are fetched at a time


class MIDX(WeightedSampler):
    """The softmax of scores by codewords: a cell of items first, then one of them.

    Item rows are cut into two halves, and k-means gives each half ``codewords`` codewords; items
    with codewords a and b are cell (a, b) (Chen et al. 2022, "MIDX"). With s_a, s_b the scores of
    the user's halves for codewords, w_j = max(n_j, 1) ** beta, and W_ab the sum of w in the cell,

        q(a) ~ e^{s_a} sum_b W_ab e^{s_b},  q(b | a) ~ W_ab e^{s_b},  q(j | a, b) = w_j / W_ab

    so that q(j) ~ w_j e^{s_a + s_b}, with scores divided by ``temperature``. beta = 0 is the
    paper's MIDX-uni, 1 MIDX-pop; one codeword is ``popularity`` with the same beta. An item that
    the user has is replaced by an unseen one in proportion to w, and ``log_q`` is exact with that:
    the log of q(j) + q(user's items) w_j / (sum of w over the user's unseen items).

    Differs from the paper: the user's items are replaced; counts below 1 are 1; codewords are made
    once an epoch, by at most 10 rounds of k-means from random items.

    Args:
        codewords: Codewords per half, C; more are closer to the softmax. At most one per item.
        beta: Exponent of popularity within the proposal.
        temperature: Of the softmax; lower is harder.
        k: Negatives per positive, K.

    Raises:
        SettingsError: AS220 when ``codewords`` or ``k`` is below 1, ``beta`` outside -4 .. 4
            or ``temperature`` below 0.001.

    Shapes: ids and log_q (B, K). Cost: O(D C + C^2 + K (C + log I) + h) per positive,
    O(I D C) per epoch; memory 24 I + 8 C^2 bytes.
    """

    name: ClassVar[str] = "midx"
    needs: ClassVar[frozenset[str]] = frozenset({"layers", "popularity"})
    cost: ClassVar[str] = "O(D C + C^2 + h)"
    hardness: ClassVar[str | None] = "temperature"
    harder_is_larger: ClassVar[bool] = False
    hardness_range: ClassVar[tuple[float, float]] = (0.01, 100.0)

    def __init__(
        self, *, codewords: int = 32, beta: float = 0.0, temperature: float = 1.0, k: int = 1
    ) -> None:
        super().__init__()
        check_at_least(type(self), codewords=(codewords, 1), beta=(beta, -4), k=(k, 1))
        check_at_least(type(self), temperature=(temperature, 0.001))
        check_at_most(type(self), beta=(beta, 4))
        self.codewords, self.beta, self.temperature, self.k = codewords, beta, temperature, k

    def weigh(self, interactions: Interactions) -> Tensor:
        """max(n_j, 1) ** beta."""
        return item_counts(interactions, floor=1.0) ** self.beta

    @torch.no_grad()
    def begin_epoch(self, view: View, draw: Draw) -> None:
        """Sort the items into cells by their final rows as they are now."""
        super().begin_epoch(view, draw)
        items = torch.arange(draw.n_items, device=self.item_weights.device)
        parts = [view.pool(view.item_layers(part)).float() for part in torch.split(items, _BLOCK)]
        keys = draw.uniform(Batch(items, items, items), 2, stream=_FIRST_STREAM)
        first = keys.argsort(dim=0, stable=True)[: self.codewords]
        self.index = MultiIndex(torch.cat(parts), self.item_weights, first)

    @torch.no_grad()
    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """K items by the index, and unseen ones for those that the user has."""
        fresh = draw.weighted(batch, self.k, self.weighting, stream=_UNSEEN_STREAM)
        uniforms = draw.uniform(batch, 3 * self.k, stream=_DRAW_STREAM)
        scores = self._scores(batch, view)
        ids = self.index.draw(*scores, uniforms.view(-1, self.k, 3))
        ids = torch.where(draw.seen(batch.users, ids), fresh, ids)
        return Negatives(ids=ids, log_q=self._chance(batch, scores, ids).log().float())

    @torch.no_grad()
    def probability(self, batch: Batch, view: View, draw: Draw) -> Tensor | None:
        """The index's, with replacements; zero for seen items."""
        items = torch.arange(draw.n_items, device=batch.users.device).expand(len(batch.users), -1)
        chance = self._chance(batch, self._scores(batch, view), items)
        return chance * draw.unseen_mask(batch.users)

    def _scores(self, batch: Batch, view: View) -> tuple[Tensor, Tensor]:
        """(B, C) scores of the left and of the right codewords, by temperature."""
        rows = view.pool(view.user_layers(batch.users)).float()
        return self.index.scores(rows / self.temperature)

    def _chance(self, batch: Batch, scores: tuple[Tensor, Tensor], items: Tensor) -> Tensor:
        """(B, M) probability of unseen ``items``, with what falls to them from seen ones."""
        total = self.index.left_logits(*scores).logsumexp(dim=1)

        def proposal(rows: Tensor, ids: Tensor) -> Tensor:
            energy = self.index.energy(*scores, rows, ids)
            return self.item_weights[ids] * (energy - total[rows]).exp()

        owner, seen = self.weighting.unseen.histories(batch.users)
        lost = torch.zeros_like(total).index_add_(0, owner, proposal(owner, seen))
        fallen = lost[:, None] * self.weighting.probability(batch.users, items)
        rows = torch.arange(len(items), device=items.device)[:, None].expand_as(items)
        return proposal(rows, items) + fallen
