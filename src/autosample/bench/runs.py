"""A finished run of a bench, with its users' scores."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from safetensors.numpy import load_file

from autosample.bench.jobs import Job
from autosample.data import Vocabulary
from autosample.metrics import Ranks, per_user
from autosample.settings import Settings


@dataclass(frozen=True)
class Run:
    """One finished job.

    Attributes:
        key: Hash of all that the result depends on.
        dataset: Name of the data.
        label: The sampler that trained alone, or the strategy.
        fingerprint: Of the data.
        settings: Of the run.
        valid: Best value of the deciding metric on validation users.
        test: Means over test users.
        schedule: Samplers and epochs that led to the model.
        positives: Processed by search and final training.
        trainings: The same in trainings.
        seconds: Wall time.
        path: Its folder.
    """

    key: str
    dataset: str
    label: str
    fingerprint: str
    settings: Settings
    valid: float
    test: dict[str, float]
    schedule: list[tuple[str, int]]
    positives: int
    trainings: float
    seconds: float
    path: Path

    @classmethod
    def of(cls, key: str, job: Job, result: dict[str, Any], path: Path) -> Run:
        """A job with what the run folder's ``result.json`` says."""
        return cls(
            key=key,
            dataset=job.dataset,
            label=job.label,
            fingerprint=job.fingerprint,
            settings=job.settings,
            valid=result["valid_metric"],
            test=result["metrics"],
            schedule=[(label, epochs) for label, epochs in result["schedule"]],
            positives=result["positives"],
            trainings=result["trainings"],
            seconds=result["seconds"],
            path=path,
        )

    @property
    def fixed(self) -> bool:
        """Whether one sampler trained alone."""
        return self.settings.strategy == "fixed"

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        names = ("key", "dataset", "label", "fingerprint", "valid", "test", "schedule")
        return {
            **{name: getattr(self, name) for name in names},
            "model": self.settings.model,
            "seed": self.settings.seed,
            "positives": self.positives,
            "trainings": self.trainings,
            "seconds": self.seconds,
            "settings": self.settings.model_dump(mode="json"),
        }

    def ranks(self) -> Ranks:
        """Ranks of the test items; users are numbered as in this run."""
        return Ranks(**load_file(self.path / "ranks.safetensors"))

    def scores(self) -> pl.DataFrame:
        """Columns ``user``, the id, and ``score``, the deciding metric of every test user."""
        ranks = self.ranks()
        users = Vocabulary.load(self.path / "users.jsonl")
        values = per_user(ranks, self.settings.metric)
        return pl.DataFrame({"user": users.names.gather(ranks.users), "score": values})

    def history(self) -> list[dict[str, Any]]:
        """Records of epochs, evaluations and decisions."""
        lines = (self.path / "history.jsonl").read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines]
