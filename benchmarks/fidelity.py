"""Published results against ours on the same splits, by the command line as a user types it.

With uniform negatives a run trains for the epochs that validation picks, then again on training and
validation together, as the published ones did, and ranks the test split once. The adaptive search
with one candidate is one training whose result may be a running mean of its states. Leaves a JSON
and a log per run in results. Takes hours.

    python benchmarks/fidelity.py ../shared/data gowalla-mf gowalla-lightgcn
    python benchmarks/fidelity.py ../shared/data gowalla-mf --settings "--epochs 100 --lr 0.002"
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
UNIFORM = "--strategy fixed --candidate uniform --retrain replay"


@dataclass(frozen=True)
class Published:
    """A run and what it should come to.

    Attributes:
        data: Folder with train.txt and test.txt.
        settings: Of ``autosample run``.
        recall: Recall@20, published.
        ndcg: NDCG@20, published.
        source: Who published them.
        tolerance: By how much Recall@20 may fall short, relative.
        minutes: Bound on the time, search included; None without one.
    """

    data: str
    settings: str
    recall: float
    ndcg: float
    source: str
    tolerance: float
    minutes: float | None = None


RUNS = {
    "gowalla-mf": Published(
        "gowalla", f"--model mf {UNIFORM} --epochs 100 --lr 0.001 --l2 0.03",
        0.1291, 0.1109, "NGCF paper", 0.05,
    ),
    "gowalla-ngcf": Published(
        "gowalla", f"--model ngcf {UNIFORM} --epochs 40 --lr 0.003 --l2 0.0001",
        0.1569, 0.1327, "LightGCN paper", 0.05,
    ),
    "gowalla-lightgcn": Published(
        "gowalla", f"--model lightgcn {UNIFORM} --epochs 250 --lr 0.005 --l2 0.0001",
        0.1830, 0.1554, "LightGCN paper", 0.03,
    ),
    "gowalla-lightgcn-k8": Published(
        "gowalla",
        "--model lightgcn --candidate uniform:k=8 --retrain replay --epochs 350 --lr 0.005 "
        "--l2 0.0001",
        0.1830, 0.1554, "LightGCN paper", 0.03,
    ),
    "yelp2018-lightgcn-adaptive": Published(
        "yelp2018", "--model lightgcn --epochs 40 --retrain replay",
        0.0713, 0.0588, "MixGCF with LightGCN, its log, epoch 60", 0.0, minutes=60,
    ),
    "yelp2018-mf-adaptive": Published(
        "yelp2018", "--model mf --epochs 60 --retrain replay",
        0.0713, 0.0588, "MixGCF with LightGCN, its log, epoch 60", 0.0, minutes=60,
    ),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder of the datasets")
    parser.add_argument("names", nargs="*", metavar="run", help=", ".join(RUNS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--settings", default="", help="more settings, which win over the run's")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    if unknown := set(options.names) - set(RUNS):
        parser.error(f"no run {', '.join(sorted(unknown))}; choose from {', '.join(RUNS)}")
    options.results.mkdir(parents=True, exist_ok=True)
    for name in options.names or RUNS:
        published = RUNS[name]
        command = command_of(published, options.data, f"--threads {options.threads}",
                             options.settings)  # fmt: skip
        log = options.results / f"fidelity-{name}.log"
        started = time.perf_counter()
        summary, curve = carry_out(command, log)
        minutes = (time.perf_counter() - started) / 60
        report = {
            "command": " ".join(command),
            "date": time.strftime("%Y-%m-%d"),
            **judge(published, summary["metrics"], minutes),
            "log": log.name,
            "validation": curve,
            "run": summary,
        }
        (options.results / f"fidelity-{name}.json").write_text(json.dumps(report, indent=1) + "\n")
        print(f"{name}: recall@20 {report['recall@20']:.4f}, published {published.recall:.4f} "
              f"({report['difference']:+.1%}), {minutes:.0f} minutes, "
              f"{'met' if report['met'] else 'missed'}", flush=True)  # fmt: skip


def command_of(published: Published, data: Path, *more: str) -> list[str]:
    """The command without the folder of its run."""
    files = data / published.data
    words = ["autosample", "run", str(files / "train.txt"), "--test", str(files / "test.txt")]
    return [*words, *shlex.split(" ".join([published.settings, *more])), "--json"]


def carry_out(command: list[str], log: Path) -> tuple[dict[str, Any], list[list[float]]]:
    """Run it in a folder that is not kept; its JSON, and validation values by epoch."""
    with tempfile.TemporaryDirectory() as name, log.open("w") as said:
        folder = Path(name) / "run"
        words = [sys.executable, "-m", *command, "--out", str(folder)]
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=said, text=True, check=True)
        history = (folder / "history.jsonl").read_text()
        said.write(history)
    log.write_text(log.read_text().replace(str(folder), folder.name))
    records = map(json.loads, history.splitlines())
    curve = [[one["epochs"], one["value"]] for one in records if one["kind"] == "evaluation"]
    found = json.loads(done.stdout)
    del found["folder"]  # which is not kept
    return found, curve


def judge(published: Published, metrics: Mapping[str, float], minutes: float) -> dict[str, Any]:
    """What was reached beside what was published."""
    difference = metrics["recall@20"] / published.recall - 1
    in_time = published.minutes is None or minutes <= published.minutes
    return {
        "recall@20": metrics["recall@20"],
        "ndcg@20": metrics["ndcg@20"],
        "published": {"recall@20": published.recall, "ndcg@20": published.ndcg,
                      "source": published.source},
        "difference": difference,
        "tolerance": published.tolerance,
        "minutes": minutes,
        "minutes_allowed": published.minutes,
        "met": difference >= -published.tolerance and in_time,
    }  # fmt: skip


if __name__ == "__main__":
    main()
