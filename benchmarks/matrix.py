"""The project's quality matrix: five datasets x three models as a bench.

python benchmarks/matrix.py ../shared/data bench --seeds 3
autosample bench work bench            # as many of these as there are cores
autosample bench results bench --out benchmarks/results/matrix.json
"""

from __future__ import annotations

import argparse
import subprocess
import sys

#: Epochs of a training by dataset and model; fewer where an epoch is long.
EPOCHS = {
    "lastfm": {"mf": 100, "lightgcn": 100, "ngcf": 60},
    "citeulike": {"mf": 60, "lightgcn": 60, "ngcf": 40},
    "gowalla": {"mf": 60, "lightgcn": 20, "ngcf": 10},
    "amazon-cds": {"mf": 60, "lightgcn": 20, "ngcf": 20},
    "yelp2018": {"mf": 60, "lightgcn": 20, "ngcf": 10},
}
STRATEGIES = ("fixed", "adaptive", "random", "halving", "tpe")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="folder of the datasets")
    parser.add_argument("folder", help="of the bench")
    parser.add_argument("--only", nargs="*", default=list(EPOCHS), help="names of datasets")
    parser.add_argument("--models", nargs="*", default=["mf", "lightgcn", "ngcf"])
    parser.add_argument("--seeds", default="3")
    options = parser.parse_args()
    for name in options.only:
        for model in options.models:
            command = [sys.executable, "-m", "autosample", "bench", "plan", options.folder]
            command += ["--data", f"{options.data}/{name}", "--model", model]
            command += ["--seeds", options.seeds, "--set", f"epochs={EPOCHS[name][model]}"]
            command += [f"--strategy={strategy}" for strategy in STRATEGIES]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
