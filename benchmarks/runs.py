"""The main job on real data, as a user types it; leaves each command's JSON output in results.

python benchmarks/runs.py ../shared/data lastfm-mf lastfm-lightgcn lastfm-ngcf gowalla-mf
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

RUNS = {
    "lastfm-mf": ("lastfm", "mf", 100),
    "lastfm-lightgcn": ("lastfm", "lightgcn", 100),
    "lastfm-ngcf": ("lastfm", "ngcf", 60),
    "gowalla-mf": ("gowalla", "mf", 40),
}
RESULTS = Path(__file__).parent / "results"


def main(data: str, *names: str) -> None:
    for name in names or RUNS:
        folder, model, epochs = RUNS[name]
        files = f"{data}/{folder}/train.txt --test {data}/{folder}/test.txt"
        settings = f"--model {model} --epochs {epochs} --threads 1 --out runs/{name} --json"
        command = f"autosample run {files} {settings}".split()
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        report = {"command": " ".join(command), **json.loads(done.stdout)}
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"run-{name}.json").write_text(json.dumps(report, indent=1) + "\n")
        print(name, report["metrics"]["ndcg@20"], f"{report['trainings']:.2f} trainings")


if __name__ == "__main__":
    main(*sys.argv[1:])
