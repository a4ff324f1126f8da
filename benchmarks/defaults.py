"""What a model's L2 weight and learning rate do to fixed samplers, for the choice of its defaults.

    python benchmarks/defaults.py ../shared/data/lastfm lightgcn --l2 1e-4 5e-3 --seeds 2

Training, validation and test are parts of the dataset's training file, so that its test split stays
untouched: defaults may be chosen by these numbers.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from itertools import product
from pathlib import Path
from typing import Any

from autosample.data import load_dataset
from autosample.kernels import threads
from autosample.models import model_class
from autosample.run import run
from autosample.settings import Settings

RESULTS = Path(__file__).parent / "results"
SAMPLERS = ("dns:pool=16", "mixgcf:pool=16")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder with train.txt")
    parser.add_argument("model")
    parser.add_argument("--sampler", nargs="*", default=SAMPLERS)
    parser.add_argument("--l2", nargs="*", type=float, default=[None])
    parser.add_argument("--lr", nargs="*", type=float, default=[None])
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    kind = model_class(options.model)
    threads.set_threads(1)
    report: dict[str, Any] = {
        "command": shlex.join(["python", "benchmarks/defaults.py", *sys.argv[1:]]),
        "date": time.strftime("%Y-%m-%d"),
        "epochs": options.epochs,
        "runs": [],
    }
    file = options.results / f"defaults-{options.model}-{options.data.name}.json"
    grid = product(range(options.seeds), options.sampler, options.lr, options.l2)
    for seed, sampler, lr, l2 in grid:
        dataset = load_dataset(options.data / "train.txt", valid=0.1, test=0.1, seed=seed)
        settings = Settings.of(model=options.model, strategy="fixed", candidates=(sampler,), lr=lr,
                               l2=l2, epochs=options.epochs, seed=seed)  # fmt: skip
        result = run(dataset, settings)
        row = {
            "seed": seed,
            "sampler": sampler,
            "lr": kind.default_lr if lr is None else lr,
            "l2": kind.default_l2 if l2 is None else l2,
            "valid": result.valid_metric,
            "best_epoch": sum(epochs for _, epochs in result.schedule),
        }
        report["runs"].append(row)
        print(json.dumps(row), flush=True)
        file.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
