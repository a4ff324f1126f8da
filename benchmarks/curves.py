"""Held-out metric by epoch of every fixed sampler and of the search, with its decisions.

    python benchmarks/curves.py ../shared/data/lastfm

Leaves in results what the learning curves and schedules in the docs are drawn from, so that they
can be drawn again without the data. The test split plays no part.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from autosample.data import load_dataset
from autosample.kernels import threads
from autosample.report.story import kept_path
from autosample.run import RunResult, run
from autosample.settings import Settings

RESULTS = Path(__file__).parent / "results"
EPOCHS = {"mf": 60, "lightgcn": 60}
#: What of a history record the figures need.
FIELDS = ("kind", "trial", "sampler", "epoch", "epochs", "positives", "value", "counts", "adopt",
          "label", "reason", "evidence", "purpose")  # fmt: skip


def slim(history: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Records without what no figure shows."""
    return [{name: record[name] for name in FIELDS if name in record} for record in history]


def searched(result: RunResult) -> dict[str, Any]:
    """The search: settings, schedule, cost and history."""
    return {
        "settings": result.settings.model_dump(mode="json"),
        "schedule": result.schedule,
        "trainings": result.trainings,
        "history": slim(result.history),
    }


def main(folder: str) -> None:
    threads.set_threads(1)
    train, test = (f"{folder}/{part}.txt" for part in ("train", "test"))
    dataset = load_dataset(train, test_file=test, file_format="lightgcn", valid=0.1, seed=0)
    name = Path(folder).name
    report: dict[str, Any] = {"command": f"python benchmarks/curves.py {folder}", "dataset": name}
    for model, epochs in EPOCHS.items():
        settings = Settings.of(model=model, epochs=epochs)
        fixed = {}
        for sampler in settings.candidates:
            alone = {"strategy": "fixed", "candidates": (sampler,)}
            result = run(dataset, settings.model_copy(update=alone))
            # All that was seen, and not only up to the best epoch.
            fixed[sampler] = kept_path(result.history, ((sampler, epochs),))
            print(model, sampler, f"{result.valid_metric:.4f} {result.seconds:.0f} s", flush=True)
        result = run(dataset, settings)
        print(model, "search", f"{result.valid_metric:.4f} {result.seconds:.0f} s", flush=True)
        report[model] = {"fixed": fixed, "search": searched(result)}
        (RESULTS / f"curves-{name}.json").write_text(json.dumps(report) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
