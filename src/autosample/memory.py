"""What a run will need in memory, worked out before it starts.

Counted is what grows with the data and the model: tables and moments, what samplers remember of
each user, the states a search keeps, the interactions as training holds them, and the work of a
step and of a ranking. What the process has already, the libraries and the data as read, is missing
from what is free, which is measured.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autosample import container
from autosample.data import Dataset
from autosample.errors import TrainingError
from autosample.kernels import device, paths
from autosample.models import model_class
from autosample.samplers import Sampler, make_sampler
from autosample.settings import Settings

_FLOAT = 4
_PER_PAIR = 72  # bytes: CSR, users, order, unseen items; and what sorting takes for a moment
_PER_EDGE = 40  # bytes: the graph by user and by item, and what building it takes
_NGCF_TABLES = 15  # kept by torch, where there are no kernels, for the way back and made on it
_CODE = "AS285"
_CANDIDATE = 12  # bytes: number and score
#: Bytes of the blocks in which torch twins rank and propagate: scores, their order and counts.
TWINS = 8 * 64 * 2**20


@dataclass(frozen=True)
class Needs:
    """Bytes that a run adds to those its process has before it starts.

    On another device than the CPU are tables, data and work, and in main memory states and data.
    """

    tables: int  # parameters, moments, layers and gradients, and what samplers remember
    states: int  # snapshots that a search keeps at once
    data: int  # interactions, as training holds them
    work: int  # of the largest step, and of ranking

    @property
    def total(self) -> int:
        """The sum."""
        return self.tables + self.states + self.data + self.work

    @property
    def on_device(self) -> int:
        """Of a device other than the CPU."""
        return self.tables + self.data + self.work + TWINS

    @property
    def beside_device(self) -> int:
        """Of main memory, where a run trains on another device."""
        return self.states + self.data


def estimate(settings: Settings, dataset: Dataset) -> Needs:
    """What a run with these settings on this data adds at its peak, in bytes.

    Accurate to about a factor of 1.5 once a run is large enough for memory to matter.
    """
    train = dataset.train
    table = (train.n_users + train.n_items) * settings.dim * _FLOAT
    used = settings.candidates[:1] if settings.strategy == "fixed" else settings.candidates
    samplers = [make_sampler(text) for text in used]
    pools = [getattr(sampler, "pool", 1) for sampler in samplers]
    remembered = train.n_users * _per_user(samplers, settings.strategy)
    layers = 1 if settings.model == "mf" else settings.depth + 1
    batch = min(batch_size(settings, dataset), len(train))
    step = batch * (
        max(pools) * (_CANDIDATE + _FLOAT * layers) + 12 * layers * settings.dim * _FLOAT
    )
    packed = train.n_items * settings.dim * _FLOAT
    learners = 2 if settings.retrain == "replay" else 1  # the search's is still there
    return Needs(
        tables=learners * (table * (3 + _beyond_mf(settings)) + remembered),
        states=(3 * table + remembered) * _states(settings),
        data=learners * len(train) * (_PER_PAIR + (_PER_EDGE if settings.model != "mf" else 0)),
        work=step + packed,
    )


def batch_size(settings: Settings, dataset: Dataset) -> int:
    """Positives per step: as set, or the model's choice for these data."""
    return settings.batch_size or model_class(settings.model).default_batch_size(len(dataset.train))


def require(settings: Settings, dataset: Dataset) -> None:
    """Refuse a run for which there is certainly too little: its tables and data alone do not fit.

    Raises:
        TrainingError: AS404 with what is needed at least and what there is.
    """
    needs, available = estimate(settings, dataset), free(settings.device)
    least = needs.tables + needs.data
    where = "" if settings.device == device.CPU else f" of {settings.device}"
    if available is not None and least > available:
        raise TrainingError(
            "AS404",
            f"A run needs room for its tables and data, {in_words(least)} of memory{where}, and "
            f"{in_words(available)} are free.",
            "Lower --dim, filter with --k-core, or use a larger machine.",
        )


def _beyond_mf(settings: Settings) -> int:
    """Tables that a model needs beside its embedding and two moments."""
    if settings.model == "mf":
        return 0
    if settings.model == "lightgcn":
        return settings.depth + 1 + 2  # layers, their mean, two gradients
    depth, here = settings.depth, settings.device == device.CPU and paths.compiled()
    if here:
        return 2 * depth + depth + 1 + 4  # layers, what is around them, the final, gradients
    return depth * _NGCF_TABLES + 2 * (depth + 1)  # and the final, its gradient


def _per_user(samplers: Sequence[Sampler], strategy: str) -> int:
    """Bytes of each user that samplers keep: all of them in a mixture, else one after the other."""
    own = [
        sum(size * int(getattr(sampler, name)) for name, size in sampler.remembers.items())
        for sampler in samplers
    ]
    return sum(own) if strategy in ("weighted", "uniform-mixture") else max(own)


def _states(settings: Settings) -> int:
    """The initial, the main and the best state, and those of a trial's arms, or of a replay."""
    own = 3
    if settings.strategy == "adaptive":
        own += max(len(settings.candidates), 5)  # of the race; later forks, two rivals, the trail
    elif settings.strategy == "halving":
        own += len(settings.candidates)
    return max(own, 6) if settings.retrain == "replay" else own


def free(name: str = device.CPU) -> int | None:
    """Bytes that can be taken: of main memory, within the container's limit, or of a device."""
    if name != device.CPU:
        return device.free_memory(name)
    found = [value for value in (_free_of_machine(), container.free_memory()) if value is not None]
    return min(found, default=None)


def _free_of_machine() -> int | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    amounts = [int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")]
    return 1024 * amounts[0] if amounts else None


def told(settings: Settings, dataset: Dataset) -> list[str]:
    """What to say before a run: what it will need of which memory, and where that is not free."""
    needs, name = estimate(settings, dataset), settings.device
    if name == device.CPU:
        said = [f"It needs about {in_words(needs.total)} of memory beside what is loaded."]
        return [*said, *filter(None, [warning(needs.total, free())])]
    main, own = needs.beside_device, needs.on_device
    said = [
        f"It trains on {device.described(name)} and needs about {in_words(own)} of its "
        f"memory, and {in_words(main)} of main memory beside what is loaded."
    ]
    warnings = [warning(own, free(name), f" of {name}"), warning(main, free())]
    return [*said, *filter(None, warnings)]


def warning(needs: int, available: int | None, where: str = "") -> str | None:
    """What to say when a run may not fit, with the code; None when it does or nobody knows."""
    if available is None or needs <= available:
        return None
    more = (
        f"This run needs about {in_words(needs)} more memory{where} and {in_words(available)} are "
        "free."
    )
    help_ = "Lower --dim, name fewer candidates, filter with --k-core, or use a larger machine."
    return f"{_CODE}: {more} {help_}"


def in_words(amount: int) -> str:
    """Bytes as people write them, powers of 1000."""
    return f"{amount / 1e9:.1f} GB" if amount >= 1e9 else f"{amount / 1e6:.0f} MB"
