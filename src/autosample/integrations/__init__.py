"""autosample in other people's code: their loops, their data, their experiment trackers.

Nothing of theirs is imported here: their objects are used by what they can do.
"""

from autosample.integrations.estimator import Estimator
from autosample.integrations.frames import FrameKind, as_frame
from autosample.integrations.lenskit import from_lenskit
from autosample.integrations.loop import NegativeSampling, Pairs
from autosample.integrations.recbole import FromRecBole, from_recbole
from autosample.integrations.track import to_mlflow, to_tensorboard, to_wandb
from autosample.integrations.views import AttachedView, view

__all__ = [
    "AttachedView",
    "Estimator",
    "FrameKind",
    "FromRecBole",
    "NegativeSampling",
    "Pairs",
    "as_frame",
    "from_lenskit",
    "from_recbole",
    "to_mlflow",
    "to_tensorboard",
    "to_wandb",
    "view",
]
