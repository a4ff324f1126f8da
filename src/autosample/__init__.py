"""Chooses the negative sampler of an implicit-feedback recommender while the model trains.

Names are imported when they are first used, so that ``import autosample`` costs nothing.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from autosample.kernels.cache import choose_cache
from autosample.lazy import names

if TYPE_CHECKING:
    from autosample.api import AutoSample
    from autosample.data import Dataset, Interactions, load_dataset
    from autosample.errors import AutosampleError
    from autosample.integrations import NegativeSampling, Pairs, view
    from autosample.run import RunResult
    from autosample.samplers import Sampler, make_sampler
    from autosample.search import Search
    from autosample.settings import Settings
    from autosample.store import RunFolder
    from autosample.train import Learner

__version__ = "0.1.0"

__all__ = [
    "AutoSample",
    "AutosampleError",
    "Dataset",
    "Interactions",
    "Learner",
    "NegativeSampling",
    "Pairs",
    "RunFolder",
    "RunResult",
    "Sampler",
    "Search",
    "Settings",
    "__version__",
    "load_dataset",
    "make_sampler",
    "view",
]
_HOMES = {
    "AutoSample": "api",
    "AutosampleError": "errors",
    "Dataset": "data",
    "Interactions": "data",
    "Learner": "train",
    "NegativeSampling": "integrations",
    "Pairs": "integrations",
    "RunFolder": "store",
    "RunResult": "run",
    "Sampler": "samplers",
    "Search": "search",
    "Settings": "settings",
    "load_dataset": "data",
    "make_sampler": "samplers",
    "view": "integrations",
}

choose_cache()
# Read once, when torch is imported: its idle threads must not spin on the cores our kernels use.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


__getattr__, __dir__ = names(__name__, _HOMES)
