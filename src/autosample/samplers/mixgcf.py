"""MixGCF: synthetic negatives by positive mixing and hop mixing."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch

from autosample.samplers.base import Sampler, check_at_least
from autosample.samplers.draw import Draw
from autosample.samplers.hops import hardest_by_layer, main_item
from autosample.types import Batch, Blend, Negatives, View

_STREAM = 13


class MixGCF(Sampler):
    """A synthetic negative, layer by layer a blend of the positive and a hard candidate.

    With candidates n_1 .. n_M uniform over the unseen items and a_l ~ U(0, 1) (Huang et al. 2021):

        e_ml = a_l p_l + (1 - a_l) n_ml              positive mixing
        m_l  = argmax_m <u, e_ml>,  e_l = e_{m_l, l}  hop mixing

    As a_l and p_l are the same for all candidates, m_l is the argmax of <u, n_ml>: candidates are
    scored by layer and only the chosen rows are fetched.

    Differs from the paper in nothing. With a model of one layer it is DNS mixed with the positive.

    Args:
        pool: Candidates per positive, M.

    Raises:
        SettingsError: AS220 when ``pool`` is below 1.

    Shapes: ids (B, 1), a blend of two items. Cost: M L rows read; no vector is made.
    """

    name: ClassVar[str] = "mixgcf"
    kind: ClassVar[Literal["item", "instance"]] = "instance"
    needs: ClassVar[frozenset[str]] = frozenset({"scores", "layers"})
    cost: ClassVar[str] = "O(M L D)"
    hardness: ClassVar[str | None] = "pool"

    def __init__(self, *, pool: int = 64) -> None:
        super().__init__()
        check_at_least(type(self), pool=(pool, 1))
        self.pool = pool

    def sample(self, batch: Batch, view: View, draw: Draw) -> Negatives:
        """One instance per positive."""
        chosen = hardest_by_layer(view, batch.users, draw.unseen(batch, self.pool))
        share = draw.uniform(batch, view.n_layers, stream=_STREAM)
        items = torch.stack([batch.positives[:, None].expand_as(chosen), chosen], dim=1)
        blend = Blend(items, torch.stack([share, 1 - share], dim=1))
        return Negatives(ids=main_item(chosen), blend=blend)
