"""Dynamic negative sampling with a shrinking pool."""

from __future__ import annotations

from typing import ClassVar

from autosample.samplers.base import Sampler, check_at_least
from autosample.samplers.draw import Draw
from autosample.types import Batch, Negatives, View


class Curriculum(Sampler):
    """DNS whose pool shrinks from ``pool`` to 1 over the planned epochs, from hard to easy.

    In epoch e of E the highest-scored of max(1, floor((1 - e / E) M)) uniform unseen items
    ("CNS" among the baselines of Lai et al. 2024): false negatives, which score high late in
    training, are avoided.

    Differs from the paper in nothing; E is the planned number of epochs.

    Args:
        pool: Candidates per positive in the first epoch, M.

    Raises:
        SettingsError: AS220 when ``pool`` is below 1.

    Shapes: ids (B, 1). Cost: at most M rows read, half as many on average.
    """

    name: ClassVar[str] = "curriculum"
    needs: ClassVar[frozenset[str]] = frozenset({"scores", "epoch"})
    cost: ClassVar[str] = "O(M D)"
    hardness: ClassVar[str | None] = "pool"

    def __init__(self, *, pool: int = 32) -> None:
        super().__init__()
        check_at_least(type(self), pool=(pool, 1))
        self.pool = pool

    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """The highest-scored of this epoch's candidates."""
        epochs = max(1, draw.epochs)
        size = max(1, (epochs - draw.epoch) * self.pool // epochs)
        candidates = draw.pool(batch, view, size)
        hardest = candidates.scores.argmax(dim=1, keepdim=True)
        return Negatives(ids=candidates.ids.gather(1, hardest))
