"""Contracts of samplers and models, as tests, for this package and for authors of others.

:mod:`autosample.testing.tables` has hypothesis strategies for nasty tables, and
:mod:`autosample.testing.oracles` plain-Python answers for draws, ranks and metrics.
"""

from autosample.testing.fixtures import (
    FULL_USER,
    ONE_LEFT_USER,
    tiny_batch,
    tiny_interactions,
    tiny_views,
)
from autosample.testing.models import ModelContract, check_model
from autosample.testing.pretend import pretended_device
from autosample.testing.samplers import SamplerContract, check_sampler

__all__ = [
    "FULL_USER",
    "ONE_LEFT_USER",
    "ModelContract",
    "SamplerContract",
    "check_model",
    "check_sampler",
    "pretended_device",
    "tiny_batch",
    "tiny_interactions",
    "tiny_views",
]
