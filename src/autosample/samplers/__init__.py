"""Negative samplers: the catalogue, and samplers from text such as ``dns:pool=16``."""

from __future__ import annotations

from autosample.border import checked
from autosample.errors import SettingsError
from autosample.extras import plugged_in
from autosample.samplers.adasir import AdaSIR
from autosample.samplers.ahns import AHNS
from autosample.samplers.ans import ANS
from autosample.samplers.aobpr import AOBPR
from autosample.samplers.base import Sampler
from autosample.samplers.bns import BNS
from autosample.samplers.cohorts import Cohorts
from autosample.samplers.cross_batch import CrossBatch
from autosample.samplers.curriculum import Curriculum
from autosample.samplers.dens import DENS
from autosample.samplers.dins import DINS
from autosample.samplers.dns import DNS
from autosample.samplers.dns_top import DNSTop
from autosample.samplers.draw import Draw, Pool
from autosample.samplers.exposure import Exposure
from autosample.samplers.in_batch import InBatch
from autosample.samplers.midx import MIDX
from autosample.samplers.mixed import Mixed
from autosample.samplers.mixgcf import MixGCF
from autosample.samplers.nscaching import NSCaching
from autosample.samplers.parse import parse_sampler
from autosample.samplers.popularity import Popularity
from autosample.samplers.softmax import PoolSoftmax
from autosample.samplers.softmax_v import SoftmaxV
from autosample.samplers.srns import SRNS
from autosample.samplers.uniform import Uniform
from autosample.samplers.warp import WARP

__all__ = ["SAMPLERS", "Draw", "Pool", "Sampler", "make_sampler", "sampler_classes"]

#: Entry points of this group add the samplers of other packages.
ENTRY_POINTS = "autosample.samplers"

_CLASSES: tuple[type[Sampler], ...] = (
    Uniform,
    Popularity,
    DNS,
    DNSTop,
    PoolSoftmax,
    AHNS,
    MixGCF,
    DENS,
    DINS,
    ANS,
    InBatch,
    CrossBatch,
    Mixed,
    Exposure,
    Cohorts,
    Curriculum,
    SoftmaxV,
    WARP,
    AOBPR,
    BNS,
    NSCaching,
    AdaSIR,
    MIDX,
    SRNS,
)

SAMPLERS: dict[str, type[Sampler]] = {sampler.name: sampler for sampler in _CLASSES}


def sampler_classes() -> dict[str, type[Sampler]]:
    """All samplers by name: this package's, then those of installed packages.

    A foreign sampler cannot take the name of one of ours.

    Raises:
        SettingsError: AS225 when one cannot be imported.
    """
    return plugged_in(ENTRY_POINTS) | SAMPLERS


@checked
def make_sampler(spec: str | Sampler) -> Sampler:
    """A sampler from its name and settings, ``name[:key=value]...``; a sampler as it is.

    ``make_sampler(sampler.label)`` has the settings of ``sampler``.

    Raises:
        SettingsError: AS221 for an unknown name, AS222 for an unknown setting, AS223 for a value
            of the wrong type, AS220 for a value out of range, AS224 for an entry point that does
            not have the name of its class.

    Example:
        >>> from autosample import make_sampler
        >>> make_sampler("dns:pool=8")
        dns:pool=8
        >>> make_sampler("dns").settings
        {'pool': 16}
    """
    if isinstance(spec, Sampler):
        return spec
    name = spec.partition(":")[0].strip()
    known = SAMPLERS if name in SAMPLERS else sampler_classes()
    if name in known and (own := getattr(known[name], "name", None)) != name:
        raise SettingsError(
            "AS224",
            f"The class {known[name].__name__} must have the name of its entry point, {name!r}, "
            f"and has {own!r}.",
            f'Write name = "{name}" in the class.',
        )
    return parse_sampler(spec, known)
