"""What a bench consists of: datasets x models x strategies x seeds as jobs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from autosample.bench.sources import Source
from autosample.errors import SettingsError
from autosample.run import check, check_budget
from autosample.samplers import make_sampler
from autosample.settings import Settings

_PLANNED = {"model", "strategy", "candidates", "seed"}


@dataclass(frozen=True)
class Job:
    """One training to be done.

    Attributes:
        dataset: Name of the data.
        label: The sampler that trains alone, or the strategy, with its own settings.
        fingerprint: Of the data as split for the job's seed.
        settings: Of the run.
        source: Where the data is.
    """

    dataset: str
    label: str
    fingerprint: str
    settings: Settings
    source: Source

    @property
    def key(self) -> str:
        """Hash of settings, data and version: equal keys have equal results."""
        content = {
            "settings": self.settings.model_dump(mode="json"),
            "data": self.fingerprint,
            "version": version("autosample"),
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


def plan(
    sources: Iterable[Source],
    *,
    models: Sequence[str],
    strategies: Sequence[str],
    seeds: Iterable[int],
    candidates: Sequence[str] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Iterator[Job]:
    """All jobs: every dataset, model and strategy with the first seed, then with the next.

    Args:
        sources: Data; those that share a name go by their paths.
        models: Names of models.
        strategies: ``fixed`` for every candidate alone, ``fixed:SAMPLER`` for one sampler, or a
            strategy with settings of its own, ``NAME[:setting=value]...`` such as ``tpe:budget=2``.
        seeds: Of split and training.
        candidates: What strategies choose from; None: the default ones.
        settings: What all runs have in common.

    Raises:
        SettingsError: for names and values that do not exist, and AS209 for settings that have
            arguments of their own, before any data is read; AS253 for a budget that would
            be exceeded.
    """
    _refuse_planned(settings or {})
    chosen = Settings.of(candidates=candidates).candidates
    common = {**(settings or {}), "candidates": tuple(make_sampler(c).label for c in chosen)}
    told = [
        (label, {**common, **own, "model": model})
        for model in models
        for label, own in _expand(strategies, common["candidates"])
    ]
    for _, values in told:
        check(Settings.of(**values))
    sources, known = list(sources), dict[tuple[int, int], str]()
    short = [source.name for source in sources]
    names = [one.name if short.count(one.name) == 1 else str(one.path) for one in sources]
    for seed in seeds:
        for place, source in enumerate(sources):
            read = place, source.options.get("seed", seed)
            if read not in known:
                dataset = source.load(seed)
                for _, values in told:
                    check_budget(Settings.of(**values), dataset)
                known[read] = dataset.fingerprint()
            fingerprint = known[read]
            for label, values in told:
                full = Settings.of(**values, seed=seed)
                yield Job(names[place], label, fingerprint, full, source)


def _expand(
    strategies: Iterable[str], candidates: Sequence[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Label and own settings of every run."""
    for text in strategies:
        name, _, rest = text.partition(":")
        if name == "fixed":
            for spec in [rest] if rest else candidates:
                label = make_sampler(spec).label
                yield label, {"strategy": name, "candidates": (label,)}
        else:
            own = assignments(rest.split(":") if rest else [])
            _refuse_planned(own)
            yield text, {"strategy": name, **own}


def _refuse_planned(settings: Iterable[str]) -> None:
    """Refuse, as settings of all runs or of a strategy, what the plan itself says of every run."""
    if wrong := _PLANNED.intersection(settings):
        raise SettingsError(
            "AS209",
            f"Settings cannot say what the plan says, got {', '.join(sorted(wrong))}.",
            "Models, strategies, candidates and seeds have options of their own.",
        )


def assignments(texts: Iterable[str]) -> dict[str, str]:
    """``["epochs=60"]`` as a mapping; values are read by :meth:`Settings.of`.

    Raises:
        SettingsError: AS209 for a text without a name or a value.
    """
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise SettingsError(
                "AS209", f"A setting is written as name=value, got {text!r}.", "Try epochs=60."
            )
        found[name.replace("-", "_")] = value
    return found
