"""What the trail and the budget add to the adaptive search, and the trail to a fixed sampler.

    python benchmarks/ablation.py ../shared/data/lastfm --models mf lightgcn --seeds 3

Training, validation and test are parts of the dataset's training file, so that its test split stays
untouched: a design may be chosen by these numbers. The best fixed sampler is chosen by validation.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from autosample.data import Dataset, load_dataset
from autosample.kernels import threads
from autosample.metrics import per_user
from autosample.retrain import CarryOut
from autosample.run import RunResult, run
from autosample.search import Engine, Search, SearchResult
from autosample.search.base import Decision, Outcome
from autosample.settings import Settings

RESULTS = Path(__file__).parent / "results"
EPOCHS = 60
TRAIL = 1 / 3


def untrailed(engine: Engine, search: Search) -> SearchResult:
    """Carries out the adaptive search, and takes the result from all states measured."""
    search.trail = 1.0
    return engine.run(search)


def trailed(engine: Engine, search: Search) -> SearchResult:
    """Carries out a fixed sampler's training, and takes the result from a trail as well."""
    tell = search.tell

    def followed(outcomes: list[Outcome]) -> Decision:
        return replace(tell(outcomes), trail=TRAIL)

    search.tell = followed  # type: ignore[method-assign]
    return engine.run(search)


VARIANTS: dict[str, tuple[dict[str, Any], CarryOut]] = {
    "adaptive": ({}, Engine.run),
    "adaptive, no trail": ({}, untrailed),
    "adaptive, two trainings": ({"budget": 2.0}, Engine.run),
}


def best_fixed(dataset: Dataset, settings: Settings, **how: Any) -> RunResult:
    """The best by validation of the candidates, each trained alone."""
    alone = [
        run(dataset, settings.model_copy(update={"strategy": "fixed", "candidates": (one,)}), **how)
        for one in settings.candidates
    ]
    return max(alone, key=lambda result: result.valid_metric)


def told(result: RunResult) -> dict[str, Any]:
    """What is kept of a run."""
    mean = float(per_user(result.ranks, result.settings.metric).mean()) if result.ranks else None
    return {
        "valid": result.valid_metric,
        "test": mean,
        "trainings": result.trainings,
        "schedule": result.schedule,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder with train.txt")
    parser.add_argument("--models", nargs="*", default=["mf"])
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    threads.set_threads(1)
    command = f"python benchmarks/ablation.py {options.data} --models {' '.join(options.models)}"
    report: dict[str, Any] = {"command": f"{command} --seeds {options.seeds}", "epochs": EPOCHS}
    path = RESULTS / f"ablation-{options.data.name}.json"
    for model in options.models:
        report[model] = []
        for seed in range(options.seeds):
            dataset = load_dataset(
                options.data / "train.txt", file_format="lightgcn", valid=0.1, test=0.1, seed=seed
            )
            settings = Settings.of(model=model, epochs=EPOCHS, seed=seed)
            runs = {"fixed": told(best_fixed(dataset, settings))}
            runs["fixed, trail"] = told(best_fixed(dataset, settings, carry_out=trailed))
            for name, (changes, carry_out) in VARIANTS.items():
                changed = settings.model_copy(update=changes)
                runs[name] = told(run(dataset, changed, carry_out=carry_out))
            report[model].append(runs)
            print(model, seed, {name: round(one["test"], 4) for name, one in runs.items()})
            path.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
