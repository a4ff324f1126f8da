"""Contracts that samplers must keep, as tests, for this package and for authors of others."""

from autosample.testing.fixtures import (
    FULL_USER,
    ONE_LEFT_USER,
    tiny_batch,
    tiny_interactions,
    tiny_views,
)
from autosample.testing.samplers import SamplerContract, check_sampler

__all__ = [
    "FULL_USER",
    "ONE_LEFT_USER",
    "SamplerContract",
    "check_sampler",
    "tiny_batch",
    "tiny_interactions",
    "tiny_views",
]
