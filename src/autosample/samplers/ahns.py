"""Adaptive hardness negative sampling."""

from __future__ import annotations

from typing import ClassVar

from autosample.samplers.base import Sampler, check_at_least, check_at_most
from autosample.samplers.draw import Draw
from autosample.types import Batch, Negatives, View

#: Least value of s_pos + alpha, so that the target stays finite and positive.
_FLOOR = 1e-4


class AHNS(Sampler):
    """A negative whose hardness adapts to the positive's score (Lai et al. 2024).

    Of ``pool`` uniform unseen items the one whose score is nearest to

        target = beta * (s_pos + alpha) ** (p + 1),  p <= -1:

    the higher the positive's score s_pos, the easier its negative.

    Differs from the paper: s_pos + alpha is kept at or above 1e-4. Below, the power would change
    its sign; now a very low s_pos asks for the hardest candidate, as its limit does.

    Args:
        pool: Candidates per positive, M.
        alpha: Added to the positive's score.
        beta: Height of the target; larger is harder.
        p: Exponent of the target, less one; at -1 the target is ``beta`` for all positives.

    Raises:
        SettingsError: AS220 when ``pool`` is below 1, ``alpha`` or ``beta`` negative, or ``p``
            outside [-10, -1].

    Shapes: ids (B, 1). Cost: M rows read.
    """

    name: ClassVar[str] = "ahns"
    needs: ClassVar[frozenset[str]] = frozenset({"scores"})
    cost: ClassVar[str] = "O(M D)"
    hardness: ClassVar[str | None] = "beta"
    hardness_range: ClassVar[tuple[float, float]] = (0.01, 10.0)

    def __init__(
        self, *, pool: int = 32, alpha: float = 1.0, beta: float = 0.1, p: float = -2.0
    ) -> None:
        super().__init__()
        check_at_least(type(self), pool=(pool, 1), alpha=(alpha, 0), beta=(beta, 0), p=(p, -10))
        check_at_most(type(self), p=(p, -1))
        self.pool, self.alpha, self.beta, self.p = pool, alpha, beta, p

    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """The candidate whose score is nearest to the target."""
        candidates = draw.pool(batch, view, self.pool)
        positive = view.scores(batch.users, batch.positives[:, None]).double()
        target = self.beta * (positive + self.alpha).clamp_min(_FLOOR) ** (self.p + 1)
        # beyond the hardest nothing is nearer, but differences of large numbers are rounded away
        target = target.minimum(candidates.scores.double().amax(dim=1, keepdim=True))
        distance = (candidates.scores.double() - target).abs()
        return Negatives(ids=candidates.ids.gather(1, distance.argmin(dim=1, keepdim=True)))
