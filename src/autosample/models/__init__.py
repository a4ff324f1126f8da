"""Models, by name."""

from __future__ import annotations

from autosample.models.base import Recommender
from autosample.models.lightgcn import LightGCN
from autosample.models.mf import MF
from autosample.models.ngcf import NGCF
from autosample.models.view import TableView

MODELS: dict[str, type[Recommender]] = {model.name: model for model in (MF, LightGCN, NGCF)}

__all__ = ["MF", "MODELS", "NGCF", "LightGCN", "Recommender", "TableView"]
