"""Models, by name."""

from __future__ import annotations

from autosample.errors import SettingsError, did_you_mean
from autosample.extras import plugged_in
from autosample.models.base import Recommender
from autosample.models.lightgcn import LightGCN
from autosample.models.mf import MF
from autosample.models.ngcf import NGCF
from autosample.models.view import TableView

#: Entry points of this group add the models of other packages.
ENTRY_POINTS = "autosample.models"

MODELS: dict[str, type[Recommender]] = {model.name: model for model in (MF, LightGCN, NGCF)}

__all__ = [
    "MF",
    "MODELS",
    "NGCF",
    "LightGCN",
    "Recommender",
    "TableView",
    "model_class",
    "model_classes",
]


def model_classes() -> dict[str, type[Recommender]]:
    """All models by name: this package's, then those of installed packages.

    A foreign model cannot take the name of one of ours.

    Raises:
        SettingsError: AS225 when one cannot be imported.
    """
    return plugged_in(ENTRY_POINTS) | MODELS


def model_class(name: str) -> type[Recommender]:
    """The model of a name.

    Raises:
        SettingsError: AS203 when there is none.
    """
    known = MODELS if name in MODELS else model_classes()
    if name not in known:
        told = f"There is no model {name!r}.{did_you_mean(name, known)}"
        raise SettingsError("AS203", told, f"Choose one of {', '.join(known)}.")
    return known[name]
