"""Dynamic negative sampling from the top of the pool."""

from __future__ import annotations

from typing import ClassVar

from autosample.samplers.base import Sampler, check_at_least, check_at_most
from autosample.samplers.draw import Draw
from autosample.types import Batch, Negatives, View

_STREAM = 11


class DNSTop(Sampler):
    """One of the ``top`` highest-scored of ``pool`` uniform unseen items (Shi et al. 2023).

    A random pick among the top N of M: its expected loss is the paper's mean over all N. The ratio
    N / M sets which part of the ROC curve is optimised: the smaller, the harder the negative and
    the shorter the ranking it suits.

    Differs from the paper: one of the N is drawn where the paper sums over all of them; there the
    letters M and N are the other way round.

    Args:
        pool: Candidates per positive, M.
        top: How many of the hardest may be drawn, N <= M; 1 is DNS, M is uniform sampling.

    Raises:
        SettingsError: AS220 when ``top`` is below 1 or above ``pool``.

    Shapes: ids (B, 1). Cost: M rows read.
    """

    name: ClassVar[str] = "dns_top"
    needs: ClassVar[frozenset[str]] = frozenset({"scores"})
    cost: ClassVar[str] = "O(M D)"
    hardness: ClassVar[str | None] = "pool"

    def __init__(self, *, pool: int = 32, top: int = 4) -> None:
        super().__init__()
        check_at_least(type(self), top=(top, 1))
        check_at_most(type(self), top=(top, pool))
        self.pool, self.top = pool, top

    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """A uniform pick among the hardest candidates."""
        candidates = draw.pool(batch, view, self.pool)
        hardest = candidates.scores.topk(self.top, dim=1).indices
        pick = (draw.uniform(batch, 1, stream=_STREAM) * self.top).long()
        return Negatives(ids=candidates.ids.gather(1, hardest.gather(1, pick)))
